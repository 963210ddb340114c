/* The gateway's own functions decide (alarm_apply, ticket_for_alarm); here is only what the store does for them
 * elsewhere: the newest row of each alarm, and the tickets of the device that are open or were lately resolved. Both
 * are short lists of one device, thrown away with it. The clock of the tickets is the time of what was measured. */
#include "backtest.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/number.h"
#include "rules/policy.h"
#include "tickets/fold.h"

enum { TICKETS_MAX = 32 /* of one device at one time; the gateway looks at as many */ };

struct backtest {
    FILE *alarms;
    struct backtest_rule *rules;
    size_t rule_count;
    struct backtest_ticket *tickets;
    size_t ticket_count, ticket_room;
    struct backtest_totals totals;
    bool has_time; /* totals.first_ms is of something */
    struct firings firings;
    /* of the device under way */
    struct rule_device *device;
    const struct pack *pack; /* of the device under way */
    const char *model;
    char name[CAP_DEVICE_ID_BYTES + 1];
    struct alarm *rows;
    size_t row_count, row_room;
    int64_t opened; /* tickets, for their ids */
    struct ticket open[TICKETS_MAX];
    size_t open_count;
    bool has_alarm, has_ticket;
    int64_t count_from_ms;
};

struct backtest *backtest_new(FILE *alarms) {
    struct backtest *b = mem_alloc(sizeof *b);
    b->alarms = alarms;
    firings_init(&b->firings);
    if (alarms)
        fputs("time,device,alarm,part,severity,event,value,summary\n", alarms);
    return b;
}

void backtest_free(struct backtest *b) {
    if (!b)
        return;
    backtest_end(b);
    for (size_t i = 0; i < b->rule_count; i++)
        free(b->rules[i].alarm);
    free(b->rules);
    free(b->tickets);
    free(b->rows);
    firings_fini(&b->firings);
    free(b);
}

/* ---- what is counted ---- */

static struct backtest_rule *rule_of(struct backtest *b, const char *alarm) {
    size_t at = 0;
    while (at < b->rule_count && strcmp(b->rules[at].alarm, alarm) < 0)
        at++;
    if (at < b->rule_count && strcmp(b->rules[at].alarm, alarm) == 0)
        return &b->rules[at];
    b->rules = mem_realloc(b->rules, (b->rule_count + 1) * sizeof *b->rules);
    memmove(b->rules + at + 1, b->rules + at, (b->rule_count - at) * sizeof *b->rules);
    b->rule_count++;
    b->rules[at] = (struct backtest_rule){.alarm = mem_strdup(alarm)};
    return &b->rules[at];
}

static void list_ticket(struct backtest *b, const struct ticket *ticket) {
    b->totals.tickets++;
    if (!b->has_ticket)
        b->totals.ticket_devices++;
    b->has_ticket = true;
    if (b->ticket_count == BACKTEST_TICKETS_MAX)
        return;
    if (b->ticket_count == b->ticket_room) {
        b->ticket_room = b->ticket_room ? b->ticket_room * 2 : 32;
        b->tickets = mem_realloc(b->tickets, b->ticket_room * sizeof *b->tickets);
    }
    struct backtest_ticket *t = &b->tickets[b->ticket_count++];
    *t = (struct backtest_ticket){.severity = ticket->severity, .opened_ms = ticket->opened_ms};
    memcpy(t->device, b->name, sizeof t->device);
    memcpy(t->alarm, ticket->alarm, sizeof t->alarm);
    memcpy(t->part, ticket->part, sizeof t->part);
    memcpy(t->subject, ticket->subject, sizeof t->subject);
}

/* ---- alarms and tickets of the device ---- */

static struct alarm *row_find(struct backtest *b, const struct firing *f) {
    for (size_t i = 0; i < b->row_count; i++)
        if (strcmp(b->rows[i].alarm, f->alarm) == 0 && strcmp(b->rows[i].part, f->part) == 0)
            return &b->rows[i];
    return NULL;
}

