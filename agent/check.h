/* `fieldline-agent check`: would `run` work with this configuration? Nothing is changed, nothing is connected to. */
#pragma once
#include "agent_config.h"

/* Appends one line for each problem; returns how many. The certificate's CN becomes config->device when it is good. */
size_t check_config(struct agent_config *config, const char *file, struct buf *problems);
