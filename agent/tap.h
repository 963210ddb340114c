/* What collectors find, as one JSON line each, for the sessions that watch: {"t":ms,"metric":"a/part","v":1.5} or
 * {"t":ms,"log":"text","sev":3,"app":"name"}. `out` is overwritten. */
#pragma once
#include "fieldline/message.h"
#include "fieldline/senml.h"

void tap_sample(const struct senml_record *record, struct buf *out);
void tap_log(const struct log_record *record, struct buf *out);
