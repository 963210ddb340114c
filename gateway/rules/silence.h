/* Why an alarm that is active opens no ticket just now (ISA-18.2: shelved by a person, out of service, suppressed by
 * design). The alarm itself goes on: it is raised, cleared and shown as always. When the reason goes and the alarm is
 * still active, it surfaces: it is treated as if it had just been raised. Pure. The numbers are stored: append only. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum silence {
    SILENCE_NONE,
    SILENCE_SHELVED,     /* a person put it aside for a while */
    SILENCE_MAINTENANCE, /* a maintenance window covers the device */
    SILENCE_PARENT,      /* says that contact is missing, and what the device hangs on is down */
    SILENCE_ALARM,       /* another alarm of the device explains it (silenced_by) */
    SILENCE_PAST,        /* came with a backlog: it may be over by now */
    SILENCE_GATHERING,   /* on many devices at once; soon decided whether it is one fault of the fleet */
    SILENCE_FLEET,       /* a member of an incident, whose ticket speaks for it */
    SILENCE_COUNT
};
const char *silence_name(enum silence silence); /* "" for NONE, "shelved", ... */

enum {
    SILENCE_PAST_MS = 15 * 60 * 1000, /* what was measured longer ago than this is a backlog */
    SILENCE_NEAR_MS = 2 * 60 * 1000,  /* data as new as this: the backlog has drained */
    SILENCE_CODES_MS = 60 * 1000,     /* fault codes come first: when none came for so long, all have come */
    SILENCE_WAIT_MS = 60 * 60 * 1000  /* a backlog that never ends: then it is told anyway */
};

struct silence_facts {
    bool is_shelved, is_in_maintenance;
    bool is_contact, is_parent_down; /* both: silent */
    bool is_explained;               /* one of silenced_by is active */
    bool is_past;                    /* of a backlog that has not drained */
};
/* The first that holds, in the order of the enum. */
enum silence silence_of(const struct silence_facts *facts);
/* How long the reason must be gone before the alarm surfaces: those behind a router come back after it. */
int64_t silence_settle_ms(enum silence silence);

struct silence_backlog {
    int64_t front_ms; /* newest time the device has told of; 0: nothing since the start */
    int64_t taken_ms; /* our time: when the alarm was taken */
    bool is_fault_code;
};
/* Has the backlog that brought the alarm drained? now_ms: wall. */
bool silence_has_drained(const struct silence_backlog *backlog, int64_t now_ms);
