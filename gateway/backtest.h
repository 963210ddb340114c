/* What rules would have done: data of the past through the rule engine, alarms and tickets folded as the gateway folds
 * them, and nobody told. Event time throughout; nobody works on the tickets meanwhile, so they stay open until their
 * alarm clears by itself. No store, no clock.
 *
 * One device after the other: backtest_device, its samples and events in the order of their arrival, backtest_end. */
#pragma once
#include <stdio.h>

#include "tickets/ticket.h"
#include "rules/device.h"

enum { BACKTEST_TICKETS_MAX = 100000 /* listed; further ones are counted */ };

struct backtest_rule {
    char *alarm; /* alert name or fault code */
    int64_t raised, cleared, tickets;
};
struct backtest_ticket {
    char device[CAP_DEVICE_ID_BYTES + 1], alarm[TICKET_ALARM_BYTES + 1], part[CAP_PART_BYTES + 1];
    char subject[TICKET_SUBJECT_BYTES + 1];
    enum severity severity;
    int64_t opened_ms;
};
struct backtest_totals {
    int64_t samples, events, devices;
    int64_t alarms, alarm_devices, tickets, ticket_devices;
    int64_t first_ms, last_ms; /* of the data; both 0 when there was none */
};

struct backtest;
/* `alarms`: where alarms that are raised, rise, fall, lose their data or clear are written as lines of CSV, its header
 * first; NULL: nowhere. */
struct backtest *backtest_new(FILE *alarms);
void backtest_free(struct backtest *b);

/* The device's rules, for backtest_samples' parts and for asking. `pack` lives until backtest_end. */
struct rule_device *backtest_device(struct backtest *b, const struct pack *pack, const char *device);
/* What happens before counts for nothing: alarms and tickets of then are there, and not told. Until the next device. */
void backtest_count_from(struct backtest *b, int64_t from_ms);
void backtest_samples(struct backtest *b, struct sample *samples, size_t count);
void backtest_event(struct backtest *b, const char *code, bool is_active, const char *text, int64_t event_ms);
void backtest_end(struct backtest *b);

struct backtest_totals backtest_read(const struct backtest *b);
const struct backtest_rule *backtest_rules(const struct backtest *b, size_t *count);     /* by name */
const struct backtest_ticket *backtest_tickets(const struct backtest *b, size_t *count); /* as they opened */
/* "3 alarms on 1 device in 30 days, 2 tickets\n" */
void backtest_summary(const struct backtest *b, struct buf *out);
/* "would have opened 14 tickets on 9 devices in 30 days (20 alarms, 100 devices looked at)\n" */
void backtest_verdict(const struct backtest *b, int64_t span_ms, struct buf *out);
/* "30 days", "5 hours" */
void backtest_print_span(int64_t ms, struct buf *out);
