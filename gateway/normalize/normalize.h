/* Bytes to records: decodes one message, checks every record against the device's pack, converts units.
 *
 * A message that cannot be decoded is refused whole. In a pack that can, a record with an unknown metric, a unit of
 * something else, a value no working sensor reports, or an absurd time is rejected by itself: the others are used.
 * Either way the caller gets reasons for the quarantine, and nothing outside `normalizer` is changed. One thread. */
#pragma once
#include "fieldline/senml.h"
#include "fieldline/topic.h"
#include "normalize/device.h"

enum { REJECTS_KEPT = 8 /* reasons listed for one message; the rest is counted */ };

/* The answer of normalize_*; valid until the next call. */
struct normalized {
    struct sample *samples; /* rule_device_part indices of the device given */
    size_t sample_count;
    struct log_record *logs;
    size_t log_count;
    int64_t first_ms, last_ms; /* event times of what was accepted; 0 when nothing was */
    size_t reject_count;
    struct fault rejects[REJECTS_KEPT];
};

struct normalizer;
struct normalizer *normalizer_new(void);
void normalizer_free(struct normalizer *n);

/* How far off the clock is that made the messages decoded from now on (device_clock.h): taken off every absolute time
 * in them. wall_ms is what that clock said, 0 when not known: times of a clock that stands before 1978 look like
 * relative ones in SenML. To be called for each message, with 0 for those without a stamp. */
void normalizer_rebase(struct normalizer *n, int64_t error_ms, int64_t wall_ms);
/* The device must have a pack. */
FL_CHECK enum result normalize_tele(struct normalizer *n, struct device *device, const void *payload, size_t bytes,
                                    int64_t now_ms, const struct normalized **out, struct fault *fault);
/* The same for records that something else decoded (adapters); at most CAP_PACK_RECORDS. */
void normalize_records(struct normalizer *n, struct device *device, const struct senml_record *records, size_t count,
                       int64_t now_ms, const struct normalized **out);
FL_CHECK enum result normalize_logs(struct normalizer *n, const void *payload, size_t bytes, int64_t now_ms,
                                    const struct normalized **out, struct fault *fault);
/* Rebases the times of an event and refuses an absurd one. */
FL_CHECK enum result normalize_event(const struct normalizer *n, struct event_message *event, int64_t now_ms,
                                     struct fault *fault);
/* Refuses a time that no working clock shows ("in the future by ...", "older than 90 days"). */
FL_CHECK enum result normalize_time(int64_t event_ms, int64_t now_ms, struct fault *fault);
