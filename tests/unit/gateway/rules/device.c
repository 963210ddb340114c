#include "rules/device.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rig.h"

/* One rule, messages one after the other, and what is told in all. */
struct story {
    const char *what, *expr, *hold, *keep, *recover;
    const char *messages[6];
    const char *told;
};

static const struct story stories[] = {
    {"true and false", "a > 5", NULL, NULL, NULL, {"0 a=1", "1 a=6", "2 a=7", "3 a=5"}, "RAISE X@1 CLEAR X@3"},
    {"many moments in one message",
     "a > 5",
     NULL,
     NULL,
     NULL,
     {"0 a=1; 1 a=6; 2 a=7; 3 a=5; 4 a=6"},
     "RAISE X@1 CLEAR X@3 RAISE X@4"},
    {"a message whose samples are not in order is sorted first",
     "a > 5",
     NULL,
     NULL,
     NULL,
     {"3 a=5; 1 a=6; 0 a=1; 2 a=7"},
     "RAISE X@1 CLEAR X@3"},
    {"samples of one time are applied together",
     "a > 5 and b > 5",
     NULL,
     NULL,
     NULL,
     {"0 a=6 b=1; 1 a=1 b=6; 2 b=6 a=6"},
     "RAISE X@2"},
    {"for", "a > 5", "10s", NULL, NULL, {"0 a=6; 5 a=6; 9 a=6; 10 a=6", "20 a=1"}, "RAISE X@0 CLEAR X@20"},
    {"another metric's sample lets time pass: the hold ends although a is silent",
     "a > 5",
     "10s",
     NULL,
     NULL,
     {"0 a=6", "10 b=1"},
     "RAISE X@0"},
    {"each part for itself",
     "v > 5",
     NULL,
     NULL,
     NULL,
     {"0 v/left=6 v/right=1", "1 v/left=1 v/right=6"},
     "RAISE X/left@0 CLEAR X/left@1 RAISE X/right@1"},
    {"a hysteresis", "a > 5", NULL, NULL, "a < 3", {"0 a=6; 1 a=4; 2 a=6; 3 a=2"}, "RAISE X@0 CLEAR X@3"},
    {"recovered and kept",
     "a > 5",
     NULL,
     "10s",
     NULL,
     {"0 a=6; 1 a=4; 5 a=6; 6 a=4; 15 a=4; 16 a=4"},
     "RAISE X@0 CLEAR X@6"},
    {"recovery of the device, where the condition is a part's",
     "v > 5",
     NULL,
     NULL,
     "a == 0",
     {"0 v/left=6 a=1", "1 v/left=1 a=1", "2 a=0"},
     "RAISE X/left@0 CLEAR X/left@2"},
    {"recovery by part, where the condition is the device's: all parts",
     "max(v) > 5",
     NULL,
     NULL,
     "v < 3",
     {"0 v/left=6 v/right=1", "1 v/left=2 v/right=4", "2 v/left=2 v/right=2"},
     "RAISE X@0 CLEAR X@2"},

    {"a gap during the hold: it begins anew",
     "a > 5",
     "30s",
     NULL,
     NULL,
     {"0 a=6; 10 a=6", "500 a=6; 510 a=6; 520 a=6", "530 a=6"},
     "RAISE X@500"},
    {"a gap while firing: told as unknown when it is known that there was one, and back",
     "a > 5",
     NULL,
     NULL,
     NULL,
     {"0 a=6", "100 b=1", "200 b=1", "300 a=7", "301 a=1"},
     "RAISE X@0 UNKNOWN X@60 UPDATE X@300 CLEAR X@301"},
    {"a gap of everything: the same, all at once",
     "a > 5",
     NULL,
     NULL,
     NULL,
     {"0 a=6", "500 a=7"},
     "RAISE X@0 UNKNOWN X@60 UPDATE X@500"},
    {"back and over: cleared", "a > 5", NULL, NULL, NULL, {"0 a=6", "500 a=1"}, "RAISE X@0 UNKNOWN X@60 CLEAR X@500"},
    {"the bound follows the metric's interval: 5 minutes at most",
     "slow > 5",
     NULL,
     NULL,
     NULL,
     {"0 slow=6", "299 b=1", "301 b=1"},
     "RAISE X@0 UNKNOWN X@300"},
    {"a metric that was never there raises nothing", "a > 5 and k > 0", NULL, NULL, NULL, {"0 a=6; 1 a=6"}, ""},
    {"not a number raises nothing", "a / b > 5", NULL, NULL, NULL, {"0 a=6 b=0; 1 a=6 b=0"}, ""},
    {"not a number clears nothing",
     "a / b > 5",
     NULL,
     NULL,
     NULL,
     {"0 a=6 b=1; 1 a=6 b=0; 2 a=6 b=2"},
     "RAISE X@0 UNKNOWN X@1 CLEAR X@2"},
    {"absent knows its answer without data",
     "absent(a)",
     "10s",
     NULL,
     NULL,
     {"0 b=1; 10 b=1; 20 a=1; 30 b=1; 81 b=1; 95 b=1"},
     "RAISE X@0 CLEAR X@20 RAISE X@81"},

    {"late data is not evaluated", "a > 5", NULL, NULL, NULL, {"10 a=1", "5 a=9", "11 a=1"}, ""},
    {"late data enters windows",
     "sum_over_time(a[60s]) > 5",
     NULL,
     NULL,
     NULL,
     {"10 a=1", "5 a=9", "11 a=1"},
     "RAISE X@11"},
    {"late data of a part does not become its newest value",
     "v > 5",
     NULL,
     NULL,
     NULL,
     {"10 v/left=1 b=1", "5 v/left=9", "11 b=1; 12 v/left=1"},
     ""},
    {"a replayed backlog is evaluated in its own time",
     "a > 5",
     "30s",
     NULL,
     NULL,
     {"1000 a=6; 1010 a=6; 1020 a=6; 1030 a=6; 1040 a=1", "5000 a=1"},
     "RAISE X@1000 CLEAR X@1040"},
    {"a sample twice", "sum_over_time(a[60s]) > 5", NULL, NULL, NULL, {"1 a=3; 1 a=3", "1 a=3"}, ""},
    {"a value beyond all sensors is not taken",
     "max_over_time(a[60s]) > 5",
     NULL,
     NULL,
     NULL,
     {"1 a=1; 2 a=1e200; 3 a=1"},
     ""},
    {"neither is NaN", "a != 5", NULL, NULL, NULL, {"1 a=5; 2 a=nan; 3 a=5"}, ""},
    {"counters", "increase(c[10s]) > 3", NULL, NULL, NULL, {"0 c=0; 1 c=1; 2 c=1; 3 c=2; 4 c=2; 5 c=9"}, "RAISE X@5"},
    {"a counter that starts anew",
     "increase(c[60s]) > 20",
     NULL,
     NULL,
     NULL,
     {"0 c=100; 10 c=105; 20 c=2; 30 c=4"},
     ""},
};