static struct alarm *row_add(struct backtest *b) {
    if (b->row_count == b->row_room) {
        b->row_room = b->row_room ? b->row_room * 2 : 8;
        b->rows = mem_realloc(b->rows, b->row_room * sizeof *b->rows);
    }
    return &b->rows[b->row_count++];
}

static struct ticket *place_for(struct backtest *b, const struct ticket *ticket) {
    size_t oldest = 0;
    for (size_t i = 0; i < b->open_count; i++) {
        if (b->open[i].id == ticket->id)
            return &b->open[i];
        if (b->open[i].updated_ms < b->open[oldest].updated_ms)
            oldest = i;
    }
    return b->open_count < TICKETS_MAX ? &b->open[b->open_count++] : &b->open[oldest];
}

static void fold(struct backtest *b, struct alarm *alarm, enum alarm_change change, int64_t now_ms) {
    struct ticket ticket;
    struct ticket_event event;
    const enum ticket_effect effect =
        ticket_for_alarm(b->open, b->open_count, b->model, alarm, change, now_ms, &ticket, &event);
    if (effect == TICKET_NOT_CONCERNED)
        return;
    if (effect == TICKET_OPENED) {
        ticket.id = ++b->opened;
        if (now_ms >= b->count_from_ms) {
            list_ticket(b, &ticket);
            rule_of(b, alarm->alarm)->tickets++;
        }
    }
    *place_for(b, &ticket) = ticket;
    alarm->ticket = ticket.id;
}

static void write_text(FILE *to, const char *text) {
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text == '\n' || *text == '\r' ? ' ' : *text, to);
    }
    fputc('"', to);
}

/* What a change is called in the file. NULL: only the words or the value are new, which is no event. */
static const char *event_name(enum alarm_change change, const struct alarm *before, const struct alarm *after) {
    switch (change) {
    case ALARM_RAISED:
    case ALARM_REPEATED: return "raised";
    case ALARM_CLEARED: return "cleared";
    case ALARM_LOST: return "unknown";
    case ALARM_ROSE:
    case ALARM_FELL: return "severity";
    case ALARM_LATCHED: return "latched";
    case ALARM_CHANGED: return before && before->severity != after->severity ? "severity" : NULL;
    case ALARM_SAME:
    case ALARM_CALMED:
    case ALARM_CHANGE_COUNT: return NULL;
    }
    return NULL;
}

static void write_line(const struct backtest *b, const struct firing *f, const char *event) {
    char at[32], value[32];
    clock_print(f->event_ms, at);
    number_print(f->value, value);
    fprintf(b->alarms, "%s,%s,%s,%s,%s,%s,%s,", at, b->name, f->alarm, f->part, alarm_severity_name(f->severity), event,
            value);
    write_text(b->alarms, f->summary);
    fputc('\n', b->alarms);
}

static void take(struct backtest *b, const struct firing *f, int64_t now_ms) {
    struct alarm *row = row_find(b, f), after;
    enum alarm_change change;
    const struct alarm_traits traits = {.latches = policy_latches(b->pack, f->alarm),
                                        .isolates = policy_isolates(b->pack, f->alarm)};
    alarm_apply(row, f, &traits, &after, &change);
    if (change == ALARM_SAME)
        return;
    memcpy(after.device, b->name, sizeof after.device);
    const bool counts = now_ms >= b->count_from_ms;
    if (counts && (change == ALARM_RAISED || change == ALARM_REPEATED)) {
        rule_of(b, f->alarm)->raised++;
        b->totals.alarms++;
        b->totals.alarm_devices += !b->has_alarm;
        b->has_alarm = true;
    } else if (counts && change == ALARM_CLEARED) {
        rule_of(b, f->alarm)->cleared++;
    }
    fold(b, &after, change, now_ms);
    const char *event = event_name(change, row, &after);
    *(row ? row : row_add(b)) = after;
    if (b->alarms && event && counts)
        write_line(b, f, event);
}

static void take_all(struct backtest *b, int64_t now_ms) {
    for (size_t i = 0; i < b->firings.count; i++)
        take(b, &b->firings.items[i], now_ms);
    firings_reset(&b->firings);
}

