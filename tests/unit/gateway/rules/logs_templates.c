/* Words, templates and novelty of log lines. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/logs/novelty.h"

static struct mined mine(struct template_miner *m, const char *line) {
    return template_miner_line(m, "app", line, strlen(line));
}

static const char *text_of(const struct template_miner *m, int place, const char *line) {
    static char out[400];
    struct buf text;
    buf_init(&text, 4096);
    template_miner_text(m, place, line, strlen(line), &text);
    snprintf(out, sizeof out, "%s", buf_text(&text));
    buf_fini(&text);
    return out;
}

Test(log_words, what_is_masked) {
    static const struct {
        const char *line, *want;
    } rows[] = {
        {"Started foo", "Started foo"},
        {"pid=17 exited, status=0/SUCCESS", "pid <*> exited status <*>"},
        {"pid 17 exited", "pid <*> exited"},
        {"from 10.0.0.1:443 to fe80::1", "from <*> to <*>"},
        {"open /var/lib/x failed: no such file", "open <*> failed no such file"},
        {"mail to bob@example.org", "mail to <*>"},
        {"id deadbeefcafe done", "id <*> done"},
        {"id decade done", "id decade done"},
        {"at 2026-11-22T07:31:34Z (12ms)", "at <*> <*>"},
        {"sda1: I/O error", "<*> <*> error"},
        {"\"quoted\" [x] {y}", "quoted x y"},
        {"ends. with! marks?", "ends with marks"},
        {"-- dashes -- only", "dashes only"},
        {"温度 过高 85", "温度 过高 <*>"},
        {"", ""},
        {" \t ", ""},
        {"a b c d e f g h i j k l m n o p q r s t u v w x y z", "a b c d e f g h i j k l m n o p q r s t u v w x"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct template_miner *m = template_miner_new();
        const struct mined mined = mine(m, rows[i].line);
        cr_expect_eq(mined.seen, 0);
        cr_expect_str_eq(text_of(m, mined.place, rows[i].line), rows[i].want);
        template_miner_free(m);
    }
}

Test(template_miner, which_lines_are_of_one_kind) {
    static const struct {
        const char *one, *two;
        bool is_same;
    } rows[] = {
        {"Failed password for root from 10.0.0.1", "Failed password for bob from 10.9.9.9", true},
        {"session opened for user alice by root now", "session opened for user bob by root now", true},
        {"Session Opened", "session opened", true},
        {"disk full error", "disk read error", false},
        {"disk full", "disk full error", false},
        {"link up", "link down", false},
        {"17 up", "18 up", true},
        {"17 19", "18 20", true},
        {"17", "x", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct template_miner *m = template_miner_new();
        (void)mine(m, rows[i].one);
        cr_expect_eq(mine(m, rows[i].two).seen == 1, rows[i].is_same, "%s / %s", rows[i].one, rows[i].two);
        cr_expect_eq(template_miner_count(m), rows[i].is_same ? 1 : 2);
        template_miner_free(m);
    }
}

Test(template_miner, the_program_counts_too) {
    struct template_miner *m = template_miner_new();
    (void)template_miner_line(m, "sshd", "started", 7);
    cr_expect_eq(template_miner_line(m, "cron", "started", 7).seen, 0);
    cr_expect_eq(template_miner_line(m, "sshd", "started", 7).seen, 1);
    template_miner_free(m);
}

static const char *word(int i) {
    static char out[8];
    snprintf(out, sizeof out, "%c%c%c", 'g' + i % 20, 'g' + i / 20 % 20, 'g' + i / 400 % 20);
    return out;
}

Test(template_miner, the_one_not_seen_for_longest_makes_room) {
    struct template_miner *m = template_miner_new();
    char line[40];
    for (int i = 0; i < TEMPLATES_MAX; i++) {
        snprintf(line, sizeof line, "kind %s", word(i));
        cr_expect_eq(mine(m, line).seen, 0);
    }
    snprintf(line, sizeof line, "kind %s", word(0));
    cr_expect_eq(mine(m, line).seen, 1, "used again");
    (void)mine(m, "one more");
    cr_expect_eq(template_miner_count(m), TEMPLATES_MAX);
    cr_expect_eq(mine(m, line).seen, 2, "stayed");
    snprintf(line, sizeof line, "kind %s", word(1));
    cr_expect_eq(mine(m, line).seen, 0, "had to go");
    cr_expect_leq(template_miner_bytes(m), 64u * 1024);
    template_miner_free(m);
}

/* A stream with everything in it, the same each time. */
static void stream_line(uint64_t *random, char out[120]) {
    *random = *random * 6364136223846793005u + 1442695040888963407u;
    const int kind = (int)(*random >> 33) % 400;
    snprintf(out, 120, "%s did %s with %d of %s", word(kind % 30), word(kind), kind, word((int)(*random >> 50)));
}

