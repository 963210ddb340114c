/* The recorder: a ring that forgets its oldest, holds still when asked, and moves with the clock. */
#include "recorder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#define NOW INT64_C(1795309549000)
enum { READ_MAX = 200000 };

static struct recorder *recorder;
static struct {
    size_t count, logs, parts;
    double values[READ_MAX];
    int64_t first_ms, last_ms;
} got;

static void set_up(void) {
    recorder = recorder_new(RECORDER_LEAST_BYTES);
}
static void tear_down(void) {
    recorder_free(recorder);
}
TestSuite(recorder, .init = set_up, .fini = tear_down);

static void sample_of(const char *metric, int64_t event_ms, double value) {
    struct senml_record r = {.event_ms = event_ms, .value = value};
    snprintf(r.metric, sizeof r.metric, "%s", metric);
    recorder_sample(recorder, &r);
}
static void sample(int64_t event_ms, double value) {
    sample_of("a", event_ms, value);
}

static void take_part(const uint8_t *block, size_t bytes) {
    static struct evidence_reader reader;
    static struct evidence_item item;
    struct fault fault;
    bool is_end = false;
    cr_assert_eq(evidence_open(&reader, block, bytes, &fault), RESULT_OK);
    while (evidence_next(&reader, &item, &is_end, &fault) == RESULT_OK && !is_end) {
        int64_t event_ms = item.is_log ? item.log.event_ms : item.sample.event_ms;
        got.first_ms = got.count + got.logs == 0 || event_ms < got.first_ms ? event_ms : got.first_ms;
        got.last_ms = got.count + got.logs == 0 || event_ms > got.last_ms ? event_ms : got.last_ms;
        if (item.is_log) {
            got.logs++;
        } else if (got.count < READ_MAX) {
            got.values[got.count++] = item.sample.value;
        }
    }
    cr_assert(is_end, "%s", fault.text);
}

/* Everything of a stretch, in parts of so many bytes. */
static void read_all(struct evidence_wish *wish, size_t part_bytes) {
    static struct evidence_writer writer;
    static uint8_t block[CAP_EVIDENCE_PART_BYTES];
    memset(&got, 0, sizeof got);
    for (wish->at = 0; got.parts == 0 || wish->at != 0; got.parts++) {
        evidence_begin(&writer, block, part_bytes);
        recorder_read(recorder, wish, &writer, &wish->at);
        take_part(block, writer.count);
        cr_assert_lt(got.parts, 10000);
    }
}
static void read_between(int64_t from_ms, int64_t to_ms) {
    struct evidence_wish wish = {.from_ms = from_ms, .to_ms = to_ms};
    read_all(&wish, CAP_EVIDENCE_PART_BYTES);
}

Test(recorder, an_empty_one_holds_nothing) {
    struct recorder_span span = recorder_span(recorder);
    cr_expect(span.from_ms == 0 && span.to_ms == 0 && span.bytes == 0);
    read_between(0, NOW);
    cr_expect_eq(got.count, 0);
    cr_expect_eq(got.parts, 1);
}

Test(recorder, gives_a_stretch_with_its_ends) {
    for (int i = 0; i < 1000; i++) {
        sample(NOW + i * 100, i);
    }
    read_between(NOW + 10000, NOW + 20000);
    cr_assert_eq(got.count, 101);
    cr_expect(got.values[0] == 100 && got.values[100] == 200);
    cr_expect(got.first_ms == NOW + 10000 && got.last_ms == NOW + 20000);
}

Test(recorder, parts_of_any_size_give_the_same) {
    static const size_t sizes[] = {1024, 1500, 8192, CAP_EVIDENCE_PART_BYTES};
    for (int i = 0; i < 5000; i++) {
        sample_of(i % 3 ? "a" : "b", NOW + i * 10, i + 0.5);
    }
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        struct evidence_wish wish = {.from_ms = NOW, .to_ms = NOW + 100000};
        read_all(&wish, sizes[s]);
        cr_assert_eq(got.count, 5000, "%zu", sizes[s]);
        for (int i = 0; i < 5000; i++) {
            cr_assert_eq(got.values[i], i + 0.5, "%zu: %d", sizes[s], i);
        }
    }
}

Test(recorder, gives_only_the_metrics_that_are_asked_for) {
    struct log_record line = {.event_ms = NOW, .severity = 6, .text = "x"};
    for (int i = 0; i < 30; i++) {
        sample_of(i % 3 == 0 ? "a" : i % 3 == 1 ? "b" : "c", NOW, i);
    }
    recorder_log(recorder, &line);
    struct evidence_wish wish = {.from_ms = NOW, .to_ms = NOW, .metric_count = 2, .metrics = {"c", "a"}};
    read_all(&wish, CAP_EVIDENCE_PART_BYTES);
    cr_expect_eq(got.count, 20);
    cr_expect_eq(got.logs, 0, "log lines are not a metric");
    read_between(NOW, NOW);
    cr_expect_eq(got.count, 30);
    cr_expect_eq(got.logs, 1);
}