/* ---- devices ---- */

struct rule_device *backtest_device(struct backtest *b, const struct pack *pack, const char *device) {
    backtest_end(b);
    b->device = rule_device_new(pack, device);
    b->pack = pack;
    b->model = pack->model ? pack->model : "";
    snprintf(b->name, sizeof b->name, "%s", device);
    b->totals.devices++;
    b->count_from_ms = INT64_MIN;
    return b->device;
}

void backtest_count_from(struct backtest *b, int64_t from_ms) {
    b->count_from_ms = from_ms;
}

void backtest_end(struct backtest *b) {
    rule_device_free(b->device);
    b->device = NULL;
    b->row_count = b->open_count = 0;
    b->has_alarm = b->has_ticket = false;
}

static void note_time(struct backtest *b, int64_t event_ms) {
    struct backtest_totals *t = &b->totals;
    if (event_ms < b->count_from_ms)
        return;
    const bool is_first = !b->has_time;
    b->has_time = true;
    t->first_ms = is_first || event_ms < t->first_ms ? event_ms : t->first_ms;
    t->last_ms = is_first || event_ms > t->last_ms ? event_ms : t->last_ms;
}

void backtest_samples(struct backtest *b, struct sample *samples, size_t count) {
    if (count == 0)
        return;
    rule_device_samples(b->device, samples, count, &b->firings); /* sorts them */
    note_time(b, samples[0].event_ms);
    b->totals.samples += 1;
    note_time(b, samples[count - 1].event_ms);
    b->totals.samples += (int64_t)count - 1;
    if (b->firings.count > 0)
        take_all(b, samples[count - 1].event_ms);
}

void backtest_event(struct backtest *b, const char *code, bool is_active, const char *text, int64_t event_ms) {
    note_time(b, event_ms);
    b->totals.events++;
    rule_device_event(b->device, code, is_active, text, event_ms, &b->firings);
    take_all(b, event_ms);
}

/* ---- reading ---- */

struct backtest_totals backtest_read(const struct backtest *b) {
    return b->totals;
}

const struct backtest_rule *backtest_rules(const struct backtest *b, size_t *count) {
    *count = b->rule_count;
    return b->rules;
}

const struct backtest_ticket *backtest_tickets(const struct backtest *b, size_t *count) {
    *count = b->ticket_count;
    return b->tickets;
}

void backtest_print_span(int64_t ms, struct buf *out) {
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{24 * 3600 * 1000, "day"}, {3600 * 1000, "hour"}, {60 * 1000, "minute"}, {1000, "second"}};
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const int64_t count = (ms + units[i].ms / 2) / units[i].ms;
        if (ms >= units[i].ms || i + 1 == sizeof units / sizeof *units) {
            buf_printf(out, "%lld %s%s", (long long)count, units[i].name, count == 1 ? "" : "s");
            return;
        }
    }
}

void backtest_summary(const struct backtest *b, struct buf *out) {
    const struct backtest_totals *t = &b->totals;
    buf_printf(out, "%lld alarm%s on %lld device%s in ", (long long)t->alarms, t->alarms == 1 ? "" : "s",
               (long long)t->alarm_devices, t->alarm_devices == 1 ? "" : "s");
    backtest_print_span(t->last_ms - t->first_ms, out);
    buf_printf(out, ", %lld ticket%s\n", (long long)t->tickets, t->tickets == 1 ? "" : "s");
}

void backtest_verdict(const struct backtest *b, int64_t span_ms, struct buf *out) {
    const struct backtest_totals *t = &b->totals;
    buf_printf(out, "would have opened %lld ticket%s on %lld device%s in ", (long long)t->tickets,
               t->tickets == 1 ? "" : "s", (long long)t->ticket_devices, t->ticket_devices == 1 ? "" : "s");
    backtest_print_span(span_ms, out);
    buf_printf(out, " (%lld alarm%s; %lld device%s, %lld samples looked at)\n", (long long)t->alarms,
               t->alarms == 1 ? "" : "s", (long long)t->devices, t->devices == 1 ? "" : "s", (long long)t->samples);
}
