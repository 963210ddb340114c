/* Evidence: who is asked, for what stretch, how often; what a clock that is off does; what a restart and an expiry do.
 * Real store, real packs; the product is this file. */
#include "pull.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"
#include "store/reader_evidence.h"

#define DEVICE   "freezer-7"
#define RECORDER "1b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10"
enum { MINUTE_MS = 60 * 1000, BEFORE_MS = 5 * MINUTE_MS, AFTER_MS = 10 * 1000 /* rules/vaccine-freezer/pack.yaml */ };

struct scene {
    struct fixture *f;
    uint64_t seq;     /* of the urgent stream */
    int64_t error_ms; /* of the product's wall clock */
    int64_t begun_mono_ms;
};

static void say(struct scene *s, enum topic_kind kind, const void *payload, size_t bytes, bool is_stamped) {
    char topic[CAP_TOPIC_BYTES + 1];
    struct wire_stamp stamp = {.mono_ms = clock_mono_ms() + s->f->later_ms - s->begun_mono_ms,
                               .wall_ms = clock_wall_ms() + s->f->later_ms + s->error_ms};
    if (is_stamped) {
        stamp.seq = stamp.from = ++s->seq;
        snprintf(stamp.stream, sizeof stamp.stream, "%s", fixture_urgent);
    }
    clock_boot_id(stamp.boot);
    topic_format(DEVICE, kind, topic);
    fixture_feed_stamp(s->f, topic, payload, bytes, &stamp);
}

static void introduce(struct scene *s, int64_t evidence_bytes) {
    struct birth_message birth = {.event_ms = clock_wall_ms(), .evidence_bytes = evidence_bytes};
    struct buf payload;
    buf_init(&payload, 4096);
    snprintf(birth.model, sizeof birth.model, "vaccine-freezer");
    snprintf(birth.agent, sizeof birth.agent, "1.0");
    clock_boot_id(birth.boot);
    birth_encode(&birth, &payload);
    say(s, TOPIC_UP_BIRTH, payload.data, payload.count, false);
    buf_fini(&payload);
}

static struct scene open_scene(int64_t evidence_bytes, int64_t error_ms) {
    struct scene s = {.f = fixture_new(), .error_ms = error_ms, .begun_mono_ms = clock_mono_ms() - MINUTE_MS};
    s.f->settings.evidence_bytes = 1 << 30;
    fake_commands = 0;
    fake_command[0] = '\0';
    introduce(&s, evidence_bytes);
    return s;
}

static void fault_at(struct scene *s, const char *code, bool is_active, int64_t event_ms) {
    char payload[300];
    snprintf(payload, sizeof payload, "{\"t\":%lld,\"kind\":\"fault\",\"code\":\"%s\",\"active\":%s,\"severity\":3}",
             (long long)event_ms, code, is_active ? "true" : "false");
    say(s, TOPIC_UP_EVENT, payload, strlen(payload), true);
}
static void fault(struct scene *s, const char *code, bool is_active) {
    fault_at(s, code, is_active, clock_wall_ms() + s->f->later_ms + s->error_ms);
}

/* The newest command, if it is a pull. */
static bool newest_pull(struct scene *s, struct evidence_wish *wish, char id[CAP_UUID_BYTES + 1]) {
    struct command_message command;
    struct fault fault;
    fixture_tick(s->f); /* what was committed is published by the next turn */
    if (command_decode(fake_command, strlen(fake_command), &command, &fault) != RESULT_OK)
        return false;
    const bool is_pull = strcmp(command.verb, EVIDENCE_VERB) == 0;
    if (is_pull) {
        cr_assert_eq(evidence_wish_read(command.args, wish, &fault), RESULT_OK, "%s", fault.text);
        snprintf(id, CAP_UUID_BYTES + 1, "%s", command.id);
    }
    command_fini(&command);
    return is_pull;
}

/* One part of two samples around the middle of what was asked for. */
static void answer(struct scene *s, const struct evidence_wish *wish, const char *id, uint64_t next) {
    static struct evidence_writer writer;
    static uint8_t block[1024];
    struct evidence_part part = {.next = next, .held_from_ms = wish->from_ms, .held_to_ms = wish->to_ms};
    struct buf result, reply;
    evidence_begin(&writer, block, sizeof block);
    cr_assert_eq(evidence_add_sample(&writer, "air_temperature", "", wish->to_ms - 1000, -20), RESULT_OK);
    cr_assert_eq(evidence_add_sample(&writer, "air_temperature", "", wish->to_ms, -19.9), RESULT_OK);
    snprintf(part.evidence, sizeof part.evidence, "%s", wish->evidence);
    snprintf(part.recorder, sizeof part.recorder, "%s", RECORDER);
    part.block = block;
    part.block_bytes = writer.count;
    buf_init(&result, CAP_PAYLOAD_BYTES);
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    evidence_part_print(&part, &result);
    reply_encode_ok(id, buf_text(&result), &reply);
    say(s, TOPIC_UP_REPLY, reply.data, reply.count, false);
    buf_fini(&reply);
    buf_fini(&result);
}