Test(recorder, forgets_the_oldest_and_never_the_newest) {
    enum { COUNT = 100000 };
    for (int i = 0; i < COUNT; i++) {
        sample(NOW + i, i);
    }
    struct recorder_span span = recorder_span(recorder);
    cr_expect_leq(span.bytes, RECORDER_LEAST_BYTES);
    cr_expect_geq(span.bytes, RECORDER_LEAST_BYTES * 3 / 4, "it is used well: %zu", span.bytes);
    cr_expect_eq(span.to_ms, NOW + COUNT - 1);
    cr_expect_gt(span.from_ms, NOW);
    cr_expect_eq(span.records, COUNT);
    read_between(NOW, NOW + COUNT);
    cr_expect_eq(got.first_ms, span.from_ms);
    cr_expect_eq((int64_t)got.count, span.to_ms - span.from_ms + 1, "without a hole");
}

Test(recorder, a_reader_that_was_overtaken_goes_on_with_the_oldest) {
    static struct evidence_writer writer;
    static uint8_t block[1024];
    struct evidence_wish wish = {.from_ms = 0, .to_ms = NOW * 2};
    for (int i = 0; i < 20000; i++) {
        sample(NOW + i, i);
    }
    evidence_begin(&writer, block, sizeof block);
    recorder_read(recorder, &wish, &writer, &wish.at);
    cr_assert_neq(wish.at, 0);
    for (int i = 20000; i < 100000; i++) {
        sample(NOW + i, i);
    }
    evidence_begin(&writer, block, sizeof block);
    recorder_read(recorder, &wish, &writer, &wish.at);
    memset(&got, 0, sizeof got);
    take_part(block, writer.count);
    cr_expect_eq(got.first_ms, recorder_span(recorder).from_ms);
}

Test(recorder, what_is_held_stays_but_for_a_quarter) {
    int i = 0;
    for (; i < 100000; i++) {
        sample(NOW + i, i);
    }
    struct recorder_span before = recorder_span(recorder);
    recorder_hold(recorder, before.from_ms);
    for (; i < 200000; i++) {
        sample(NOW + i, i);
    }
    struct recorder_span held = recorder_span(recorder);
    const int64_t whole = before.to_ms - before.from_ms;
    cr_expect_gt(held.missed, 0);
    cr_expect_lt(held.from_ms, before.from_ms + whole * 3 / 8, "at least five eighths of it stay");
    cr_expect_gt(held.to_ms, before.to_ms, "and something of after is there");
    recorder_release(recorder);
    for (; i < 300000; i++) {
        sample(NOW + i, i);
    }
    cr_expect_eq(recorder_span(recorder).to_ms, NOW + 300000 - 1, "recording goes on");
}

Test(recorder, what_is_older_than_the_hold_makes_room_first) {
    int i = 0;
    for (; i < 100000; i++) {
        sample(NOW + i, i);
    }
    struct recorder_span before = recorder_span(recorder);
    const int64_t from_ms = before.to_ms - 3000;
    recorder_hold(recorder, from_ms);
    for (; i < 100000 + (before.to_ms - before.from_ms) / 2; i++) {
        sample(NOW + i, i);
    }
    struct recorder_span held = recorder_span(recorder);
    cr_expect_eq(held.missed, 0);
    cr_expect_leq(held.from_ms, from_ms, "nothing of what is held went");
}

Test(recorder, moves_with_a_clock_that_is_set) {
    static const int64_t steps[] = {3600 * 1000, -7200 * 1000, 25};
    int64_t moved = 0;
    sample(NOW, 1);
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        recorder_step(recorder, steps[i]);
        moved += steps[i];
        read_between(NOW + moved, NOW + moved);
        cr_expect_eq(got.count, 1, "step %zu", i);
    }
    sample(NOW + moved + 10, 2);
    read_between(NOW + moved, NOW + moved + 10);
    cr_expect_eq(got.count, 2, "before and after the steps, on one scale");
    read_between(NOW - 5, NOW + 5);
    cr_expect_eq(got.count, 0, "nothing where it was recorded");
}

Test(recorder, a_step_to_before_1970_loses_those_records_and_nothing_else) {
    sample(1000, 1);
    recorder_step(recorder, -5000);
    sample(2000, 2);
    read_between(0, 10000);
    cr_expect_eq(got.count, 1);
}

Test(recorder, cuts_long_lines_at_a_character) {
    struct log_record line = {.event_ms = NOW, .severity = 6};
    for (size_t i = 0; i + 3 <= CAP_LOG_TEXT_BYTES; i += 3) {
        memcpy(line.text + i, "泵", 3);
    }
    recorder_log(recorder, &line);
    read_between(NOW, NOW);
    cr_expect_eq(got.logs, 1, "it still decodes, so no character was torn");
    cr_expect_lt(recorder_span(recorder).bytes, RECORDER_TEXT_BYTES + 64);
}

Test(recorder, takes_no_value_that_is_none) {
    sample(NOW, 1.0 / 0.0);
    cr_expect_eq(recorder_span(recorder).records, 0);
    sample(NOW, 1);
    cr_expect_eq(recorder_span(recorder).records, 1);
}