Test(device, stories) {
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        const struct story *s = &stories[i];
        struct pack *pack = rig_rule(s->expr, s->hold, s->keep, s->recover);
        struct rule_device *d = rule_device_new(pack, "dev-1");
        struct firings f;
        firings_init(&f);
        for (size_t m = 0; m < 6 && s->messages[m]; m++)
            rig_feed(d, pack, s->messages[m], &f);
        cr_expect_str_eq(rig_firings(&f), s->told, "\"%s\" tells \"%s\", expected \"%s\"", s->what, rig_firings(&f),
                         s->told);
        firings_fini(&f);
        rule_device_free(d);
        pack_free(pack);
    }
}

static struct pack *two_rules(void) {
    return rig_pack("groups:\n"
                    "- name: g\n"
                    "  rules:\n"
                    "  - alert: High\n"
                    "    expr: v > 5\n"
                    "    for: 10s\n"
                    "    labels: {severity: critical}\n"
                    "    annotations:\n"
                    "      summary: '{{ $labels.part }} of {{ $labels.device }} is {{ printf \"%.1f\" $value }}'\n"
                    "      description: 'see {{ $value | humanize }}'\n"
                    "  - alert: Low\n"
                    "    expr: a < 1\n"
                    "    labels: {severity: warning, ticket: 'no'}\n");
}

