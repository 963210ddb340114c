/* The repeated sections of the agent's configuration, for agent_config.c alone. */
#pragma once
#include "agent_config.h"

/* config_schema.on_named: one key of [tail NAME], [diagnostic NAME] or [files NAME]. */
FL_CHECK enum result agent_config_named(void *into, const char *kind, const char *name, const char *key,
                                        const char *value, struct fault *fault);
/* Fills defaults; false with lines in `problems` when a section lacks what it needs. */
FL_CHECK bool agent_config_complete_named(struct agent_config *config, const char *file, struct buf *problems);
void agent_config_fini_named(struct agent_config *config);
/* A text that the wire takes as a label: one line, no control characters. */
bool agent_config_is_label(const char *text, size_t max_bytes);
