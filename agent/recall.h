/* The newest log lines that the recorder holds, for somebody who begins to observe: what led up to this moment. */
#pragma once
#include "recorder.h"

/* At most `count` from `from_ms` on, the oldest first, each as a line of the tap. Memory for `count` lines is taken and
 * given back. */
void recall_logs(const struct recorder *recorder, int64_t from_ms, size_t count,
                 void (*line)(void *line_self, const char *text, size_t bytes), void *line_self);
