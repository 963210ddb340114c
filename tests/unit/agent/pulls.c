/* Pulls: who is answered, when, with what, and who is refused. */
#include "pulls.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "scratch.h"
#include "turn.h"

#define NOW   INT64_C(1795309549000)
#define FIRST "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10"
#define OTHER "1b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10"

static struct loop *loop;
static struct recorder *recorder;
static struct budget *budget;
static struct pulls *pulls;
static struct wall wall;
static struct moment clocks;
static struct {
    int count;
    char id[CAP_UUID_BYTES + 1], error[CAP_CODE_BYTES + 1], text[256];
    bool ok;
    uint64_t next;
    char recorder[CAP_UUID_BYTES + 1];
    size_t samples;
} said;

static struct moment read_clocks(void *self) {
    (void)self;
    return clocks;
}

static void count_samples(const struct evidence_part *part) {
    static struct evidence_reader reader;
    static struct evidence_item item;
    struct fault fault;
    bool is_end = false;
    said.samples = 0;
    cr_assert_eq(evidence_open(&reader, part->block, part->block_bytes, &fault), RESULT_OK);
    while (evidence_next(&reader, &item, &is_end, &fault) == RESULT_OK && !is_end) {
        said.samples++;
    }
}

static void on_reply(void *self, const char *id, const void *payload, size_t bytes) {
    (void)self;
    struct reply_message reply;
    struct evidence_part part;
    struct fault fault;
    cr_assert_eq(reply_decode(payload, bytes, &reply, &fault), RESULT_OK, "%s", fault.text);
    said.count++;
    said.ok = reply.ok;
    snprintf(said.id, sizeof said.id, "%s", id);
    snprintf(said.error, sizeof said.error, "%s", reply.error);
    snprintf(said.text, sizeof said.text, "%.255s", reply.text);
    cr_expect_str_eq(reply.id, id);
    if (reply.ok) {
        cr_assert_eq(evidence_part_read(reply.result, &part, &fault), RESULT_OK, "%s", fault.text);
        said.next = part.next;
        snprintf(said.recorder, sizeof said.recorder, "%s", part.recorder);
        count_samples(&part);
        evidence_part_fini(&part);
    }
    reply_fini(&reply);
}

static void make(struct recorder *of) {
    const struct pulls_owner owner = {.reply = on_reply};
    pulls = pulls_new(loop, of, &wall, budget, &owner);
}

static void set_up(void) {
    memset(&said, 0, sizeof said);
    clocks = (struct moment){.mono_ms = 5000, .wall_ms = NOW};
    scratch_make();
    loop = loop_new();
    wall_init(&wall, (struct wall_source){.read = read_clocks}, 0);
    budget = budget_new(scratch_path("data"), 0, &wall);
    recorder = recorder_new(RECORDER_LEAST_BYTES);
    make(recorder);
}
static void tear_down(void) {
    pulls_free(pulls);
    recorder_free(recorder);
    budget_free(budget);
    loop_free(loop);
    scratch_remove();
}
TestSuite(pulls, .init = set_up, .fini = tear_down);

static void record(int count) {
    for (int i = 0; i < count; i++) {
        struct senml_record r = {.metric = "a", .event_ms = NOW - count + i, .value = i + 1.0 / 3};
        recorder_sample(recorder, &r);
    }
}

static void run(const char *verb, const char *args) {
    struct command_message command;
    struct fault fault;
    struct buf text;
    buf_init(&text, CAP_COMMAND_BYTES);
    command_encode(FIRST, verb, args, &text);
    cr_assert_eq(command_decode(text.data, text.count, &command, &fault), RESULT_OK, "%s", fault.text);
    pulls_command(pulls, &command);
    command_fini(&command);
    buf_fini(&text);
}

static void pull_of(const char *evidence, uint64_t at, const char *of, int64_t from_ms, int64_t to_ms) {
    struct evidence_wish wish = {.from_ms = from_ms, .to_ms = to_ms, .at = at, .max_bytes = 1024};
    struct buf args;
    buf_init(&args, CAP_COMMAND_BYTES);
    snprintf(wish.evidence, sizeof wish.evidence, "%s", evidence);
    snprintf(wish.recorder, sizeof wish.recorder, "%s", of);
    evidence_wish_print(&wish, &args);
    run(EVIDENCE_VERB, buf_text(&args));
    buf_fini(&args);
}

Test(pulls, a_stretch_that_is_over_is_answered_at_once_part_by_part) {
    size_t samples = 0;
    record(500);
    pull_of(FIRST, 0, "", NOW - 1000, NOW);
    cr_assert(said.ok, "%s", said.text);
    cr_expect_str_eq(said.recorder, recorder_id(recorder));
    for (samples = said.samples; said.next != 0; samples += said.samples) {
        pull_of(FIRST, said.next, said.recorder, NOW - 1000, NOW);
        cr_assert(said.ok, "%s", said.text);
    }
    cr_expect_eq(samples, 500);
    cr_expect_gt(said.count, 3);
    cr_expect_eq((int)pulls_counts(pulls).parts, said.count);
}

