/* When trouble begins and when it is over; streams that come back; strangers in the registry. */
#include "normalize/conduct.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "normalize/device.h"

#define MINUTE INT64_C(60000)

Test(conduct, promise_21_flapping_is_fifteen_connections_a_minute) {
    static const struct {
        const char *what;
        int64_t every_ms;
        int connections;
        bool is_flapping;
    } rows[] = {
        {"a reconnect now and then", 20000, 100, false},
        {"fourteen a minute", 4300, 100, false},
        {"fifteen a minute", 4000, 30, true},
        {"a storm", 10, 15, true},
        {"a short storm", 10, 14, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct conduct c = {0};
        bool is_flapping = false;
        for (int n = 0; n < rows[i].connections; n++)
            is_flapping |= conduct_reconnected(&c, 1000 + n * rows[i].every_ms);
        cr_expect_eq(is_flapping, rows[i].is_flapping, "%s", rows[i].what);
    }
}

Test(conduct, trouble_begins_once_and_is_over_after_a_quiet_while) {
    struct conduct c = {0};
    cr_expect(conduct_sign(&c, CONDUCT_FLAPPING, 15, 777, 1000));
    cr_expect_not(conduct_sign(&c, CONDUCT_FLAPPING, 1, 888, 1000 + 4 * MINUTE), "the second sign begins nothing");
    cr_expect_eq(c.troubles[CONDUCT_FLAPPING].since_ms, 777);
    cr_expect_eq(c.troubles[CONDUCT_FLAPPING].count, 16);
    cr_expect_not(conduct_is_over(&c, CONDUCT_FLAPPING, 1000 + 8 * MINUTE), "counted from the last sign");
    cr_expect(conduct_is_over(&c, CONDUCT_FLAPPING, 1000 + 9 * MINUTE));
    cr_expect_not(conduct_is_over(&c, CONDUCT_FLOODING, 1000 + 9 * MINUTE), "what never began is not over");
    conduct_sign(&c, CONDUCT_CLOCK, 1, 777, 1000);
    cr_expect_not(conduct_is_over(&c, CONDUCT_CLOCK, INT64_MAX), "a wrong clock stays wrong until it is right");
    for (int kind = 0; kind < CONDUCT_COUNT; kind++)
        cr_expect_not_null(conduct_name((enum conduct_kind)kind));
}

Test(conduct, after_a_restart_trouble_is_over_by_itself) {
    struct conduct c = {.troubles[CONDUCT_SHARED] = {.since_ms = 5}};
    conduct_resume(&c, 1000);
    cr_expect_not(conduct_is_over(&c, CONDUCT_SHARED, 1000 + 59 * MINUTE));
    cr_expect(conduct_is_over(&c, CONDUCT_SHARED, 1000 + 60 * MINUTE));
}

Test(conduct, a_stream_that_comes_back_is_proof_a_new_one_is_not) {
    static const struct {
        const char *what, *streams; /* one letter a message: upper case in the bulk lane, e: an event */
        int proofs;
    } rows[] = {
        {"one agent", "AAAA", 0},
        {"a spool that was replaced", "AABB", 0},
        {"two spools that were replaced", "ABC", 0},
        {"two agents", "ABAB", 2},
        {"two agents, long turns", "AAAABBBBAAAA", 1},
        {"two lanes are no change of hands", "AaAaAa", 0},
        {"gap records of the bulk lane are events, as those of the urgent lane are", "AaeAaeA", 0},
        {"a replaced spool, both lanes", "AaBbBb", 0},
        {"two agents, both lanes", "AaBbAa", 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct registry *registry = registry_new();
        struct device *device = registry_add(registry, "freezer-7");
        int proofs = 0;
        for (const char *c = rows[i].streams; *c; c++) {
            const char name[2] = {*c == 'e' ? 'A' : *c};
            struct device_stream *stream = device_stream_find(device, name);
            if (!stream)
                stream = device_stream_add(device, name);
            const enum lane lane = *c == 'e' ? LANE_UNKNOWN : *c >= 'a' ? LANE_URGENT : LANE_BULK;
            proofs += device_stream_returned(device, stream, lane);
        }
        cr_expect_eq(proofs, rows[i].proofs, "%s: %d", rows[i].what, proofs);
        registry_free(registry);
    }
}

Test(conduct, a_stream_that_made_room_is_forgotten_as_current) {
    struct registry *registry = registry_new();
    struct device *device = registry_add(registry, "freezer-7");
    for (int i = 0; i < 3 * DEVICE_STREAMS_MAX; i++) {
        char name[32];
        snprintf(name, sizeof name, "s%d", i);
        struct device_stream *stream = device_stream_add(device, name);
        stream->used_mono_ms = i;
        cr_expect_not(device_stream_returned(device, stream, LANE_BULK), "%d", i);
    }
    registry_free(registry);
}

Test(registry, names_that_are_made_up_do_not_make_it_grow) {
    struct registry *registry = registry_new();
    struct device *known = registry_add(registry, "known-device");
    struct device *busy = registry_meet(registry, "busy-stranger");
    char name[32];
    busy->has_ack = true; /* something is due to it: a list holds it */
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "made-up-%d", i);
        cr_assert_not_null(registry_meet(registry, name));
    }
    cr_expect_leq(registry_stranger_count(registry), REGISTRY_STRANGERS_MAX);
    cr_expect_eq(registry_count(registry), 1, "strangers are not devices");
    cr_expect_null(registry_find(registry, "made-up-0"), "the oldest is forgotten");
    cr_expect_eq(registry_find(registry, "busy-stranger"), busy);
    cr_expect_eq(registry_find(registry, "known-device"), known);
    registry_keep(registry, busy);
    cr_expect_eq(registry_count(registry), 2);
    cr_expect_eq(registry_find(registry, "busy-stranger"), busy, "it stays where it is");
    registry_keep(registry, known);
    cr_expect_eq(registry_count(registry), 2);
    registry_free(registry);
}

Test(registry, strangers_that_are_all_held_are_too_many) {
    struct registry *registry = registry_new();
    char name[32];
    for (int i = 0; i < REGISTRY_STRANGERS_MAX; i++) {
        snprintf(name, sizeof name, "held-%d", i);
        registry_meet(registry, name)->is_touched = true;
    }
    cr_expect_null(registry_meet(registry, "one-more"));
    registry_find(registry, "held-0")->is_touched = false;
    cr_expect_not_null(registry_meet(registry, "one-more"));
    registry_free(registry);
}
