/* The rules of one device, evaluated when its data arrives, in the product's own time. No clock, no I/O, no globals:
 * the same input gives the same firings on any machine.
 *
 * A gap is not a fault: a series whose last sample is older than the staleness bound (5 intervals of its metric, at
 * least 1 min, at most 5 min) is unknown; an unknown expression neither starts, continues nor ends a condition: a
 * pending `for` begins anew after it, a firing alarm stays and is marked unknown. Late samples (before the device's
 * evaluated time) enter windows but are not evaluated. Expressions give a vector with one element for each part (label
 * `part`); scalars match all. */
#pragma once
#include "rules/pack.h"

struct sample {
    int metric; /* index in pack->metrics */
    int part;   /* index from rule_device_part */
    int64_t event_ms;
    double value;
};

enum firing_kind {
    FIRING_RAISE,   /* condition held for `for` */
    FIRING_UPDATE,  /* still firing; severity or text changed */
    FIRING_UNKNOWN, /* still raised, but its data is missing now */
    FIRING_CLEAR    /* recovered: the recovery expression (or not expr) held for keep_firing_for */
};
enum { FIRING_EXPLANATION_BYTES = 1500 };
struct firing {
    enum firing_kind kind;
    const char *alarm; /* alert name, or the fault code */
    const char *part;  /* "" for none; both live as long as the pack / device */
    enum severity severity;
    bool opens_ticket;
    bool is_fault_code; /* from an event, not from a rule */
    int64_t event_ms; /* since when it is so: RAISE: the condition holds, CLEAR: it is over, UNKNOWN: data is missing */
    double value;
    char summary[200]; /* rendered annotation: becomes the ticket's subject */
    char description[1000];
    char explanation[FIRING_EXPLANATION_BYTES]; /* RAISE: what its terms were: a JSON array of {"term","value","at"}; ""
                                                 */
};
struct firings {
    struct firing *items;
    size_t count, room;
};
void firings_init(struct firings *f);
void firings_fini(struct firings *f);
void firings_reset(struct firings *f);

struct rule_device;
struct rule_device *rule_device_new(const struct pack *pack, const char *device);
void rule_device_free(struct rule_device *d);
/* The device is of this fleet (fleet.h) from now on, and leaves the one it was in. Takes the entry that fleet_enter
 * made; it is given back when the device is freed. Without a fleet fleet_zscore() has no answer. */
struct fleet;
void rule_device_join(struct rule_device *d, struct fleet *fleet);
/* The same fleet for the one that takes its place, whose state is loaded. */
void rule_device_pass_fleet(struct rule_device *from, struct rule_device *to);
/* Index of a part name, interned for this device ("" is 0). -1 when the device already has RULE_PARTS_MAX parts. */
enum { RULE_PARTS_MAX = 256 };
int rule_device_part(struct rule_device *d, const char *part);
const char *rule_device_part_name(const struct rule_device *d, int part);

/* The samples of one message, sorted by time here. Samples of one time are applied together, then rules are evaluated.
 */
void rule_device_samples(struct rule_device *d, struct sample *samples, size_t count, struct firings *out);
/* The wall clock, for a device that is online and silent: rules that are made of absent() and absent_over_time() alone
 * are asked. Everything else waits for data, which may still be on its way. pack->has_absence: there are such rules. */
void rule_device_wall(struct rule_device *d, int64_t now_ms, struct firings *out);
/* A fault code came or went. Unknown codes raise a warning of their own name that opens no ticket. */
void rule_device_event(struct rule_device *d, const char *code, bool active, const char *text, int64_t event_ms,
                       struct firings *out);
/* A log line, or a fault code, came; for log_rate(), log_novelty() and events(). What they make waits until telemetry
 * has reached its time, because it travels apart and may come hours before older telemetry. A code counts each time it
 * is told of, on or off before: who repeats what he said before is for the caller to know. */
struct log_record;
void rule_device_log(struct rule_device *d, const struct log_record *line, struct firings *out);
void rule_device_code(struct rule_device *d, const char *code, int64_t event_ms, struct firings *out);
/* When the first of what waits happened; INT64_MAX: nothing waits. */
int64_t rule_device_waiting_ms(const struct rule_device *d);
/* No telemetry of before is to be expected any longer: evaluates what waits. Returns the newest time evaluated. */
int64_t rule_device_pass(struct rule_device *d, struct firings *out);
/* Of the past, in order of time: fill cold windows, evaluate nothing; between the end of loading a state and the end.
 */
void rule_device_warm_log(struct rule_device *d, const struct log_record *line);
void rule_device_warm_code(struct rule_device *d, const char *code, int64_t event_ms);
void rule_device_warm_end(struct rule_device *d);
bool rule_device_logs_are_cold(const struct rule_device *d);
/* Do the rules ask for any? */
bool pack_reads_logs(const struct pack *pack);
bool pack_reads_codes(const struct pack *pack);
/* A pattern that took too long on three lines and is not asked again, each told once; NULL: none. */
const char *pack_pattern_off(const struct pack *pack);
/* Everything the rules know of the data so far (newest values, windows, conditions), to go on from after a restart.
 * Fault codes are not in it: the alarms tell. */
void rule_device_save(const struct rule_device *d, struct buf *out);
/* Into a device that has seen no sample. The pack may have been edited since: what both know goes on, the rest begins
 * anew. RESULT_CONFLICT: of an older version of this program; RESULT_CORRUPT; then the device is as it was. */
FL_CHECK enum result rule_device_load(struct rule_device *d, const void *state, size_t bytes);
/* Some window has not been filled by a state: all of a new device, those that an edit of the pack brought otherwise. */
bool rule_device_is_cold(const struct rule_device *d);
/* A sample of the past, in order of time for each series: fills cold windows, evaluates nothing. */
void rule_device_warm(struct rule_device *d, const struct sample *sample);
/* At a restart, after the journal was replayed (its firings thrown away): the store knows which alarms are raised, the
 * replay does not. Settle forgets which fire, but not since when conditions hold; then restore each raised alarm. What
 * the replay thought to be raised and the store does not know is raised again with the next sample. */
void rule_device_settle(struct rule_device *d);
/* This alarm is raised since then. Called before a replay it also works; samples from before `since_ms` do not clear
 * it. `severity` tells which of several rules with this name. */
void rule_device_restore(struct rule_device *d, const char *alarm, const char *part, bool is_fault_code,
                         enum severity severity, int64_t since_ms);
/* Bytes of memory this device's state takes. */
size_t rule_device_bytes(const struct rule_device *d);