Test(pulls, a_part_that_was_lost_can_be_asked_for_again) {
    record(500);
    pull_of(FIRST, 0, "", NOW - 1000, NOW);
    size_t samples = said.samples;
    uint64_t next = said.next;
    pull_of(FIRST, 0, "", NOW - 1000, NOW);
    cr_expect(said.ok && said.samples == samples && said.next == next);
}

static bool is_said(void *self) {
    (void)self;
    return said.count > 0;
}

Test(pulls, a_stretch_that_goes_on_is_answered_at_its_end) {
    record(10);
    pull_of(FIRST, 0, "", NOW - 1000, NOW + 30);
    cr_expect_eq(said.count, 0);
    clocks.mono_ms += 30;
    clocks.wall_ms += 30;
    struct senml_record later = {.metric = "a", .event_ms = NOW + 20, .value = 1};
    recorder_sample(recorder, &later);
    cr_assert(turn_until(loop, is_said, NULL, 5000));
    cr_expect(said.ok && said.samples == 11, "%zu", said.samples);
}

Test(pulls, another_evidence_meanwhile_is_refused_and_may_come_afterwards) {
    record(10);
    pull_of(FIRST, 0, "", NOW - 1000, NOW + 20);
    pull_of(OTHER, 0, "", NOW - 1000, NOW);
    cr_expect(!said.ok && strcmp(said.error, "busy") == 0, "%s", said.error);
    said.count = 0;
    cr_assert(turn_until(loop, is_said, NULL, 5000));
    cr_expect(said.ok);
    pull_of(OTHER, 0, "", NOW - 1000, NOW);
    cr_expect(said.ok, "%s", said.text);
}

Test(pulls, a_position_of_another_run_is_not_found) {
    record(10);
    pull_of(FIRST, 65540, OTHER, NOW - 1000, NOW);
    cr_expect(!said.ok && strcmp(said.error, "not_found") == 0, "%s", said.error);
    cr_expect(strstr(said.text, "restarted"), "%s", said.text);
}

Test(pulls, what_cannot_be_asked_is_refused) {
    static const struct {
        const char *what, *verb, *args, *error, *says;
    } rows[] = {
        {"another verb of the family", "evidence.push", "{}", "not_found", "no such verb"},
        {"no arguments", EVIDENCE_VERB, "{}", "bad_input", "'evidence'"},
        {"too far ahead", EVIDENCE_VERB,
         "{\"evidence\":\"" FIRST "\",\"from\":1795309548000,\"to\":1795309849001,\"at\":0,\"max_bytes\":1024}",
         "bad_input", "future"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        run(rows[i].verb, rows[i].args);
        cr_expect(!said.ok && strcmp(said.error, rows[i].error) == 0, "%s: %s", rows[i].what, said.error);
        cr_expect(strstr(said.text, rows[i].says), "%s: %s", rows[i].what, said.text);
    }
    cr_expect_eq(pulls_counts(pulls).refused, sizeof rows / sizeof *rows);
}

Test(pulls, an_owner_who_has_turned_it_off_is_obeyed) {
    pulls_free(pulls);
    make(NULL);
    pull_of(FIRST, 0, "", NOW - 1000, NOW);
    cr_expect(!said.ok && strcmp(said.error, "denied") == 0, "%s", said.error);
}

Test(pulls, a_link_that_saves_gives_none) {
    static const bool expected[BUDGET_LEVELS] = {[BUDGET_FREE] = true, [BUDGET_SLOW] = true};
    for (int level = 0; level < BUDGET_LEVELS; level++) {
        cr_expect_eq(pulls_allowed((enum budget_level)level), expected[level], "%d", level);
    }
    budget_free(budget);
    budget = budget_new(scratch_path("metered"), 100 * 1024, &wall);
    budget_spend(budget, 200 * 1024);
    pulls_free(pulls);
    make(recorder);
    pull_of(FIRST, 0, "", NOW - 1000, NOW);
    cr_expect(!said.ok && strcmp(said.error, "full") == 0, "%s", said.error);
}

Test(pulls, a_clock_that_is_set_while_it_waits_moves_the_stretch) {
    record(10);
    pull_of(FIRST, 0, "", NOW - 1000, NOW + 20);
    recorder_step(recorder, 3600 * 1000);
    pulls_step(pulls, 3600 * 1000);
    cr_assert(turn_until(loop, is_said, NULL, 5000));
    cr_expect(said.ok && said.samples == 10, "%zu", said.samples);
}
