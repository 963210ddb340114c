/* The insides of the launcher, shared by launcher.c (commands and answers) and launcher_run.c (what runs). */
#pragma once
#include "consent.h"
#include "launcher.h"
#include "session_process.h"
#include "session_request.h"
#include "sign.h"
#include "wrong_codes.h"

enum {
    SLOTS = 8,
    SESSIONS_MAX = 2, /* asked for or running, at once */
    CODE_BYTES = 32
};

enum slot_state {
    SLOT_FREE,
    SLOT_ASKING,
    SLOT_CODE, /* the owner reads out a code */
    SLOT_PAGE, /* the owner's page has the question */
    SLOT_RUNNING,
    SLOT_ENDING, /* told to end */
    SLOT_EXPIRED /* nobody answered; kept until the slot is needed, for a clear answer to a late code */
};

struct slot {
    struct launcher *launcher;
    enum slot_state state;
    struct session_request request;       /* of an expired one, only the session's id */
    struct sign_row shown;                /* of a running one: what the owner allowed, until when, on whose word */
    char command[CAP_UUID_BYTES + 1];     /* that waits for "open" or an error; "" when none does */
    char end_command[CAP_UUID_BYTES + 1]; /* that waits for "ended" */
    struct consent *consent;
    struct session_process *process;
    int64_t watch_ms;   /* it observes, this often; 0: it does not */
    int64_t kill_at_ms; /* since boot: it ends by its deadline, and if it has not by then, it is ended */
};

struct launcher {
    struct loop *loop;
    struct loop_timer sweep, watch;
    int sweeps_left;
    const struct agent_config *config;
    launcher_reply_fn *reply;
    void *self;
    struct launcher_watcher watcher;
    int64_t pace_ms; /* that was told */
    struct sign *sign;
    const char *closed_why; /* NULL: open */
    struct wrong_codes wrong_codes;
    struct slot slots[SLOTS];
};

_Static_assert((int)SLOTS == (int)SIGN_ROWS_MAX, "each slot has its row of the sign");

void slot_clear(struct slot *slot, enum slot_state state);
void launcher_say_ok(struct launcher *launcher, const char *id, const char *json);
void launcher_say_error(struct launcher *launcher, const char *id, const char *error, const char *text);
void launcher_set_pace(struct launcher *launcher);
/* Starts the session's process after a yes and answers the command that waits. */
void slot_start(struct slot *slot, const struct consent_answer *answer);
/* Ends what runs, with the owner's reason; a question is dropped. */
void slot_stop(struct slot *slot, enum session_stop why);
/* Finds the sessions that an earlier run of the agent has left running. */
void launcher_adopt(struct launcher *launcher);
