/* The alarm's state table and what each step writes.
 *
 * A row of the table says what a firing means to an alarm in that state; the steps below are the only code that changes
 * a row. Nothing here knows the store, tickets or the clock: time is the firing's own (event time), so a backlog that
 * is drained late gives the same alarms as the same data in time.
 *
 * Left: one row for ever per (device, alarm, part), with a list of raises beside it. A row for each spell of trouble
 * needs no second table, and "how often in this spell" is what a person asks first. */
#include "rules/alarm.h"

#include <math.h>
#include <string.h>

enum state {
    STATE_NONE,
    STATE_ACTIVE,
    STATE_ACTIVE_ACKED,
    STATE_LATCHED,
    STATE_LATCHED_ACKED,
    STATE_CLEARED,
    STATE_CLEARED_ACKED,
    STATE_COUNT
};
enum step { STEP_NOTHING, STEP_RAISE, STEP_REFRESH, STEP_LOSE, STEP_CLEAR };
enum { FIRING_KINDS = FIRING_CLEAR + 1 };

/* An update for an alarm that is not active is a raise that this program did not see (a restore from an older backup).
 * Missing data and recovery mean nothing to an alarm that is not active. */
static const enum step table[STATE_COUNT][FIRING_KINDS] = {
    /*                        RAISE         UPDATE        UNKNOWN       CLEAR */
    [STATE_NONE] = {STEP_RAISE, STEP_RAISE, STEP_NOTHING, STEP_NOTHING},
    [STATE_ACTIVE] = {STEP_REFRESH, STEP_REFRESH, STEP_LOSE, STEP_CLEAR},
    [STATE_ACTIVE_ACKED] = {STEP_REFRESH, STEP_REFRESH, STEP_LOSE, STEP_CLEAR},
    [STATE_LATCHED] = {STEP_RAISE, STEP_RAISE, STEP_NOTHING, STEP_NOTHING},
    [STATE_LATCHED_ACKED] = {STEP_RAISE, STEP_RAISE, STEP_NOTHING, STEP_NOTHING},
    [STATE_CLEARED] = {STEP_RAISE, STEP_RAISE, STEP_NOTHING, STEP_NOTHING},
    [STATE_CLEARED_ACKED] = {STEP_RAISE, STEP_RAISE, STEP_NOTHING, STEP_NOTHING},
};

static const char *const change_names[ALARM_CHANGE_COUNT] = {
    [ALARM_SAME] = "same",     [ALARM_RAISED] = "raised",   [ALARM_REPEATED] = "repeated",
    [ALARM_ROSE] = "rose",     [ALARM_FELL] = "fell",       [ALARM_CHANGED] = "changed",
    [ALARM_LOST] = "lost",     [ALARM_LATCHED] = "latched", [ALARM_CLEARED] = "cleared",
    [ALARM_CALMED] = "calmed",
};
/* By state; none is shown of what is not there. */
static const char *const state_names[STATE_COUNT] = {
    [STATE_NONE] = "",
    [STATE_ACTIVE] = "active",
    [STATE_ACTIVE_ACKED] = "acknowledged",
    [STATE_LATCHED] = "latched",
    [STATE_LATCHED_ACKED] = "latched",
    [STATE_CLEARED] = "cleared",
    [STATE_CLEARED_ACKED] = "normal",
};

const char *alarm_change_name(enum alarm_change change) {
    return change_names[change];
}

static enum state state_of(const struct alarm *now) {
    if (now == NULL) {
        return STATE_NONE;
    }
    if (now->is_latched) {
        return now->is_acknowledged ? STATE_LATCHED_ACKED : STATE_LATCHED;
    }
    if (now->is_active) {
        return now->is_acknowledged ? STATE_ACTIVE_ACKED : STATE_ACTIVE;
    }
    return now->is_acknowledged ? STATE_CLEARED_ACKED : STATE_CLEARED;
}