Test(template_miner, goes_on_from_its_state) {
    struct template_miner *m = template_miner_new(), *again = template_miner_new();
    struct buf once, twice;
    uint64_t random = 1;
    char line[120];
    buf_init(&once, TEMPLATE_MINER_STATE_BYTES);
    buf_init(&twice, TEMPLATE_MINER_STATE_BYTES);
    for (int i = 0; i < 3000; i++) {
        stream_line(&random, line);
        (void)mine(m, line);
    }
    template_miner_save(m, &once);
    cr_assert_not(once.overflow);
    struct cursor in = cursor_of(once.data, once.count);
    cr_assert(template_miner_load(again, &in));
    cr_expect_eq(in.left, 0);
    template_miner_save(again, &twice);
    cr_expect_eq(once.count, twice.count);
    cr_expect_eq(memcmp(once.data, twice.data, once.count), 0);
    for (int i = 0; i < 3000; i++) {
        stream_line(&random, line);
        cr_assert_eq(mine(m, line).seen, mine(again, line).seen, "line %d", i);
    }
    for (size_t cut = 0; cut < once.count; cut += 7) {
        struct template_miner *bad = template_miner_new();
        in = cursor_of(once.data, cut);
        cr_expect_not(template_miner_load(bad, &in), "%zu bytes", cut);
        template_miner_free(bad);
    }
    template_miner_free(m);
    template_miner_free(again);
    buf_fini(&once);
    buf_fini(&twice);
}

/* ---- novelty ---- */

enum { MINUTE_MS = 60 * 1000 };

/* A line; -1: no answer. */
static double ask(struct novelty *n, int64_t at_ms, const char *line) {
    double out = -1;
    return novelty_line(n, at_ms, "app", line, strlen(line), &out) ? out : -1;
}

static int64_t teach(struct novelty *n, int64_t from_ms, int lines, int64_t every_ms) {
    for (int i = 0; i < lines; i++)
        (void)ask(n, from_ms + i * every_ms, i % 2 ? "job 17 done" : "session of user root opened");
    return from_ms + lines * every_ms;
}

Test(novelty, learns_first_by_lines_and_by_time) {
    struct novelty n;
    novelty_init(&n);
    int64_t at_ms = teach(&n, 0, 1000, 1000);
    cr_expect_eq(ask(&n, at_ms, "something new"), -1, "17 minutes are not enough");
    novelty_fini(&n);
    novelty_init(&n);
    at_ms = teach(&n, 0, NOVELTY_LEARN_LINES / 2, 3600 * 1000);
    cr_expect_eq(ask(&n, at_ms, "something new"), -1, "50 lines are not enough");
    novelty_fini(&n);
    novelty_init(&n);
    at_ms = teach(&n, 0, 1600, MINUTE_MS);
    cr_expect_float_eq(ask(&n, at_ms, "something new"), 1, 0.01);
    novelty_fini(&n);
}

Test(novelty, becomes_less_each_time) {
    struct novelty n;
    novelty_init(&n);
    int64_t at_ms = teach(&n, 0, 3000, MINUTE_MS);
    for (int i = 0; i < 10; i++) {
        const double got = ask(&n, at_ms++, "blk_update_request: medium error on disk");
        cr_expect_float_eq(got, 1.0 / (1 + i), 0.05, "%d: %g", i, got);
    }
    cr_expect_lt(ask(&n, at_ms, "job 99 done"), 0.001);
    novelty_fini(&n);
}

Test(novelty, a_device_whose_lines_are_always_new_surprises_nobody) {
    struct novelty n;
    char line[60];
    novelty_init(&n);
    int64_t at_ms = 0;
    for (int i = 0; i < 8000; i++, at_ms += MINUTE_MS) {
        snprintf(line, sizeof line, "%s %s", word(i), i % 3 ? "of" : word(i * 7));
        (void)ask(&n, at_ms, line);
    }
    cr_expect_eq(ask(&n, at_ms, "disk gone"), 0);
    novelty_fini(&n);
}

Test(novelty, goes_on_from_its_state) {
    struct novelty n, again;
    struct buf state;
    novelty_init(&n);
    novelty_init(&again);
    buf_init(&state, NOVELTY_STATE_BYTES);
    const int64_t at_ms = teach(&n, 0, 2000, MINUTE_MS);
    novelty_save(&n, &state);
    struct cursor in = cursor_of(state.data, state.count);
    cr_assert(novelty_load(&again, &in) && in.left == 0);
    cr_expect_eq(ask(&n, at_ms, "job 5 done"), ask(&again, at_ms, "job 5 done"));
    cr_expect_eq(ask(&n, at_ms, "never seen"), ask(&again, at_ms, "never seen"));
    state.data[state.count - 1] ^= 1;
    for (size_t cut = 0; cut < state.count - 1; cut++) {
        struct novelty bad;
        novelty_init(&bad);
        in = cursor_of(state.data, cut);
        cr_expect_not(novelty_load(&bad, &in), "%zu bytes", cut);
        novelty_fini(&bad);
    }
    novelty_fini(&n);
    novelty_fini(&again);
    buf_fini(&state);
}
