/* What is counted and measured while sending, and its report: `name value` lines. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tally_kind { TALLY_EVENT, TALLY_ALARM, TALLY_KINDS };
enum { TALLY_VALUES_MAX = 1000000 };

struct latencies {
    int64_t *us;
    size_t count;
};
struct usage {
    int64_t at_us;
    double cpu_s, runnable_s; /* on a processor; waiting for one */
    int64_t blocked_us;
};
struct tally {
    uint64_t acked, resent;
    uint64_t offered;   /* due by the schedule until measuring ended; 0 without a rate */
    int64_t blocked_us; /* slept because no device was allowed to send */
    bool is_measuring;
    struct latencies latencies[TALLY_KINDS]; /* while measuring */
    struct usage begun, ended;
    uint64_t begun_acked, ended_acked;
};

void tally_init(struct tally *t);
void tally_fini(struct tally *t);
void tally_add(struct tally *t, enum tally_kind kind, int64_t us);
/* Both write a line, "begin" or "end", at once: whoever reads along takes its own readings then. */
void tally_begin(struct tally *t);
void tally_end(struct tally *t);
void tally_report(struct tally *t, uint64_t sent, const char *protocol);
