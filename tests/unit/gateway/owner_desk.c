/* What a product's answer to an owner's statement may move: a session of its own, and no other's. */
#include "owner_desk.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "store/cases.h"
#include "store/owners.h"

#define SESSION "0b5c1f3e-9d77-4a3b-8f00-0123456789ab"

static struct fixture *with_session(const char *device) {
    struct fixture *f = fixture_new();
    struct session session = {.id = SESSION,
                              .engineer = "eva",
                              .reason = "look",
                              .state = SESSION_ASKING,
                              .requested_ms = 1,
                              .duration_s = 600,
                              .ticket = 1};
    fixture_person(f, "sam", ROLE_SUPPORT);
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    fixture_birth(f, "freezer-8", "vaccine-freezer");
    change_free(
        fixture_ask(f, CHANGE_TICKET_OPEN, "sam", ROLE_SUPPORT, "", "{\"device\":\"freezer-7\",\"subject\":\"warm\"}"));
    snprintf(session.device, sizeof session.device, "%s", device);
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(store_session_put(f->core.store, &session), RESULT_OK, "%s", store_error(f->core.store));
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    return f;
}

/* freezer-7 answers a letter that names the session. */
static enum session_state answered(struct fixture *f, const char *text) {
    struct device *device = registry_find(f->core.registry, "freezer-7");
    struct owner_letter letter = {.id = "letter-1", .session = SESSION, .by = "Li", .at_ms = 1, .is_signed = true};
    struct reply_message reply;
    struct session session;
    struct fault fault;
    letter.device_id = device->row;
    cr_assert_eq(reply_decode(text, strlen(text), &reply, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
    cr_assert_eq(store_owner_letter_add(f->core.store, &letter), RESULT_OK);
    cr_assert_eq(owner_desk_reply(&f->core, device, letter.id, &reply), RESULT_OK);
    cr_assert_eq(store_session_find(f->core.store, SESSION, &session), RESULT_OK);
    cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    reply_fini(&reply);
    return session.state;
}

Test(owner_desk, promise_34_a_product_moves_no_session_of_another) {
    static const struct {
        const char *what, *device, *reply;
        bool is_moved;
    } rows[] = {
        {"its own, refused", "freezer-7", "\"ok\":true,\"result\":{\"state\":\"refused\"}", true},
        {"another's, refused", "freezer-8", "\"ok\":true,\"result\":{\"state\":\"refused\"}", false},
        {"another's, failed", "freezer-8", "\"ok\":false,\"error\":\"failed\",\"text\":\"x\"", false},
        {"another's, open", "freezer-8", "\"ok\":true,\"result\":{\"state\":\"open\"}", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[256];
        struct fixture *f = with_session(rows[i].device);
        snprintf(text, sizeof text, "{\"id\":\"0b5c1f3e-9d77-4a3b-8f00-000000000001\",%s}", rows[i].reply);
        cr_expect_eq(answered(f, text) != SESSION_ASKING, rows[i].is_moved, "%s", rows[i].what);
        fixture_free(f);
    }
}
