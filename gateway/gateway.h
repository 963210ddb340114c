/* The gateway as a whole: owns every part. */
#pragma once
#include "settings.h"

#define GATEWAY_VERSION "0.1.0"

struct gateway;
/* Builds the parts in the order of the data's flow, reads the store, listens. Frees what it built when it fails. */
FL_CHECK enum result gateway_start(const struct settings *settings, struct gateway **out, struct fault *fault);
/* Runs the pipeline on the calling thread until gateway_stop. */
void gateway_run(struct gateway *gateway);
void gateway_reload(struct gateway *gateway); /* the rules folder was changed; from any thread */
void gateway_stop(struct gateway *gateway);   /* from any thread */
void gateway_free(struct gateway *gateway);

/* `init`: data folder (0700), database, sealing key; keeps what is there. */
FL_CHECK enum result gateway_init(const struct settings *settings, struct fault *fault);
