/* A trial of a pack: one simulated individual lives for some days, and the pack's rules watch it, in process, through
 * the same functions that the gateway calls. On the way it loses what real ones lose: minutes to hours of data, now and
 * then, and its controller's memory. */
#pragma once
#include "../../fake/products/specimen.h"
#include "rules/rules.h"

enum { TRIAL_TOLD_MAX = 16 };

struct trial {
    const struct specimen_kind *kind;
    const struct pack *pack;
    uint64_t seed;
    double day; /* of the year on which it begins */
    double healthy_days;
    size_t fault;        /* develops after the healthy days; kind->fault_count: none */
    const char *dump_to; /* CSV of what it sent is written there; NULL: none */
};
/* An alarm that opens a ticket: when it came first, and how often. */
struct trial_told {
    const char *alarm; /* of the pack */
    double at_s;       /* after the start */
    int count;
};
struct trial_outcome {
    int false_alarms; /* raised while nothing was wrong */
    double failed_s;  /* after the start; of the fault */
    double onset_s;
    double first_s, named_s; /* the first alarm after the onset, and the first that names the fault; -1: none */
    struct trial_told told[TRIAL_TOLD_MAX];
    size_t told_count;
    uint64_t samples;
};
/* Dies when kind and pack do not fit each other: a mistake of whoever wrote them. */
void trial_run(const struct trial *trial, struct trial_outcome *out);