struct rows {
    int count;
    struct evidence newest;
};
static void take_row(void *self, const struct evidence *e, const char *names) {
    struct rows *rows = self;
    (void)names;
    if (rows->count++ == 0)
        rows->newest = *e;
}
static struct rows rows_of(struct scene *s, int64_t ticket) {
    struct rows rows = {0};
    cr_assert_eq(reader_evidence_of(s->f->reader, ticket, take_row, &rows), RESULT_OK);
    return rows;
}

static void drop_all(struct scene *s) {
    struct evidence_wish wish;
    char id[CAP_UUID_BYTES + 1];
    while (newest_pull(s, &wish, id) && fake_command[0]) {
        answer(s, &wish, id, 0);
        fake_command[0] = '\0';
    }
}

Test(pull, an_alarm_asks_for_its_stretch_and_what_comes_is_in_its_ticket) {
    struct scene s = open_scene(65536, 0);
    struct evidence_wish wish;
    char id[CAP_UUID_BYTES + 1];
    const int64_t raised_ms = clock_wall_ms();
    fault_at(&s, "E17", true, raised_ms);
    cr_assert(newest_pull(&s, &wish, id));
    cr_expect(wish.from_ms == raised_ms - BEFORE_MS && wish.to_ms == raised_ms + AFTER_MS && wish.at == 0);
    answer(&s, &wish, id, 65540);
    cr_expect_eq(rows_of(&s, 1).newest.state, EVIDENCE_ARRIVING);
    fixture_restart(s.f); /* as after a kill */
    cr_assert(newest_pull(&s, &wish, id));
    cr_expect_eq(wish.at, 65540);
    cr_expect_str_eq(wish.recorder, RECORDER);
    answer(&s, &wish, id, 0);
    const struct rows rows = rows_of(&s, 1);
    cr_expect(rows.count == 1 && rows.newest.state == EVIDENCE_COMPLETE && rows.newest.samples == 4 &&
              rows.newest.parts == 2 && rows.newest.series == 1 && rows.newest.last_ms == raised_ms + AFTER_MS);
    cr_expect_eq(s.f->core.figures.evidence_attached, 1);
    answer(&s, &wish, id, 0);
    cr_expect_eq(rows_of(&s, 1).newest.samples, 4, "an answer that comes twice counts once");
    fixture_free(s.f);
}

