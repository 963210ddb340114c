/* An alarm: one condition of one product (device, alarm, part) that a person should know of. States as in ISA-18.2:
 * active or cleared, each acknowledged or not. Pure: the same row and firing give the same answer.
 *
 * At most one row of a (device, alarm, part) is active. Raised again within ALARM_HOLD_MS of being cleared, the row is
 * used again and counts; later, a new row begins. A new raise and a rising severity take an acknowledgement back: it
 * was given for something milder. ALARM_FLAP_RAISES raises, each within ALARM_FLAP_MS of the one before, make it
 * flapping, until a raise lasts longer than that or comes later than that. */
#pragma once
#include "rules/rules.h"

enum {
    ALARM_NAME_BYTES = 127,
    ALARM_SUMMARY_BYTES = 199,
    ALARM_DESCRIPTION_BYTES = 999,
    ALARM_WHO_BYTES = 63,
    ALARM_HOLD_MS = 60 * 60 * 1000,
    ALARM_FLAP_MS = 10 * 60 * 1000,
    ALARM_FLAP_RAISES = 4
};

struct alarm {
    int64_t id;        /* row; 0: not stored yet */
    int64_t device_id; /* row of the device */
    char device[CAP_DEVICE_ID_BYTES + 1];
    char alarm[ALARM_NAME_BYTES + 1]; /* alert name, or the fault code */
    char part[CAP_PART_BYTES + 1];    /* "" for none */
    enum severity severity;
    bool is_active;
    bool is_unknown; /* active, but its data is missing now */
    bool is_acknowledged;
    char acknowledged_by[ALARM_WHO_BYTES + 1];
    int64_t acknowledged_ms; /* 0: not */
    bool is_fault_code, opens_ticket;
    char summary[ALARM_SUMMARY_BYTES + 1], description[ALARM_DESCRIPTION_BYTES + 1];
    double value;
    int64_t first_raised_ms; /* of this row; all times are the product's (event_ms) */
    int64_t raised_ms;       /* the newest raise */
    int64_t cleared_ms;      /* 0 while active */
    int64_t count;           /* raises of this row */
    int64_t flap_count;      /* raises in a row, each soon after the one before */
    bool is_flapping;
    int64_t ticket; /* 0: none */
};

enum alarm_change {
    ALARM_SAME,     /* nothing to write, nobody to tell */
    ALARM_RAISED,   /* a new row began: out->id is 0 */
    ALARM_REPEATED, /* the same row is active again */
    ALARM_ROSE,     /* active, severity went up */
    ALARM_CHANGED,  /* active, text, value or a lower severity */
    ALARM_LOST,     /* active, its data is missing now */
    ALARM_CLEARED,
    ALARM_CHANGE_COUNT
};
const char *alarm_change_name(enum alarm_change change);

/* `now` is the newest row of this (device, alarm, part), active or cleared; NULL: none yet. Fills everything of *out
 * but device_id and device of a first row (copied from `now` otherwise) and the row id. */
void alarm_apply(const struct alarm *now, const struct firing *firing, struct alarm *out, enum alarm_change *what);
/* RESULT_CONFLICT when it already is, with who and when. An acknowledged and cleared alarm is done. */
FL_CHECK enum result alarm_acknowledge(const struct alarm *now, const char *who, int64_t wall_ms, struct alarm *out,
                                       struct fault *fault);