const char *alarm_state_name(const struct alarm *alarm) {
    return state_names[state_of(alarm)];
}

static void take_texts(struct alarm *out, const struct firing *firing) {
    out->severity = firing->severity;
    out->value = firing->value;
    out->opens_ticket = firing->opens_ticket;
    text_copy(out->summary, sizeof out->summary, firing->summary);
    text_copy(out->description, sizeof out->description, firing->description);
}

/* Cut, it would be no JSON any more: what does not fit is left out. */
static void take_explanation(struct alarm *out, const struct firing *firing) {
    const bool fits = strnlen(firing->explanation, sizeof firing->explanation) < sizeof out->explanation;
    text_copy(out->explanation, sizeof out->explanation, fits ? firing->explanation : "");
}

static void drop_acknowledgement(struct alarm *out) {
    out->is_acknowledged = false;
    out->acknowledged_by[0] = '\0';
    out->acknowledged_ms = 0;
}

static void begin_row(const struct alarm *now, const struct firing *firing, struct alarm *out) {
    *out = (struct alarm){.is_fault_code = firing->is_fault_code, .first_raised_ms = firing->event_ms};
    text_copy(out->alarm, sizeof out->alarm, firing->alarm);
    text_copy(out->part, sizeof out->part, firing->part);
    if (now != NULL) {
        out->device_id = now->device_id;
        text_copy(out->device, sizeof out->device, now->device);
        out->flap_count = now->flap_count;
        out->raised_ms = now->raised_ms;
        out->ticket = firing->opens_ticket ? now->ticket : 0; /* where it was handled last: maybe to be reopened */
    }
}

static enum alarm_change raise_alarm(const struct alarm *now, const struct firing *firing, struct alarm *out) {
    bool is_same_row = now != NULL && (now->is_active || firing->event_ms - now->cleared_ms <= ALARM_HOLD_MS);
    if (is_same_row) {
        *out = *now;
    } else {
        begin_row(now, firing, out);
    }
    bool is_soon = now != NULL && firing->event_ms - out->raised_ms <= ALARM_FLAP_MS;
    out->flap_count = is_soon ? out->flap_count + 1 : 1;
    out->is_flapping = out->flap_count >= ALARM_FLAP_RAISES;
    out->is_active = true;
    out->is_unknown = out->is_latched = false;
    out->gone_ms = 0;
    out->raised_ms = firing->event_ms;
    out->cleared_ms = 0;
    out->count++;
    drop_acknowledgement(out);
    take_texts(out, firing);
    take_explanation(out, firing);
    return is_same_row ? ALARM_REPEATED : ALARM_RAISED;
}

