/* Which recordings are held, removed, and next to go. */
#include "store/recordings.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "store/cases.h"

static void put(struct fixture *f, const char *id, enum session_state state, int64_t ended_ms) {
    struct session s = {.ticket = 1, .capabilities = 1, .state = state, .requested_ms = 100, .started_ms = 150};
    snprintf(s.id, sizeof s.id, "%s", id);
    snprintf(s.device, sizeof s.device, "freezer-7");
    snprintf(s.engineer, sizeof s.engineer, "eva");
    s.has_started = true;
    s.has_ended = ended_ms > 0;
    s.ended_ms = ended_ms;
    cr_assert_eq(store_session_put(f->store, &s), RESULT_OK, "%s", store_error(f->store));
}

static void over(struct fixture *f, const char *id, int64_t ended_ms) {
    put(f, id, SESSION_LIVE, 0);
    put(f, id, SESSION_ENDED, ended_ms);
}

static const char *next(struct fixture *f, int64_t before_ms) {
    static struct session s;
    const enum result result = store_recording_expired(f->store, before_ms, &s);
    cr_assert(result == RESULT_OK || result == RESULT_NOT_FOUND);
    return result == RESULT_OK ? s.id : "";
}

Test(recordings, the_oldest_goes_first_unless_it_is_held_or_gone) {
    struct fixture f;
    struct recording r;
    fixture_open(&f);
    struct ticket ticket = {.device_id = add_device(&f, "freezer-7"), .opened_ms = 1};
    begin(&f);
    cr_assert_eq(store_ticket_put(f.store, &ticket, NULL, 0), RESULT_OK, "%s", store_error(f.store));
    over(&f, "s-2", 2000);
    over(&f, "s-1", 1000);
    put(&f, "s-3", SESSION_LIVE, 0);
    cr_expect_str_eq(next(&f, 1000), "", "not yet");
    cr_expect_str_eq(next(&f, 5000), "s-1");
    cr_assert_eq(store_recording_read(f.store, "s-1", &r), RESULT_OK);
    cr_expect_str_empty(r.held_by);
    snprintf(r.held_by, sizeof r.held_by, "vera");
    snprintf(r.hold_reason, sizeof r.hold_reason, "claim 17");
    r.held_ms = 3000;
    cr_assert_eq(store_recording_put(f.store, &r), RESULT_OK);
    cr_expect_str_eq(next(&f, 5000), "s-2", "the first is held");
    cr_assert_eq(store_recording_read(f.store, "s-1", &r), RESULT_OK);
    cr_expect(strcmp(r.held_by, "vera") == 0 && strcmp(r.hold_reason, "claim 17") == 0 && r.held_ms == 3000);
    r.held_by[0] = '\0';
    cr_assert_eq(store_recording_put(f.store, &r), RESULT_OK);
    cr_expect_str_eq(next(&f, 5000), "s-1", "released");
    r.removed_ms = 4000;
    cr_assert_eq(store_recording_put(f.store, &r), RESULT_OK);
    cr_expect_str_eq(next(&f, 5000), "s-2", "gone");
    /* Held while it was live: its end does not undo that. */
    cr_assert_eq(store_recording_read(f.store, "s-3", &r), RESULT_OK);
    snprintf(r.held_by, sizeof r.held_by, "vera");
    cr_assert_eq(store_recording_put(f.store, &r), RESULT_OK);
    put(&f, "s-3", SESSION_ENDED, 500);
    cr_expect_str_eq(next(&f, 5000), "s-2");
    commit(&f);
    fixture_close(&f);
}
