/* What this product tells about itself: the birth message, and the metrics it has seen so far. */
#pragma once
#include "agent_config.h"
#include "fieldline/message.h"

struct birth;
struct birth *birth_new(const struct agent_config *config, const char *boot);
void birth_free(struct birth *birth);
/* true: this metric is new, the next birth message lists it (up to CAP_METRICS_IN_BIRTH). */
bool birth_saw(struct birth *birth, const char *metric);
void birth_write(const struct birth *birth, int64_t wall_ms, struct buf *out);