static bool is_same_value(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

static enum alarm_change refresh(const struct alarm *now, const struct firing *firing, struct alarm *out) {
    *out = *now;
    take_texts(out, firing);
    out->is_unknown = false;
    if (firing->severity > now->severity) {
        drop_acknowledgement(out);
    }
    if (firing->severity != now->severity) {
        if (firing->explanation[0] != '\0') {
            take_explanation(out, firing);
        }
        return firing->severity > now->severity ? ALARM_ROSE : ALARM_FELL;
    }
    bool is_same = !now->is_unknown && is_same_value(out->value, now->value) &&
                   out->opens_ticket == now->opens_ticket && strcmp(out->summary, now->summary) == 0 &&
                   strcmp(out->description, now->description) == 0;
    return is_same ? ALARM_SAME : ALARM_CHANGED;
}

static enum alarm_change clear(const struct alarm *now, const struct firing *firing, struct alarm *out) {
    *out = *now;
    out->is_unknown = false;
    if (firing->event_ms - now->raised_ms > ALARM_FLAP_MS) { /* it lasted: that was no flapping */
        out->flap_count = 0;
        out->is_flapping = false;
    }
    if (now->latches) {
        out->is_latched = true;
        out->gone_ms = firing->event_ms;
        return ALARM_LATCHED;
    }
    out->is_active = false;
    out->cleared_ms = firing->event_ms;
    return ALARM_CLEARED;
}

static void apply(const struct alarm *now, const struct firing *firing, struct alarm *out, enum alarm_change *what) {
    switch (table[state_of(now)][firing->kind]) {
    case STEP_RAISE: *what = raise_alarm(now, firing, out); return;
    case STEP_REFRESH: *what = refresh(now, firing, out); return;
    case STEP_LOSE:
        *out = *now;
        out->is_unknown = true;
        *what = now->is_unknown ? ALARM_SAME : ALARM_LOST;
        return;
    case STEP_CLEAR: *what = clear(now, firing, out); return;
    case STEP_NOTHING:
        *what = ALARM_SAME;
        if (now != NULL) {
            *out = *now;
        } else {
            *out = (struct alarm){0};
        }
        return;
    }
}

void alarm_apply(const struct alarm *now, const struct firing *firing, const struct alarm_traits *traits,
                 struct alarm *out, enum alarm_change *what) {
    apply(now, firing, out, what);
    if (*what == ALARM_RAISED || *what == ALARM_REPEATED) {
        out->latches = traits->latches;
        out->isolates = traits->isolates;
    }
}

enum result alarm_acknowledge(const struct alarm *now, const char *who, int64_t wall_ms, struct alarm *out,
                              struct fault *fault) {
    if (now->is_acknowledged) {
        return fault_set(fault, RESULT_CONFLICT, "alarm %s was acknowledged by %s already", now->alarm,
                         now->acknowledged_by);
    }
    *out = *now;
    out->is_acknowledged = true;
    out->acknowledged_ms = wall_ms;
    text_copy(out->acknowledged_by, sizeof out->acknowledged_by, who);
    return RESULT_OK;
}

enum result alarm_reset(const struct alarm *now, const char *who, int64_t wall_ms, struct alarm *out,
                        struct fault *fault) {
    if (!now->is_latched) {
        return fault_set(fault, RESULT_CONFLICT,
                         !now->is_active ? "alarm %s is cleared already"
                         : now->latches  ? "alarm %s cannot be reset while its condition holds"
                                         : "alarm %s needs no reset: it clears by itself when its condition goes",
                         now->alarm);
    }
    *out = *now;
    out->is_active = out->is_latched = false;
    out->cleared_ms = now->gone_ms;
    out->gone_ms = 0;
    if (!out->is_acknowledged) {
        out->is_acknowledged = true;
        out->acknowledged_ms = wall_ms;
        text_copy(out->acknowledged_by, sizeof out->acknowledged_by, who);
    }
    return RESULT_OK;
}

bool alarm_calm(const struct alarm *now, int64_t wall_ms, struct alarm *out) {
    if (!now->is_flapping || wall_ms - now->taken_ms <= ALARM_FLAP_MS) {
        return false;
    }
    *out = *now;
    out->is_flapping = false;
    out->flap_count = 0;
    return true;
}

enum result shelf_make(const char *who, const char *reason, int64_t minutes, int64_t wall_ms, struct shelf *out,
                       struct fault *fault) {
    if (minutes < 1 || minutes > SHELF_MINUTES_MAX) {
        return fault_set(fault, RESULT_BAD_INPUT, "'minutes' is %lld, expected 1 to %d", (long long)minutes,
                         SHELF_MINUTES_MAX);
    }
    if (reason[strspn(reason, " \t\r\n")] == '\0') {
        return fault_set(fault, RESULT_BAD_INPUT, "'reason' is empty: say why");
    }
    *out = (struct shelf){.from_ms = wall_ms, .until_ms = wall_ms + minutes * 60000};
    text_copy(out->by, sizeof out->by, who);
    text_copy(out->reason, sizeof out->reason, reason);
    return RESULT_OK;
}
