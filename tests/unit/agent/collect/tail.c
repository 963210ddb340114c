/* Followed files: rotation, truncation, restarts; no line lost or repeated. */
#include "collect/tail.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../scratch.h"

#define STREAM "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10"

static struct {
    char text[300 * 1024];
    size_t count;
    bool was_cut;
    struct tail *checkpoint; /* taken inside the hand-over, before the line is added, when it is the batch's time */
    size_t checkpoint_at;
    uint64_t seq;
} heard;

static void on_log(void *self, const struct log_record *r) {
    (void)self;
    if (heard.checkpoint != NULL && heard.count == heard.checkpoint_at) {
        tail_checkpoint(heard.checkpoint, STREAM, heard.seq);
    }
    size_t used = strlen(heard.text);
    snprintf(heard.text + used, sizeof heard.text - used, "%s|", r->text);
    heard.count++;
    heard.was_cut |= r->is_cut;
    cr_expect_str_eq(r->app, "app");
    cr_expect_eq(r->severity, 4);
}

static struct loop *loop;
static struct wall wall;
static struct tail *tail;
static struct agent_tail config;
static int lost_places;

static void on_lost(void *self, enum loss why, uint64_t count) {
    (void)self;
    cr_expect(why == LOSS_TAIL && count == 0);
    lost_places++;
}

static const struct sink sink = {.log = on_log, .lost = on_lost};

static void begin(uint64_t found_seq) {
    struct tail_spool spool = {.stream = STREAM, .found_seq = found_seq};
    memset(&heard, 0, sizeof heard);
    tail = tail_new(loop, &config, scratch_path("tail.json"), &spool, &wall, &sink);
}

static void end(void) {
    tail_free(tail);
    tail = NULL;
}

static void set_up(void) {
    scratch_make();
    loop = loop_new();
    wall_init(&wall, wall_machine(), 0);
    config = (struct agent_tail){.name = (char *)"app", .app = (char *)"app", .severity = 4};
    config.file = strdup(scratch_path("app.log"));
}

static void tear_down(void) {
    tail_free(tail);
    loop_free(loop);
    free(config.file);
    scratch_remove();
}

/* What new lines there are, each with a '|' behind it. */
static const char *lines(void) {
    heard.text[0] = '\0';
    while (tail_poll(tail)) {
    }
    return heard.text;
}

TestSuite(tail, .init = set_up, .fini = tear_down);

Test(tail, whole_lines_as_they_come) {
    begin(0);
    cr_expect_str_eq(lines(), "", "no file yet");
    scratch_write("app.log", "one\ntwo\nthr");
    cr_expect_str_eq(lines(), "one|two|", "a partial line waits");
    cr_expect_str_eq(lines(), "");
    scratch_append("app.log", "ee\n\n\r\nfour\r\n");
    cr_expect_str_eq(lines(), "three|four|", "empty lines are none");
}

Test(tail, renamed_away_and_made_anew) {
    scratch_write("app.log", "a\n");
    begin(0);
    cr_expect_str_eq(lines(), "a|");
    scratch_append("app.log", "b\nhalf");
    cr_assert_eq(rename(scratch_path("app.log"), scratch_path("app.log.1")), 0);
    cr_expect_str_eq(lines(), "b|", "the new one is not there yet: go on with the old one");
    scratch_append("app.log.1", " done\nlast");
    cr_expect_str_eq(lines(), "half done|");
    scratch_write("app.log", "c\n");
    cr_expect_str_eq(lines(), "last|c|", "what has no end by now never will");
}

Test(tail, truncated) {
    scratch_write("app.log", "a long first line\n");
    begin(0);
    cr_expect_str_eq(lines(), "a long first line|");
    scratch_write("app.log", "new\n");
    cr_expect_str_eq(lines(), "new|");
}

Test(tail, long_lines_are_cut_once) {
    static char line[40 * 1024];
    memset(line, 'x', sizeof line - 1);
    begin(0);
    scratch_write("app.log", "a\n");
    scratch_append("app.log", line);
    lines();
    cr_expect_eq(heard.count, 2);
    cr_expect(heard.was_cut);
    scratch_append("app.log", "still the same line\nb\n");
    cr_expect_str_eq(lines(), "b|");
}

