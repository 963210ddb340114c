/* All adapters behind one door: which topics to subscribe to, and what a message of a foreign device says. */
#pragma once
#include "ingest/adapters/adapter.h"

struct adapters;
/* Reads the mapping file; problems as "file:line: text" lines. */
FL_CHECK enum result adapters_open(const char *path, struct adapters **out, struct buf *problems);
struct adapters *adapters_new(struct mappings *mappings); /* takes them over */
void adapters_free(struct adapters *a);
/* What was learnt from messages is forgotten; it will be asked for, or comes retained. */
void adapters_forget(struct adapters *a);

/* Subscriptions, each once. */
size_t adapters_filter_count(const struct adapters *a);
const char *adapters_filter(const struct adapters *a, size_t index);
bool adapters_has(const struct adapters *a, enum mapping_kind kind);

/* Any topic, any bytes (payload NULL: it was over the cap). Refused with a fault: RESULT_BAD_INPUT, RESULT_TOO_BIG, and
 * RESULT_NOT_FOUND when nobody knows the topic. `device` is "" unless the topic told which one it is. */
FL_CHECK enum result adapters_receive(struct adapters *a, const struct foreign_message *m,
                                      const struct adapter_sink *sink, char device[CAP_DEVICE_ID_BYTES + 1],
                                      struct fault *fault);
struct adapters_figures {
    uint64_t rebirths_asked, gaps;
};
struct adapters_figures adapters_read_figures(const struct adapters *a);
