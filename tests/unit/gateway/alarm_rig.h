/* What tests of the life of alarms share: a site of devices, what they say, and what became of it. */
#pragma once
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include "cases.h"
#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"
#include "fleet.h"
#include "store/devices.h"
#include "store/incidents.h"
#include "store/maintenance_rows.h"
#include "store/shelves.h"

enum { MINUTE = 60 * 1000 };

static inline struct fixture *with_site(void) {
    struct fixture *f = fixture_new();
    struct buf problems;
    buf_init(&problems, 65536);
    packs_free(f->packs);
    cr_assert_eq(packs_load("tests/integration/packs", &f->packs, &problems), RESULT_OK, "%s", buf_text(&problems));
    buf_fini(&problems);
    f->core.packs = f->packs;
    return f;
}

static inline int64_t now_ms(const struct fixture *f) {
    return clock_wall_ms() + f->later_ms;
}

static uint64_t next_seq;

/* One sample, measured so long ago. */
static inline void tele(struct fixture *f, const char *device, const char *metric, double value, int64_t ago_ms) {
    static const char *const units[][2] = {{"level", "m"}, {"supply", "V"}, {"pressure", "Pa"}, {"sensor_silent", "s"}};
    char topic[CAP_TOPIC_BYTES + 1], payload[300];
    const char *unit = "count";
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i][0], metric) == 0)
            unit = units[i][1];
    topic_format(device, TOPIC_UP_TELE, topic);
    snprintf(payload, sizeof payload, "[{\"n\":\"%s\",\"u\":\"%s\",\"t\":%.3f,\"v\":%g}]", metric, unit,
             (double)(now_ms(f) - ago_ms) / 1000, value);
    const uint64_t seq = ++next_seq;
    fixture_feed(f, topic, payload, strlen(payload), fixture_bulk, seq, seq);
}

static inline void code(struct fixture *f, const char *device, const char *name, bool is_active, int64_t ago_ms) {
    char topic[CAP_TOPIC_BYTES + 1], payload[300];
    topic_format(device, TOPIC_UP_EVENT, topic);
    snprintf(payload, sizeof payload,
             "{\"t\":%lld,\"kind\":\"fault\",\"code\":\"%s\",\"active\":%s,\"severity\":3,\"text\":\"x\"}",
             (long long)(now_ms(f) - ago_ms), name, is_active ? "true" : "false");
    fixture_feed(f, topic, payload, strlen(payload), NULL, 0, 0);
}

static inline void born(struct fixture *f, const char *device) {
    fixture_birth(f, device, "site-device");
    next_seq = 0;
}

static struct alarm newest;
static int alarms_seen;
static inline void see_alarm(void *self, const struct alarm *alarm) {
    if (strcmp(alarm->alarm, self) == 0 && alarms_seen++ == 0)
        newest = *alarm;
}
/* The newest row of that alarm on the device. */
static inline const struct alarm *alarm_of(struct fixture *f, const char *device, const char *name) {
    alarms_seen = 0;
    newest = (struct alarm){0};
    cr_assert_eq(
        reader_alarms(f->reader, &(struct alarm_query){.device = device, .limit = 100}, see_alarm, (void *)name),
        RESULT_OK);
    return &newest;
}

static inline void count_ticket(void *self, const struct ticket *ticket) {
    (void)ticket;
    ++*(int *)self;
}
static inline int tickets(struct fixture *f) {
    int count = 0;
    int64_t next;
    cr_assert_eq(reader_tickets(f->reader, &(struct ticket_query){.limit = 500}, count_ticket, &count, &next),
                 RESULT_OK);
    return count;
}

static char reply[8192];
static inline int ask(struct fixture *f, enum change_verb verb, int64_t id, const char *body) {
    char text[24];
    snprintf(text, sizeof text, "%lld", (long long)id);
    struct change *change = fixture_ask(f, verb, "eva", ROLE_ENGINEER, text, body);
    const int status = change->status;
    snprintf(reply, sizeof reply, "%s", buf_text(&change->reply));
    change_free(change);
    return status;
}

static inline void silent(struct fixture *f, const char *device, const char *name, enum silence silence,
                          int want_tickets) {
    const struct alarm *a = alarm_of(f, device, name);
    cr_expect(a->is_active && a->silence == silence, "%s is %s, expected %s", name, silence_name(a->silence),
              silence_name(silence));
    cr_expect_eq(tickets(f), want_tickets, "%d tickets", tickets(f));
}

/* A turn of its own for what a test does by hand. */
static inline void begin(struct fixture *f) {
    f->core.now_ms = now_ms(f);
    f->core.now_mono_ms = clock_mono_ms() + f->later_ms;
    cr_assert_eq(store_begin(f->core.store), RESULT_OK);
}

static inline void end(struct fixture *f) {
    cr_assert_eq(pipeline_finish(&f->core), RESULT_OK);
    cr_assert_eq(store_commit(f->core.store), RESULT_OK, "%s", store_error(f->core.store));
    effects_run(f->core.effects, NULL);
}
