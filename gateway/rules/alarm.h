/* An alarm: one condition of one product (device, alarm, part) that a person should know of. States as in ISA-18.2:
 * active or cleared, each acknowledged or not; an alarm that latches stays active when its condition has gone, until a
 * person resets it. Whether it is silent besides (shelved, suppressed, out of service) is silence.h's. Pure: the same
 * row and firing give the same answer.
 *
 * At most one row of a (device, alarm, part) is active. Raised again within ALARM_HOLD_MS of being cleared, the row is
 * used again and counts; later, a new row begins. A new raise and a rising severity take an acknowledgement back: it
 * was given for something milder. ALARM_FLAP_RAISES raises, each within ALARM_FLAP_MS of the one before, make it
 * flapping, until a raise lasts longer than that, comes later than that, or nothing has happened for so long. */
#pragma once
#include "rules/rules.h"
#include "rules/silence.h"

enum {
    ALARM_NAME_BYTES = 127,
    ALARM_SUMMARY_BYTES = 199,
    ALARM_DESCRIPTION_BYTES = 999,
    ALARM_WHO_BYTES = 63,
    ALARM_REASON_BYTES = 199,
    ALARM_HOLD_MS = 60 * 60 * 1000,
    ALARM_FLAP_MS = 10 * 60 * 1000,
    ALARM_FLAP_RAISES = 4,
    SHELF_MINUTES_MAX = 7 * 24 * 60 /* nothing is shelved for ever */
};

/* Put aside by a person for a while; of the (device, alarm, part), whatever the alarm does meanwhile. */
struct shelf {
    char by[ALARM_WHO_BYTES + 1], reason[ALARM_REASON_BYTES + 1];
    int64_t from_ms, until_ms; /* our time; 0: not shelved */
};

struct alarm {
    int64_t id;        /* row; 0: not stored yet */
    int64_t device_id; /* row of the device */
    char device[CAP_DEVICE_ID_BYTES + 1];
    char alarm[ALARM_NAME_BYTES + 1]; /* alert name, or the fault code */
    char part[CAP_PART_BYTES + 1];    /* "" for none */
    enum severity severity;
    bool is_active;  /* or latched */
    bool is_unknown; /* active, but its data is missing now */
    bool is_acknowledged;
    char acknowledged_by[ALARM_WHO_BYTES + 1];
    int64_t acknowledged_ms; /* 0: not */
    bool is_fault_code, opens_ticket;
    bool latches;    /* as its rule says (policy.h) */
    bool isolates;   /* the same */
    bool is_latched; /* active; its condition has gone, and nobody has reset it */
    char summary[ALARM_SUMMARY_BYTES + 1], description[ALARM_DESCRIPTION_BYTES + 1];
    char explanation[FIRING_EXPLANATION_BYTES]; /* JSON array of {"term","value","at"}, of the newest raise; "": none */
    double value;
    int64_t first_raised_ms; /* of this row; all times are the product's (event_ms) */
    int64_t raised_ms;       /* the newest raise */
    int64_t cleared_ms;      /* 0 while active */
    int64_t gone_ms;         /* is_latched: when the condition went */
    int64_t count;           /* raises of this row */
    int64_t flap_count;      /* raises in a row, each soon after the one before */
    bool is_flapping;
    int64_t taken_ms; /* our time: the newest raise or clear, or when it surfaced */
    /* what became of it (cases.c) */
    int64_t ticket;    /* 0: none */
    int64_t incident;  /* the newest one that it was a member of; 0: none */
    bool is_in_ticket; /* its raise counts in the ticket (or incident), and its clearing is to be told there */
    enum silence silence;
    int64_t surface_ms; /* silent: our time when it may surface, because the reason has gone; 0: it has not */
    struct shelf shelf; /* read from where it is kept; not written with the row */
};

enum alarm_change {
    ALARM_SAME,     /* nothing to write, nobody to tell */
    ALARM_RAISED,   /* a new row began: out->id is 0 */
    ALARM_REPEATED, /* the same row is active again */
    ALARM_ROSE,     /* active, severity went up */
    ALARM_FELL,     /* active, severity went down */
    ALARM_CHANGED,  /* active, text or value */
    ALARM_LOST,     /* active, its data is missing now */
    ALARM_LATCHED,  /* the condition has gone; it stays until it is reset */
    ALARM_CLEARED,
    ALARM_CALMED, /* it flaps no more */
    ALARM_CHANGE_COUNT
};
const char *alarm_change_name(enum alarm_change change);
/* For people: active, acknowledged, latched, cleared (nobody has seen it), normal (seen, and over). */
const char *alarm_state_name(const struct alarm *alarm);

/* What the firing's rule says of its alarm (policy.h). */
struct alarm_traits {
    bool latches, isolates;
};
/* `now` is the newest row of this (device, alarm, part), active or cleared; NULL: none yet. Fills everything of *out
 * but device_id and device of a first row (copied from `now` otherwise), the row id, and what cases.c keeps there. */
void alarm_apply(const struct alarm *now, const struct firing *firing, const struct alarm_traits *traits,
                 struct alarm *out, enum alarm_change *what);
/* RESULT_CONFLICT when it already is, with who and when. An acknowledged and cleared alarm is done. */
FL_CHECK enum result alarm_acknowledge(const struct alarm *now, const char *who, int64_t wall_ms, struct alarm *out,
                                       struct fault *fault);
/* A person has seen what a latched alarm stands for: it is cleared, and acknowledged. RESULT_CONFLICT: its condition
 * holds still, or it is not latched. */
FL_CHECK enum result alarm_reset(const struct alarm *now, const char *who, int64_t wall_ms, struct alarm *out,
                                 struct fault *fault);
/* True: it flapped and has been quiet since. */
FL_CHECK bool alarm_calm(const struct alarm *now, int64_t wall_ms, struct alarm *out);
/* Shelved from now on. RESULT_BAD_INPUT: no reason, or not 1 minute to SHELF_MINUTES_MAX. */
FL_CHECK enum result shelf_make(const char *who, const char *reason, int64_t minutes, int64_t wall_ms,
                                struct shelf *out, struct fault *fault);
