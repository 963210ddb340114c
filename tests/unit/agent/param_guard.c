/* What the resident agent does with the journal that a session left behind: in every state it may have been in when the
 * session, the agent or the power went, the old values are back or the confirmed ones stay, and one event says so. */
#include "param_guard.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "param_journal.h"
#include "scratch.h"
#include "turn.h"

struct rig {
    struct loop *loop;
    struct param_set set;
    struct param items[2];
    struct param_guard *guard;
    size_t spool; /* events that are in it; the next one is spool + 1 */
    struct event_message last, fault;
    int faults, cleared;
    const char *waits_for;
};

static int64_t now_ms(void *self) {
    (void)self;
    return 1;
}
static void on_event(void *self, const struct event_message *event) {
    struct rig *r = self;
    r->spool++;
    if (event->kind == EVENT_FAULT) {
        r->fault = *event;
        r->faults += event->active;
        r->cleared += !event->active;
    } else {
        r->last = *event;
    }
}
static void next_place(void *self, char stream[CAP_UUID_BYTES + 1], uint64_t *seq) {
    snprintf(stream, CAP_UUID_BYTES + 1, "44444444-4444-4444-8444-444444444444");
    *seq = ((struct rig *)self)->spool + 1;
}
static bool has_place(void *self, const char *stream, uint64_t seq) {
    return strcmp(stream, "44444444-4444-4444-8444-444444444444") == 0 && seq <= ((struct rig *)self)->spool;
}

static void begin(struct rig *r) {
    memset(r, 0, sizeof *r);
    log_set_level(LOG_LEVEL_ERROR);
    r->set.folder = (char *)scratch_make();
    r->items[0] = (struct param){.name = (char *)"setpoint",
                                 .unit = (char *)"Cel",
                                 .form = {.type = PARAMETER_NUMBER},
                                 .is_writable = true,
                                 .file = strdup(scratch_path("setpoint")),
                                 .limit_ms = 1000};
    r->items[1] = (struct param){.name = (char *)"mode",
                                 .unit = (char *)"",
                                 .form = {.type = PARAMETER_TEXT},
                                 .is_writable = true,
                                 .file = strdup(scratch_path("mode")),
                                 .limit_ms = 1000};
    r->set.items = r->items;
    r->set.count = 2;
    scratch_write("setpoint", "-22\n");
    scratch_write("mode", "fast\n");
    r->loop = loop_new();
}

static void start(struct rig *r) {
    struct param_guard_owner owner = {
        .self = r, .now_ms = now_ms, .event = on_event, .next = next_place, .has = has_place};
    r->guard = param_guard_new(r->loop, &r->set, &owner);
    param_guard_look(r->guard);
}

static void end(struct rig *r) {
    param_guard_free(r->guard);
    loop_free(r->loop);
    free(r->items[0].file);
    free(r->items[1].file);
    scratch_remove();
}

static void leave(struct rig *r, enum param_state state, enum param_state was, uint64_t seq) {
    struct param_journal j = {.state = state,
                              .was = was,
                              .change = "11111111-1111-4111-8111-111111111111",
                              .by = "ann",
                              .why = "timeout",
                              .stream = "44444444-4444-4444-8444-444444444444",
                              .seq = seq,
                              .count = 2};
    struct fault fault = {""};
    strcpy(j.values[0].name, "setpoint");
    j.values[0].before = (struct parameter_value){.type = PARAMETER_NUMBER, .number = -20};
    j.values[0].after = (struct parameter_value){.type = PARAMETER_NUMBER, .number = -22};
    strcpy(j.values[1].name, "mode");
    j.values[1].before = (struct parameter_value){.type = PARAMETER_TEXT, .text = "slow"};
    j.values[1].after = (struct parameter_value){.type = PARAMETER_TEXT, .text = "fast"};
    cr_assert_eq(param_journal_write(r->set.folder, &j, &fault), RESULT_OK, "%s", fault.text);
}

static bool is_settled(void *self) {
    return !param_journal_is_there(((struct rig *)self)->set.folder);
}

static void expect_file(const char *name, const char *expected) {
    char text[64] = "";
    FILE *file = fopen(scratch_path(name), "r");
    cr_assert_not_null(file);
    cr_assert_not_null(fgets(text, sizeof text, file));
    fclose(file);
    cr_assert_str_eq(text, expected);
}