Test(device, a_firing_says_all_that_a_ticket_needs) {
    struct pack *pack = two_rules();
    struct rule_device *d = rule_device_new(pack, "dev-1");
    struct firings f;
    firings_init(&f);
    rig_feed(d, pack, "0 v/left=6 a=0; 10 v/left=7.25", &f);
    cr_assert_eq(f.count, 2);
    cr_expect_str_eq(f.items[0].alarm, "Low");
    cr_expect_str_eq(f.items[0].summary, "Low", "without an annotation the alert's name");
    cr_expect_str_eq(f.items[0].part, "");
    cr_expect_not(f.items[0].opens_ticket);
    cr_expect_not(f.items[0].is_fault_code);
    cr_expect_str_eq(f.items[1].alarm, "High");
    cr_expect_str_eq(f.items[1].part, "left");
    cr_expect_eq(f.items[1].severity, SEVERITY_IS_CRITICAL);
    cr_expect(f.items[1].opens_ticket);
    cr_expect_eq(f.items[1].event_ms, 0);
    cr_expect_eq(f.items[1].value, 7.25);
    cr_expect_str_eq(f.items[1].summary, "left of dev-1 is 7.2");
    cr_expect_str_eq(f.items[1].description, "see 7.25");
    firings_fini(&f);
    rule_device_free(d);
    pack_free(pack);
}

Test(device, a_new_text_is_told_once_a_minute_at_most) {
    struct pack *pack = two_rules();
    struct rule_device *d = rule_device_new(pack, "dev-1");
    struct firings f;
    firings_init(&f);
    rig_feed(d, pack, "0 v/left=6; 10 v/left=6", &f);
    for (int t = 11; t < 200; t++) {
        char text[60];
        snprintf(text, sizeof text, "%d v/left=%d", t, t < 100 ? 6 : t);
        rig_feed(d, pack, text, &f);
    }
    cr_expect_str_eq(rig_firings(&f), "RAISE High/left@0 UPDATE High/left@130 UPDATE High/left@190");
    firings_fini(&f);
    rule_device_free(d);
    pack_free(pack);
}

Test(device, parts_have_numbers_up_to_a_cap) {
    struct pack *pack = two_rules();
    struct rule_device *d = rule_device_new(pack, "dev-1");
    char name[16];
    cr_expect_eq(rule_device_part(d, ""), 0);
    for (int i = 1; i < RULE_PARTS_MAX; i++) {
        snprintf(name, sizeof name, "part%d", i);
        cr_expect_eq(rule_device_part(d, name), i);
    }
    cr_expect_eq(rule_device_part(d, "one-more"), -1);
    cr_expect_eq(rule_device_part(d, "part200"), 200, "what is known stays known");
    cr_expect_eq(rule_device_part(d, ""), 0);
    cr_expect_str_eq(rule_device_part_name(d, 200), "part200");
    cr_expect_str_eq(rule_device_part_name(d, 256), "");
    rule_device_free(d);
    pack_free(pack);
}

Test(device, as_many_parts_as_there_may_be_all_fire) {
    struct pack *pack = rig_rule("v > 5 and on(device) sum(v) > 10 or v > 100", NULL, NULL, NULL);
    struct rule_device *d = rule_device_new(pack, "dev-1");
    struct sample samples[RULE_PARTS_MAX - 1];
    struct firings f;
    firings_init(&f);
    for (int i = 1; i < RULE_PARTS_MAX; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        samples[i - 1] = (struct sample){.metric = 2, .part = rule_device_part(d, name), .event_ms = 1000, .value = 6};
    }
    rule_device_samples(d, samples, RULE_PARTS_MAX - 1, &f);
    cr_expect_eq(f.count, RULE_PARTS_MAX - 1);
    cr_expect_gt(rule_device_bytes(d), (RULE_PARTS_MAX - 1) * 50);
    firings_fini(&f);
    rule_device_free(d);
    pack_free(pack);
}

Test(device, samples_that_belong_to_nothing_are_left_out) {
    struct pack *pack = two_rules();
    struct rule_device *d = rule_device_new(pack, "dev-1");
    struct firings f;
    firings_init(&f);
    struct sample samples[] = {{.metric = -1, .part = 0, .event_ms = 1, .value = 1},
                               {.metric = 100, .part = 0, .event_ms = 1, .value = 1},
                               {.metric = 0, .part = -1, .event_ms = 1, .value = 1},
                               {.metric = 0, .part = 77, .event_ms = 1, .value = 1},
                               {.metric = 0, .part = 0, .event_ms = 1, .value = INFINITY}};
    rule_device_samples(d, samples, 5, &f);
    rule_device_samples(d, samples, 0, &f);
    cr_expect_eq(f.count, 0);
    firings_fini(&f);
    rule_device_free(d);
    pack_free(pack);
}

