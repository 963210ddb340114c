/* Evidence in the store: what was put comes back, what was damaged is skipped and found, and all of it stays within its
 * bound. */
#include "store/evidence.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "store/integrity.h"
#include "store/reader_evidence.h"

#define NOW INT64_C(1795309549000)

struct scene {
    struct fixture f;
    int64_t device, ticket, alarm;
};

static void open_scene(struct scene *s) {
    struct ticket_event event = {.at_ms = NOW, .kind = TICKET_EVENT_OPENED};
    struct ticket *ticket = mem_alloc(sizeof *ticket);
    struct alarm alarm = {.severity = SEVERITY_IS_MAJOR, .raised_ms = NOW};
    fixture_open(&s->f);
    s->device = add_device(&s->f, "freezer-7");
    ticket->device_id = s->device;
    ticket->version = 1;
    ticket->opened_ms = ticket->updated_ms = NOW;
    begin(&s->f);
    cr_assert_eq(store_ticket_put(s->f.store, ticket, &event, 1), RESULT_OK, "%s", store_error(s->f.store));
    alarm.device_id = s->device;
    alarm.ticket = s->ticket = ticket->id;
    snprintf(alarm.alarm, sizeof alarm.alarm, "TooWarm");
    snprintf(alarm.part, sizeof alarm.part, "lid");
    cr_assert_eq(store_alarm_put(s->f.store, &alarm), RESULT_OK);
    s->alarm = alarm.id;
    commit(&s->f);
    free(ticket);
}

static struct evidence an_evidence(const struct scene *s, const char *uuid, int64_t asked_ms) {
    struct evidence e = {.device = s->device, .ticket = s->ticket, .alarm = s->alarm, .asked_ms = asked_ms};
    snprintf(e.uuid, sizeof e.uuid, "%s-6f0e-4f55-9b58-2f6b5a3f1d10", uuid);
    e.raised_ms = NOW - 5;
    e.from_ms = NOW - 300000;
    e.to_ms = NOW + 60000;
    return e;
}

/* One part of `count` samples. */
static void add_part(struct scene *s, struct evidence *e, int64_t shift_ms, int count) {
    static struct evidence_writer w;
    static uint8_t block[CAP_EVIDENCE_PART_BYTES];
    evidence_begin(&w, block, sizeof block);
    for (int i = 0; i < count; i++)
        cr_assert_eq(evidence_add_sample(&w, "a", i % 2 ? "lid" : "", NOW + i, i), RESULT_OK);
    cr_assert_eq(store_evidence_part_add(s->f.store, e->id, e->parts, shift_ms, block, w.count), RESULT_OK);
    e->parts++;
    e->samples += count;
    e->bytes += (int64_t)w.count;
    e->state = EVIDENCE_COMPLETE;
    cr_assert_eq(store_evidence_put(s->f.store, e), RESULT_OK);
}

Test(evidence, a_row_comes_back_as_it_went) {
    struct scene s;
    struct evidence got;
    open_scene(&s);
    struct evidence e = an_evidence(&s, "0b0c7f3e", NOW);
    begin(&s.f);
    cr_assert_eq(store_evidence_put(s.f.store, &e), RESULT_OK, "%s", store_error(s.f.store));
    e.state = EVIDENCE_PARTIAL;
    e.first_ms = NOW - 9;
    e.last_ms = NOW + 9;
    e.samples = 7;
    e.logs = 2;
    e.series = 3;
    e.missed = 4;
    e.next = 65540;
    snprintf(e.why, sizeof e.why, "no more");
    snprintf(e.recorder, sizeof e.recorder, "1b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10");
    cr_assert_eq(store_evidence_put(s.f.store, &e), RESULT_OK);
    cr_assert_eq(store_evidence_find(s.f.store, e.uuid, &got), RESULT_OK);
    cr_expect(got.id == e.id && got.device == s.device && got.ticket == s.ticket && got.alarm == s.alarm);
    cr_expect(got.state == EVIDENCE_PARTIAL && got.asked_ms == NOW && got.raised_ms == NOW - 5 &&
              got.from_ms == NOW - 300000 && got.to_ms == NOW + 60000);
    cr_expect(got.first_ms == NOW - 9 && got.last_ms == NOW + 9 && got.samples == 7 && got.logs == 2 &&
              got.series == 3 && got.missed == 4 && got.next == 65540);
    cr_expect_str_eq(got.why, "no more");
    cr_expect_str_eq(got.recorder, e.recorder);
    cr_expect_str_eq(got.alarm_name, "TooWarm");
    cr_expect_str_eq(got.alarm_part, "lid");
    cr_expect_eq(store_evidence_find(s.f.store, "1b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10", &got), RESULT_NOT_FOUND);
    commit(&s.f);
    fixture_close(&s.f);
}