Test(pull, who_is_not_asked) {
    static const struct {
        const char *what;
        int64_t evidence_bytes, store_bytes, ago_ms;
        bool is_short;
        bool is_asked;
    } rows[] = {
        {"one that offers it", 65536, 1 << 30, 0, false, true},
        {"one that does not", 0, 1 << 30, 0, false, false},
        {"anybody, when the operator wants none", 65536, 0, 0, false, false},
        {"one that tells of a backlog", 65536, 1 << 30, PULL_LATE_MS + MINUTE_MS, false, false},
        {"one that is a little late", 65536, 1 << 30, PULL_LATE_MS - MINUTE_MS, false, true},
        {"anybody, while the disk is short", 65536, 1 << 30, 0, true, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scene s = open_scene(rows[i].evidence_bytes, 0);
        struct evidence_wish wish;
        char id[CAP_UUID_BYTES + 1];
        s.f->settings.evidence_bytes = rows[i].store_bytes;
        s.f->core.figures.is_short_of_disk = rows[i].is_short;
        fault_at(&s, "E17", true, clock_wall_ms() - rows[i].ago_ms);
        cr_expect_eq(newest_pull(&s, &wish, id), rows[i].is_asked, "%s", rows[i].what);
        cr_expect_eq(s.f->core.figures.tickets_opened, 1, "%s", rows[i].what);
        fixture_free(s.f);
    }
}

Test(pull, one_a_minute_and_not_two_at_a_time) {
    struct scene s = open_scene(65536, 0);
    struct evidence_wish wish;
    char id[CAP_UUID_BYTES + 1];
    fault(&s, "E17", true);
    fault(&s, "E01", true);
    cr_expect_eq(s.f->core.figures.evidence_asked, 1);
    s.f->later_ms = 2 * MINUTE_MS;
    fault(&s, "E05", true);
    cr_expect_eq(s.f->core.figures.evidence_asked, 1, "the first one is not over");
    cr_assert(newest_pull(&s, &wish, id));
    answer(&s, &wish, id, 0);
    fault(&s, "E09", true);
    cr_expect_eq(s.f->core.figures.evidence_asked, 2);
    fixture_free(s.f);
}

Test(pull, so_many_a_day) {
    struct scene s = open_scene(65536, 0);
    for (int i = 0; i < PULLS_A_DAY + 5; i++) {
        fake_command[0] = '\0';
        fault(&s, "E17", true);
        drop_all(&s);
        fault(&s, "E17", false);
        s.f->later_ms += 2 * MINUTE_MS;
    }
    cr_expect_eq(s.f->core.figures.evidence_asked, PULLS_A_DAY);
    s.f->later_ms += 24 * 60 * MINUTE_MS;
    introduce(&s, 65536);
    fault(&s, "E17", true);
    cr_expect_eq(s.f->core.figures.evidence_asked, PULLS_A_DAY + 1, "another day");
    fixture_free(s.f);
}

Test(pull, a_product_whose_clock_is_off_is_asked_in_its_own_time) {
    static const int64_t errors[] = {3600 * 1000, -86400 * 1000};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        struct scene s = open_scene(65536, errors[i]);
        struct evidence_wish wish;
        char id[CAP_UUID_BYTES + 1];
        const int64_t now = clock_wall_ms();
        fault(&s, "E17", true);
        cr_assert(newest_pull(&s, &wish, id));
        cr_expect_lt(llabs(wish.to_ms - AFTER_MS - (now + errors[i])), 5000, "by its clock");
        answer(&s, &wish, id, 0);
        const struct evidence e = rows_of(&s, 1).newest;
        cr_expect_lt(llabs(e.raised_ms - now), 5000, "in true time");
        cr_expect_lt(llabs(e.last_ms - AFTER_MS - now), 5000, "in true time");
        fixture_free(s.f);
    }
}

Test(pull, nobody_waits_for_ever) {
    struct scene s = open_scene(65536, 0);
    fault(&s, "E17", true);
    fixture_tick(s.f);
    s.f->later_ms = AFTER_MS + PULL_EXPIRES_MS + MINUTE_MS;
    fixture_tick(s.f);
    const struct rows rows = rows_of(&s, 1);
    cr_expect_eq(rows.newest.state, EVIDENCE_FAILED);
    cr_expect_str_eq(rows.newest.why, "the product did not answer in time");
    cr_expect_eq(s.f->core.figures.evidence_failed, 1);
    fixture_free(s.f);
}

Test(pull, a_product_that_never_ends_is_ended) {
    static const uint64_t nexts[] = {7, 65540};
    struct scene s = open_scene(65536, 0);
    struct evidence_wish wish;
    char id[CAP_UUID_BYTES + 1];
    fault(&s, "E17", true);
    for (size_t i = 0; i < 2; i++) {
        cr_assert(newest_pull(&s, &wish, id));
        answer(&s, &wish, id, nexts[1 - i]); /* backwards */
    }
    const struct rows rows = rows_of(&s, 1);
    cr_expect_eq(rows.newest.state, EVIDENCE_PARTIAL);
    cr_expect_str_eq(rows.newest.why, "the product did not go forward");
    fixture_free(s.f);
}

static const char *report_of(struct scene *s, struct buf *out) {
    buf_reset(out);
    cr_assert_eq(pull_report(&s->f->core, 1, out), RESULT_OK);
    return buf_text(out);
}

Test(pull, a_report_tells_of_what_is_there_and_of_nothing_else) {
    struct scene s = open_scene(65536, 0);
    struct evidence_wish wish;
    char id[CAP_UUID_BYTES + 1];
    struct buf out;
    buf_init(&out, 4096);
    fault(&s, "E17", true);
    cr_assert(newest_pull(&s, &wish, id));
    cr_expect_str_eq(report_of(&s, &out), "", "asked for only");
    answer(&s, &wish, id, 0);
    cr_expect(strstr(report_of(&s, &out), "## Around the alarm"), "%s", buf_text(&out));
    cr_expect(strstr(buf_text(&out), "| 1 s, 1 metric, 2 samples |"), "%s", buf_text(&out));
    buf_fini(&out);
    fixture_free(s.f);
}
