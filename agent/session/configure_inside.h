/* The inside of configure, shared by configure.c (what is asked, the list) and configure_change.c (the change). */
#pragma once
#include "param_journal.h"
#include "param_undo.h"
#include "param_walk.h"
#include "run.h"
#include "session/configure.h"

enum configure_phase {
    CONFIGURE_IDLE,
    CONFIGURE_LOCKING, /* another change is under way, or is being reported */
    CONFIGURE_READING,
    CONFIGURE_SETTING,
    CONFIGURE_WAITING,
    CONFIGURE_CONFIRMING, /* the product is asked whether it is well */
    CONFIGURE_UNDOING
};

struct configure {
    struct loop *loop;
    const struct param_set *set;
    const char *session;
    struct configure_owner owner;

    int64_t list_id;
    struct param_walk *list_walk; /* NULL: nobody asked */
    struct param_stop *list_stops;

    enum configure_phase phase;
    int64_t id;            /* of the call that waits for this phase; 0: none */
    enum result id_result; /* what it is refused with after an undo; RESULT_OK: answered with the old values */
    struct fault id_fault;
    int lock_fd; /* -1: not held */
    int64_t confirm_ms;
    struct param_journal journal;
    struct param_stop stops[PARAMETERS_MAX]; /* of reading: what the rules need; of setting: the values */
    size_t stop_count;
    struct param_walk *walk;
    struct param_undo *undo;
    int tries; /* of undoing */
    struct run *health;
    int told_health; /* -1: not yet; 0, 1 */
    struct loop_timer due, look, retry;
    bool is_ending;
};

/* configure_change.c */
void configure_change_begin(struct configure *c); /* journal.values[].after, by, confirm_ms and id are filled in */
void configure_change_confirm(struct configure *c);
void configure_change_undo(struct configure *c, const char *why);
void configure_change_stop(struct configure *c); /* the session ends */
void configure_change_drop(struct configure *c); /* kills what runs, lets go of the lock */