Test(evidence, what_was_asked_lately_is_counted) {
    struct scene s;
    int64_t count, newest_ms;
    bool is_open;
    open_scene(&s);
    struct evidence old = an_evidence(&s, "0b0c7f3e", NOW - 90000), now = an_evidence(&s, "1b0c7f3e", NOW);
    begin(&s.f);
    cr_assert_eq(store_evidence_recent(s.f.store, s.device, 0, &count, &newest_ms, &is_open), RESULT_OK);
    cr_expect(count == 0 && newest_ms == 0 && !is_open);
    cr_assert_eq(store_evidence_put(s.f.store, &old), RESULT_OK);
    cr_assert_eq(store_evidence_put(s.f.store, &now), RESULT_OK);
    cr_assert_eq(store_evidence_recent(s.f.store, s.device, 0, &count, &newest_ms, &is_open), RESULT_OK);
    cr_expect(count == 2 && newest_ms == NOW && is_open);
    now.state = old.state = EVIDENCE_FAILED;
    cr_assert_eq(store_evidence_put(s.f.store, &now), RESULT_OK);
    cr_assert_eq(store_evidence_put(s.f.store, &old), RESULT_OK);
    cr_assert_eq(store_evidence_recent(s.f.store, s.device, NOW - 60000, &count, &newest_ms, &is_open), RESULT_OK);
    cr_expect(count == 1 && newest_ms == NOW && !is_open);
    cr_assert_eq(store_evidence_recent(s.f.store, s.device + 1, 0, &count, &newest_ms, &is_open), RESULT_OK);
    cr_expect_eq(count, 0, "another device");
    commit(&s.f);
    fixture_close(&s.f);
}

struct seen {
    int rows, items, dropped;
    int64_t first_ms;
};
static void see_row(void *self, const struct evidence *e, const char *names) {
    struct seen *seen = self;
    seen->rows++;
    seen->dropped += e->state == EVIDENCE_DROPPED;
    cr_expect_str_eq(names, "a\na/lid\n");
}
static void see_item(void *self, struct evidence_item *item) {
    struct seen *seen = self;
    if (seen->items++ == 0)
        seen->first_ms = item->sample.event_ms;
}
static void see_finding(void *self, const struct integrity_finding *finding) {
    struct seen *seen = self;
    seen->rows++;
    cr_expect_str_eq(finding->table, "evidence_part");
}

static struct seen read_items(struct scene *s, int64_t id, int64_t *damaged) {
    struct seen seen = {0};
    struct reader *reader = open_reader(&s->f);
    cr_assert_eq(reader_evidence_items(reader, id, see_item, &seen, damaged), RESULT_OK);
    reader_close(reader);
    return seen;
}

Test(evidence, promise_8_a_flipped_bit_anywhere_in_a_part_is_found_and_the_others_are_read) {
    struct scene s;
    struct integrity_totals totals;
    struct fault fault;
    int64_t damaged;
    open_scene(&s);
    struct evidence e = an_evidence(&s, "0b0c7f3e", NOW);
    begin(&s.f);
    cr_assert_eq(store_evidence_put(s.f.store, &e), RESULT_OK);
    add_part(&s, &e, 0, 10);
    add_part(&s, &e, -5000, 4);
    commit(&s.f);
    struct seen seen = read_items(&s, e.id, &damaged);
    cr_expect(seen.items == 14 && damaged == 0);
    static const char *const damages[] = {
        "UPDATE evidence_part SET shift_ms = shift_ms + 1 WHERE part = 0",
        "UPDATE evidence_part SET shift_ms = shift_ms - 1, crc = crc + 1 WHERE part = 0",
        "UPDATE evidence_part SET crc = crc - 1, bytes = substr(bytes, 1, 9) || x'00' || substr(bytes, 11) WHERE part "
        "= 0",
    };
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        ask(&s.f, damages[i]);
        seen = read_items(&s, e.id, &damaged);
        cr_expect(seen.items == 4 && damaged == 1 && seen.first_ms == NOW - 5000, "%s", damages[i]);
        seen = (struct seen){0};
        cr_assert_eq(integrity_verify(s.f.path, see_finding, &seen, &totals, &fault), RESULT_OK, "%s", fault.text);
        cr_expect_eq(seen.rows, 1, "%s", damages[i]);
    }
    fixture_close(&s.f);
}

Test(evidence, the_oldest_make_room_and_keep_their_rows) {
    struct scene s;
    struct seen seen = {0};
    int64_t damaged;
    open_scene(&s);
    struct evidence last = {0};
    begin(&s.f);
    for (int i = 0; i < 10; i++) {
        char uuid[16];
        snprintf(uuid, sizeof uuid, "%08d", i);
        struct evidence e = an_evidence(&s, uuid, NOW + i);
        cr_assert_eq(store_evidence_put(s.f.store, &e), RESULT_OK);
        cr_assert_eq(store_evidence_set_names(s.f.store, e.id, "a\na/lid\n"), RESULT_OK);
        add_part(&s, &e, 0, 100);
        last = e;
    }
    commit(&s.f);
    cr_expect_eq(ask(&s.f, "SELECT n FROM tally WHERE name = 'evidence_bytes'"), 10 * last.bytes);
    for (int i = 0; i < 5; i++) {
        begin(&s.f);
        cr_assert_eq(store_evidence_trim(s.f.store, 3 * last.bytes), RESULT_OK);
        commit(&s.f);
    }
    const int64_t left = ask(&s.f, "SELECT n FROM tally WHERE name = 'evidence_bytes'");
    cr_expect(left > 0 && left <= 3 * last.bytes, "%lld", (long long)left);
    cr_expect_eq(ask(&s.f, "SELECT sum(length(bytes)) FROM evidence_part"), left, "the tally is true");
    struct reader *reader = open_reader(&s.f);
    cr_assert_eq(reader_evidence_of(reader, s.ticket, see_row, &seen), RESULT_OK);
    reader_close(reader);
    cr_expect(seen.rows == 10 && seen.dropped == 10 - left / last.bytes, "%d dropped", seen.dropped);
    cr_expect_eq(read_items(&s, last.id, &damaged).items, 100, "the newest is whole");
    fixture_close(&s.f);
}
