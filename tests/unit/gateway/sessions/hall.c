#include "hall.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *guest_gone(void *self, const char *invite) {
    const struct stage *s = self;
    const struct hall *h = (const struct hall *)s; /* its first member */
    cr_expect_str_eq(invite, "the link");
    return h->gone;
}

static void ice_servers(void *self, const char *name, struct buf *out) {
    (void)self;
    buf_printf(out, "[{\"urls\":[\"stun:%s\"]}]", name);
}

static void begin(struct hall *h, bool needs_moderator) {
    memset(h, 0, sizeof *h);
    stage_open(&h->s);
    relay_free(h->s.relay);
    h->s.options.needs_moderator = needs_moderator;
    h->s.options.guest_gone = guest_gone;
    h->s.options.ice_servers = ice_servers;
    h->s.relay = relay_new(&h->s.options, h->s.now, 1700000000000);
    stage_live(&h->s);
}

void hall_open_moderated(struct hall *h) {
    begin(h, true);
    hall_join(h, &h->bob, &(struct relay_person){.name = "bob", .may_type = true});
}

void hall_open(struct hall *h) {
    begin(h, false);
    hall_join(h, &h->bob, &(struct relay_person){.name = "bob", .may_type = true});
    hall_join(h, &h->watcher, &(struct relay_person){.name = "vera"});
    hall_join(h, &h->moderator, &(struct relay_person){.name = "sun", .may_type = true, .may_moderate = true});
    hall_join(h, &h->guest,
              &(struct relay_person){.name = "guest Li",
                                     .is_guest = true,
                                     .guest_may = RELAY_GUEST_WATCH | RELAY_GUEST_CALL | RELAY_GUEST_CHAT,
                                     .invite = "the link"});
    hall_join(h, &h->stranger, &(struct relay_person){.name = "guest No", .is_guest = true, .invite = "the link"});
    hall_join(h, &h->tool, &(struct relay_person){.name = "ann", .is_tool = true});
    hall_says(h, &h->s.engineer, "terminal.open", "{\"cols\":100,\"rows\":30}");
    product_text(&h->s, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    product_credit(&h->s, 16384);
}

void hall_close(struct hall *h) {
    stage_close(&h->s);
    struct leg *legs[] = {&h->bob, &h->watcher, &h->moderator, &h->guest, &h->stranger, &h->tool};
    for (size_t i = 0; i < sizeof legs / sizeof *legs; i++) {
        leg_fini(legs[i]);
    }
}

void hall_join(struct hall *h, struct leg *leg, const struct relay_person *person) {
    struct fault fault;
    cr_assert_eq(relay_attach_person(h->s.relay, person, &leg_ops, leg, h->s.now, &leg->leg, &fault), RESULT_OK, "%s",
                 fault.text);
}

void hall_leave(struct hall *h, struct leg *leg) {
    relay_detach(leg->leg, h->s.now);
    leg->leg = NULL;
}

struct leg *hall_leg(struct hall *h, size_t index) {
    struct leg *legs[] = {&h->s.engineer, &h->bob, &h->watcher, &h->moderator, &h->guest, &h->stranger, &h->tool};
    cr_assert_lt(index, sizeof legs / sizeof *legs);
    return legs[index];
}

const char *hall_last(const struct leg *leg, const char *method) {
    char name[80];
    snprintf(name, sizeof name, "\"method\":\"%s\"", method);
    for (size_t i = leg->count; i > 0; i--) {
        if (strstr(leg->sent[i - 1].bytes, name) != NULL) {
            return leg->sent[i - 1].bytes;
        }
    }
    return NULL;
}

void hall_says(struct hall *h, struct leg *leg, const char *method, const char *params) {
    char text[1024];
    int chars =
        snprintf(text, sizeof text, "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"%s\",\"params\":%s}", method, params);
    leg_message(&h->s, leg, true, text, (size_t)chars);
}

void hall_end(struct hall *h) {
    relay_end(h->s.relay, "ended_by_engineer", "ann", h->s.now);
    product_ends(&h->s, "ended_by_engineer");
    cr_assert_eq(h->s.over_count, 1);
}