/* ---- restart ---- */

/* The second life of a device: `replayed` before or after the store's alarms are restored, then `lived`. */
struct restart {
    const char *what, *replayed;
    bool is_restored, is_settled, restores_first;
    const char *lived, *told;
};

Test(device, restart) {
    static const struct restart rows[] = {
        {"raised before, still true: nothing new", "", true, false, false, "100 v/left=6; 150 v/left=6",
         "UPDATE High/left@100"},
        {"raised before, over now: cleared", "", true, false, false, "100 v/left=1", "CLEAR High/left@100"},
        {"raised before, no data yet: nothing", "", true, false, false, "100 a=5", ""},
        {"replayed first, then settled and restored", "0 v/left=6; 10 v/left=6; 20 v/left=6", true, true, false,
         "30 v/left=6; 31 v/left=1", "CLEAR High/left@31"},
        {"restored first, then replayed from before it was raised", "0 v/left=1; 5 v/left=1; 60 v/left=6", true, false,
         true, "70 v/left=6; 71 v/left=1", "CLEAR High/left@71"},
        {"pending before the restart: the hold goes on", "0 v/left=6; 4 v/left=6", false, true, false, "10 v/left=6",
         "RAISE High/left@0"},
        {"the replay believes it raised, the store does not know: raised again", "0 v/left=6; 10 v/left=6", false, true,
         false, "20 v/left=6", "RAISE High/left@0"},
        {"the replay believes it over, the store knows it raised: cleared with the next sample", "0 v/left=1", true,
         true, false, "70 v/left=1", "CLEAR High/left@70"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pack *pack = two_rules();
        struct rule_device *d = rule_device_new(pack, "dev-1");
        struct firings f;
        firings_init(&f);
        if (rows[i].restores_first)
            rule_device_restore(d, "High", "left", false, SEVERITY_IS_MAJOR, 50 * 1000);
        rig_feed(d, pack, rows[i].replayed, &f);
        firings_reset(&f);
        if (rows[i].is_settled)
            rule_device_settle(d);
        if (rows[i].is_restored && !rows[i].restores_first)
            rule_device_restore(d, "High", "left", false, SEVERITY_IS_MAJOR, 0);
        rig_feed(d, pack, rows[i].lived, &f);
        cr_expect_str_eq(rig_firings(&f), rows[i].told, "\"%s\" tells \"%s\", expected \"%s\"", rows[i].what,
                         rig_firings(&f), rows[i].told);
        firings_fini(&f);
        rule_device_free(d);
        pack_free(pack);
    }
}

Test(device, restoring_what_the_pack_no_longer_knows_does_no_harm) {
    struct pack *pack = two_rules();
    struct rule_device *d = rule_device_new(pack, "dev-1");
    struct firings f;
    firings_init(&f);
    rule_device_restore(d, "Gone", "", false, SEVERITY_IS_MAJOR, 0);
    rule_device_restore(d, "E99", "", true, SEVERITY_IS_MAJOR, 0);
    rig_feed(d, pack, "0 a=5", &f);
    rule_device_event(d, "E99", false, "", 1000, &f);
    cr_expect_str_eq(rig_firings(&f), "CLEAR E99@1");
    firings_fini(&f);
    rule_device_free(d);
    pack_free(pack);
}

/* ---- fault codes ---- */

Test(device, fault_codes) {
    struct pack *pack = two_rules();
    struct rule_device *d = rule_device_new(pack, "dev-1");
    struct firings f;
    firings_init(&f);
    rule_device_event(d, "E17", false, "", 500, &f);
    rule_device_event(d, "E17", true, "0.4 bar", 1000, &f);
    rule_device_event(d, "E17", true, "0.4 bar", 2000, &f);
    rule_device_event(d, "E17", true, "0.3 bar", 3000, &f);
    rule_device_event(d, "W1", true, "", 4000, &f);
    rule_device_event(d, "NEW", true, "what is this", 5000, &f);
    rule_device_event(d, "E17", false, "", 6000, &f);
    rule_device_event(d, "NEW", false, "", 7000, &f);
    rule_device_event(d, "NEW", true, "", 8000, &f);
    cr_expect_str_eq(rig_firings(&f),
                     "RAISE E17@1 UPDATE E17@3 RAISE W1@4 RAISE NEW@5 CLEAR E17@6 CLEAR NEW@7 RAISE NEW@8");
    cr_expect_eq(f.items[0].severity, SEVERITY_IS_MAJOR);
    cr_expect(f.items[0].opens_ticket && f.items[0].is_fault_code);
    cr_expect_str_eq(f.items[0].summary, "E17: Low pressure");
    cr_expect_str_eq(f.items[0].description, "0.4 bar");
    cr_expect_str_eq(f.items[0].part, "");
    cr_expect_not(f.items[2].opens_ticket);
    cr_expect_eq(f.items[3].severity, SEVERITY_IS_WARNING);
    cr_expect_not(f.items[3].opens_ticket, "a code that nobody knows opens no ticket");
    cr_expect_str_eq(f.items[3].summary, "NEW: a fault code that the pack does not know");
    firings_fini(&f);
    rule_device_free(d);
    pack_free(pack);
}

Test(device, foreign_fault_codes_are_bounded) {
    struct pack *pack = two_rules();
    struct rule_device *d = rule_device_new(pack, "dev-1");
    struct firings f;
    firings_init(&f);
    for (int i = 0; i < 1000; i++) {
        char code[16];
        snprintf(code, sizeof code, "Z%d", i);
        rule_device_event(d, code, true, "", i, &f);
    }
    cr_expect_eq(f.count, 65);
    cr_expect_str_eq(f.items[63].alarm, "Z63");
    cr_expect_str_eq(f.items[64].alarm, "other-codes");
    cr_expect_lt(rule_device_bytes(d), 20 * 1024);
    firings_fini(&f);
    rule_device_free(d);
    pack_free(pack);
}

Test(device, fault_codes_after_a_restart) {
    struct pack *pack = two_rules();
    struct rule_device *d = rule_device_new(pack, "dev-1");
    struct firings f;
    firings_init(&f);
    rule_device_event(d, "W1", true, "", 100, &f);
    firings_reset(&f);
    rule_device_settle(d);
    rule_device_restore(d, "E17", "", true, SEVERITY_IS_MAJOR, 1000);
    rule_device_event(d, "E17", false, "", 6000, &f);
    rule_device_event(d, "W1", true, "", 7000, &f);
    cr_expect_str_eq(rig_firings(&f), "CLEAR E17@6 RAISE W1@7");
    firings_fini(&f);
    rule_device_free(d);
    pack_free(pack);
}

/* ---- the same for the same ---- */

Test(device, a_day_in_one_message_or_in_many_tells_the_same) {
    struct pack *pack = rig_rule("avg_over_time(a[60s]) > 5 and on(device) max(v) > 2", "20s", "30s", "a < 4");
    struct rule_device *one = rule_device_new(pack, "x"), *many = rule_device_new(pack, "x");
    enum { N = 3000 };
    static struct sample samples[N], copy[N];
    struct firings f, g;
    uint64_t state = 42;
    firings_init(&f);
    firings_init(&g);
    (void)rule_device_part(one, "left");
    (void)rule_device_part(many, "left");
    for (int i = 0; i < N; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        int metric = state >> 60 < 8 ? 0 : 2;
        samples[i] = (struct sample){.metric = metric,
                                     .part = metric == 0 ? 0 : 1,
                                     .event_ms = i * 1500,
                                     .value = (double)(state >> 33 & 1023) / 128 + (i / 300 % 2 ? 3 : -1)};
    }
    memcpy(copy, samples, sizeof samples);
    rule_device_samples(one, samples, N, &f);
    for (size_t at = 0; at < N; at += 7)
        rule_device_samples(many, copy + at, at + 7 < N ? 7 : N - at, &g);
    cr_expect_gt(f.count, 4, "%zu firings", f.count);
    cr_assert_eq(f.count, g.count);
    for (size_t i = 0; i < f.count; i++) {
        cr_expect_eq(f.items[i].kind, g.items[i].kind);
        cr_expect_eq(f.items[i].event_ms, g.items[i].event_ms);
        cr_expect_str_eq(f.items[i].summary, g.items[i].summary);
    }
    firings_fini(&f);
    firings_fini(&g);
    rule_device_free(one);
    rule_device_free(many);
    pack_free(pack);
}