Test(tail, first_sight_is_the_last_64_kib) {
    FILE *file = fopen(scratch_path("app.log"), "w");
    for (int i = 0; i < 20000; i++) {
        fprintf(file, "line %05d\n", i);
    }
    fclose(file);
    begin(0);
    lines();
    cr_expect_not_null(strstr(heard.text, "line 19999|"));
    cr_expect(heard.count > 5000 && heard.count < 7000, "%zu", heard.count);
    cr_expect_eq(strncmp(heard.text, "line ", 5), 0, "from the beginning of a line");
}

Test(tail, the_first_batch_may_be_lost_too) {
    scratch_write("app.log", "a\n");
    begin(0);
    lines();
    tail_checkpoint(tail, STREAM, 1);
    end();
    begin(0);
    cr_expect_str_eq(lines(), "a|");
}

/* The agent is killed; the spool has or has not the record that the checkpoint was for. */
Test(tail, a_restart_believes_the_position_only_with_its_record) {
    static const struct {
        uint64_t found;
        const char *again, *why;
    } rows[] = {{12, "b|c|d|", "record 13 never came to the disk"}, {13, "d|", "it did"}, {20, "d|", "and more"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unlink(scratch_path("tail.json"));
        scratch_write("app.log", "a\n");
        begin(0);
        lines();
        tail_checkpoint(tail, STREAM, 12);
        scratch_append("app.log", "b\nc\n");
        lines();
        tail_checkpoint(tail, STREAM, 13);
        scratch_append("app.log", "d\n");
        lines(); /* in a batch that is lost with the agent */
        end();
        begin(rows[i].found);
        cr_expect_str_eq(lines(), rows[i].again, "%s: %s", rows[i].why, heard.text);
        end();
    }
}

Test(tail, a_checkpoint_inside_a_hand_over_excludes_that_line) {
    scratch_write("app.log", "a\nb\nc\nd\n");
    begin(0);
    heard.checkpoint = tail;
    heard.checkpoint_at = 2; /* while c is handed over, the pack with a and b is closed */
    heard.seq = 5;
    cr_expect_str_eq(lines(), "a|b|c|d|");
    end();
    begin(5);
    cr_expect_str_eq(lines(), "c|d|");
}

Test(tail, a_restart_finds_a_renamed_file) {
    scratch_write("app.log", "a\n");
    begin(0);
    lines();
    tail_checkpoint(tail, STREAM, 1);
    end();
    scratch_append("app.log", "b\n");
    cr_assert_eq(rename(scratch_path("app.log"), scratch_path("app.log.1")), 0);
    scratch_write("app.log", "c\n");
    begin(1);
    cr_expect_str_eq(lines(), "b|c|");
}

Test(tail, a_restart_without_the_old_file_starts_with_the_new) {
    scratch_write("app.log", "aaaa\n");
    begin(0);
    lines();
    tail_checkpoint(tail, STREAM, 1);
    end();
    unlink(scratch_path("app.log"));
    scratch_write("hold", "takes the inode\n");
    scratch_write("app.log", "b\n");
    begin(1);
    cr_expect_str_eq(lines(), "b|");
    cr_expect_eq(lost_places, 1, "and says that lines may be missing");
}

Test(tail, a_restart_sees_that_a_file_was_begun_anew) {
    scratch_write("app.log", "old\n");
    begin(0);
    lines();
    tail_checkpoint(tail, STREAM, 1);
    end();
    scratch_write("app.log", "new one, longer than before\n"); /* the same inode */
    begin(1);
    cr_expect_str_eq(lines(), "new one, longer than before|");
}

Test(tail, a_damaged_state_is_first_sight) {
    scratch_write("tail.json", "{\"stream\":12");
    scratch_write("app.log", "a\n");
    begin(7);
    cr_expect_str_eq(lines(), "a|");
}

Test(tail, what_is_no_file_is_left_alone) {
    free(config.file);
    config.file = strdup("/dev/zero");
    begin(0);
    cr_expect_str_eq(lines(), "");
}