Test(param_guard, promise_58_every_state_ends_in_one_report) {
    static const struct {
        enum param_state state, was;
        uint64_t seq;
        bool is_undone, is_in_spool;
        const char *says;
    } rows[] = {
        {PARAM_OPEN, PARAM_OPEN, 0, true, false, "put back (session_gone): setpoint -22 -> -20, mode fast -> slow"},
        {PARAM_UNDOING, PARAM_OPEN, 0, true, false, "put back (timeout)"},
        {PARAM_UNDONE, PARAM_OPEN, 0, false, false, "put back (timeout)"},
        {PARAM_KEPT, PARAM_OPEN, 0, false, false, "changed by ann: setpoint -20 -> -22, mode slow -> fast"},
        {PARAM_REPORTING, PARAM_KEPT, 1, false, false, "changed by ann"},
        {PARAM_REPORTING, PARAM_UNDONE, 1, false, true, NULL}, /* the event is there already */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig r;
        begin(&r);
        r.spool = rows[i].is_in_spool;
        leave(&r, rows[i].state, rows[i].was, rows[i].seq);
        start(&r);
        cr_assert(turn_until(r.loop, is_settled, &r, 10000), "row %zu", i);
        cr_assert_eq(r.spool, 1, "row %zu: %zu events", i, r.spool);
        if (rows[i].says != NULL) {
            cr_assert(strstr(r.last.text, rows[i].says) != NULL, "row %zu: %s", i, r.last.text);
            cr_assert(strstr(r.last.text, "11111111-1111-4111-8111-111111111111") != NULL);
        }
        expect_file("setpoint", rows[i].is_undone ? "-20\n" : "-22\n");
        expect_file("mode", rows[i].is_undone ? "slow\n" : "fast\n");
        end(&r);
    }
}

static bool has_fault(void *self) {
    return ((struct rig *)self)->faults > 0;
}

Test(param_guard, what_cannot_be_put_back_is_tried_again_with_a_fault) {
    struct rig r;
    begin(&r);
    leave(&r, PARAM_UNDOING, PARAM_OPEN, 0);
    char *good = r.items[1].file;
    r.items[1].file = (char *)"/nonexistent/folder/mode";
    start(&r);
    cr_assert(turn_until(r.loop, has_fault, &r, 10000));
    cr_assert_str_eq(r.fault.code, PARAM_REVERT_CODE);
    cr_assert(strstr(r.fault.text, "mode") != NULL, "%s", r.fault.text);
    expect_file("setpoint", "-20\n"); /* as many as can be */
    cr_assert_not(is_settled(&r));
    r.items[1].file = good;
    cr_assert(turn_until(r.loop, is_settled, &r, 20000));
    cr_assert_eq(r.faults, 1);
    cr_assert_eq(r.cleared, 1);
    cr_assert_eq(r.spool, 3);
    end(&r);
}

/* A parameter that the configuration does not name any more cannot be put back, and is not forgotten. */
Test(param_guard, a_parameter_that_is_gone) {
    struct rig r;
    begin(&r);
    leave(&r, PARAM_OPEN, PARAM_OPEN, 0);
    r.set.count = 1;
    start(&r);
    cr_assert(turn_until(r.loop, has_fault, &r, 10000));
    cr_assert(strstr(r.fault.text, "no such parameter any more") != NULL, "%s", r.fault.text);
    expect_file("setpoint", "-20\n");
    end(&r);
}

Test(param_guard, a_journal_that_cannot_be_read_is_set_aside) {
    struct rig r;
    begin(&r);
    scratch_write("params-journal", "{\"state\":\"open\"}\nnonsense\n");
    start(&r);
    cr_assert(turn_until(r.loop, is_settled, &r, 10000));
    cr_assert_eq(r.faults, 1);
    cr_assert_eq(access(scratch_path("params-journal.bad"), F_OK), 0);
    expect_file("setpoint", "-22\n"); /* nobody knows what it was */
    end(&r);
}

static bool has_passed(void *self) {
    return clock_mono_ms() > *(int64_t *)self;
}

/* A session that lives owns its change, whoever started it. */
Test(param_guard, a_change_of_a_living_session_is_left_alone) {
    struct rig r;
    struct fault fault;
    int lock;
    begin(&r);
    leave(&r, PARAM_OPEN, PARAM_OPEN, 0);
    cr_assert_eq(param_lock(r.set.folder, &lock, &fault), RESULT_OK);
    start(&r);
    int64_t until = clock_mono_ms() + 3 * PARAM_GUARD_MS;
    cr_assert(turn_until(r.loop, has_passed, &until, 10000));
    expect_file("setpoint", "-22\n");
    cr_assert_eq(r.spool, 0);
    close(lock);
    cr_assert(turn_until(r.loop, is_settled, &r, 10000));
    expect_file("setpoint", "-20\n");
    end(&r);
}
