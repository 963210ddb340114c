/* The relay between its legs: what gets through, in which order, and how a session ends. */
#include "sessions/relay.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#include <signal.h>

#include "sessions/verify.h"
#include "stage.h"

static void open_terminal(struct stage *s) {
    engineer_text(s,
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal.open\",\"params\":{\"cols\":80,\"rows\":24}}");
    product_text(s, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    product_credit(s, 4096);
}

static uint32_t credit_given(const struct stage *s) {
    uint32_t total = 0;
    for (size_t i = 0; i < s->product.count; i++) {
        struct frame frame = {.channel = CHANNEL_CREDIT,
                              .bytes = (const uint8_t *)s->product.sent[i].bytes + 1,
                              .count = s->product.sent[i].count - 1};
        struct credit credit;
        if (!s->product.sent[i].is_text && (uint8_t)s->product.sent[i].bytes[0] == CHANNEL_CREDIT &&
            credit_decode(&frame, &credit) == RESULT_OK) {
            total += credit.bytes;
        }
    }
    return total;
}

Test(relay, a_whole_session) {
    struct stage s;
    struct verdict verdict;
    struct fault fault;
    char path[256];
    stage_open(&s);
    stage_session(&s);
    cr_expect_eq(s.live.capabilities, s.options.capabilities);
    cr_expect(s.live.has_consent);
    cr_expect_str_eq(s.live.consent.by, "owner");
    cr_expect_eq(s.over.kind, SESSION_EVENT_ENDED);
    cr_expect_str_eq(s.over.why, "ended_by_engineer");
    cr_expect(s.over.is_countersigned);
    cr_expect(s.over.is_complete);
    cr_expect_str_eq(s.engineer.closed, "ended_by_engineer");
    cr_expect_str_eq(s.product.closed, "ended_by_engineer");
    stage_path(&s, ".cast", path);
    cr_assert_eq(transcript_verify(path, &(struct verify_options){0}, &verdict, &fault), RESULT_OK, "%s", fault.text);
    cr_expect(verdict.is_ok, "%s", verdict.text);
    cr_expect(verdict.is_countersigned && verdict.is_complete, "%s", verdict.text);
    cr_expect_str_eq(verdict.digest, s.over.digest);
    cr_expect_eq((int64_t)verdict.frames, s.over.frames);
    stage_close(&s);
}

Test(relay, an_answer_comes_back_with_the_engineers_own_id_and_the_request_says_who_asked) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    engineer_text(&s, "{\"jsonrpc\":\"2.0\",\"id\":\"a-7\",\"method\":\"diagnose.run\",\"params\":{\"by\":\"mallory\","
                      "\"name\":\"disk\"}}");
    cr_expect_str_eq(leg_last(&s.product), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"diagnose.run\",\"params\":{"
                                           "\"name\":\"disk\",\"by\":\"ann\"}}");
    product_text(&s, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{\"exit\":0}}");
    cr_expect_str_eq(leg_last(&s.engineer), "{\"jsonrpc\":\"2.0\",\"id\":\"a-7\",\"result\":{\"exit\":0}}");
    stage_close(&s);
}

Test(relay, a_frame_is_in_the_transcript_before_it_is_on_any_leg) {
    struct stage s;
    size_t count;
    stage_open(&s);
    stage_live(&s);
    open_terminal(&s);
    product_terminal(&s, "needle");
    cr_assert(leg_got(&s.engineer, 0, "needle"));
    char *cast = stage_read(&s, ".cast", &count);
    cr_expect_not_null(strstr(cast, "\"o\",\"needle\"]"));
    free(cast);
    stage_close(&s);
}

Test(relay, what_cannot_be_recorded_is_not_relayed_and_ends_the_session) {
    struct stage s;
    stage_open(&s);
    s.options.record_bytes = 6000;
    relay_free(s.relay);
    s.relay = relay_new(&s.options, s.now, 1700000000000);
    stage_live(&s);
    open_terminal(&s);
    char line[1001];
    memset(line, 'x', 1000);
    line[1000] = '\0';
    for (int i = 0; i < 20 && s.over_count == 0; i++) {
        memcpy(line, i < 10 ? "0" : "1", 1);
        line[1] = (char)('0' + i % 10);
        size_t before = s.engineer.count;
        product_terminal(&s, line);
        if (s.over_count > 0) {
            line[20] = '\0';
            cr_expect_not(leg_got(&s.engineer, before, line), "it was relayed, and is not recorded");
        }
    }
    cr_assert_eq(s.over_count, 1);
    cr_expect_str_eq(s.over.why, "recording_full");
    cr_expect_not(s.over.is_complete);
    cr_expect(leg_got(&s.engineer, 0, "recording_full"));
    stage_close(&s);
}

Test(relay, a_write_that_fails_ends_the_session) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    open_terminal(&s);
    signal(SIGXFSZ, SIG_IGN);
    size_t count;
    char *jsonl = stage_read(&s, ".jsonl", &count);
    free(jsonl);
    struct rlimit limit = {count + 10, RLIM_INFINITY};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    size_t before = s.engineer.count;
    product_terminal(&s, "needle");
    limit.rlim_cur = RLIM_INFINITY;
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cr_expect_not(leg_got(&s.engineer, before, "needle"));
    cr_expect_eq(s.over_count, 1);
    cr_expect_str_eq(s.over.why, "recording_failed");
    cr_expect(leg_got(&s.engineer, before, "recording_failed"), "the engineer is told");
    stage_close(&s);
}

Test(relay, no_recording_no_session) {
    struct stage s;
    struct fault fault;
    stage_open(&s);
    s.options.transcript_dir = "/nonexistent";
    relay_free(s.relay);
    s.relay = relay_new(&s.options, s.now, 1700000000000);
    cr_expect_eq(stage_dial(&s, &fault), RESULT_IO);
    cr_expect_eq(s.over.kind, SESSION_EVENT_FAILED);
    cr_expect_str_eq(s.over.why, "recording_failed");
    cr_expect(relay_is_over(s.relay));
    stage_close(&s);
}

Test(relay, what_is_typed_while_echo_is_off_is_in_no_file) {
    static const char *const endings[] = {".cast", ".jsonl", ".seal"};
    struct stage s;
    stage_open(&s);
    stage_session(&s);
    cr_expect(leg_got(&s.product, 0, "hunter2"), "the product gets it");
    for (size_t i = 0; i < 3; i++) {
        size_t count;
        char *text = stage_read(&s, endings[i], &count);
        cr_expect_null(memmem(text, count, "hunter2", 7), "%s", endings[i]);
        free(text);
    }
    stage_close(&s);
}

Test(relay, the_same_secret_twice_leaves_two_hashes) {
    struct stage s;
    size_t count;
    stage_open(&s);
    stage_live(&s);
    open_terminal(&s);
    product_text(&s, "{\"jsonrpc\":\"2.0\",\"method\":\"terminal.echo\",\"params\":{\"on\":false}}");
    engineer_types(&s, "x");
    engineer_types(&s, "x");
    char *text = stage_read(&s, ".jsonl", &count);
    char *first = strstr(text, "\"leaf\":\""), *second = first != NULL ? strstr(first + 8, "\"leaf\":\"") : NULL;
    cr_assert_not_null(second);
    cr_expect_neq(memcmp(first, second, 8 + 64), 0);
    free(text);
    stage_close(&s);
}

Test(relay, output_stops_when_the_engineers_leg_is_full_and_goes_on_when_it_drains) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    open_terminal(&s);
    cr_expect_eq(credit_given(&s), RELAY_WINDOW_BYTES);
    char block[4097];
    memset(block, 'y', 4096);
    block[4096] = '\0';
    for (size_t sent = 0; sent < RELAY_WINDOW_BYTES; sent += 4096) {
        s.engineer.pending += 4097;
        product_terminal(&s, block);
    }
    cr_expect_eq(s.over_count, 0);
    cr_expect_eq(credit_given(&s), RELAY_WINDOW_BYTES, "nothing drained, nothing given");
    s.engineer.pending = 0;
    relay_drained(s.engineer.leg, s.now);
    cr_expect_eq(credit_given(&s), 2 * RELAY_WINDOW_BYTES);
    s.engineer.pending = RELAY_WINDOW_BYTES;
    for (size_t sent = 0; sent < RELAY_WINDOW_BYTES; sent += 4096) {
        product_terminal(&s, block);
    }
    cr_assert_eq(s.over_count, 0);
    product_terminal(&s, "z");
    cr_expect_str_eq(s.over.why, "product_protocol", "one byte more than its credit");
    stage_close(&s);
}

Test(relay, a_console_that_gives_credit_is_held_to_it) {
    struct stage s;
    struct buf credit;
    stage_open(&s);
    stage_live(&s);
    buf_init(&credit, 16);
    credit_encode(&(struct credit){.channel = CHANNEL_TERMINAL, .bytes = 5000}, &credit);
    leg_message(&s, &s.engineer, false, credit.data, credit.count);
    open_terminal(&s);
    cr_expect_eq(credit_given(&s), 5000);
    buf_fini(&credit);
    stage_close(&s);
}

Test(relay, a_watcher_that_is_too_slow_is_dropped_and_the_session_goes_on) {
    struct stage s;
    struct fault fault;
    stage_open(&s);
    stage_live(&s);
    open_terminal(&s);
    cr_assert_eq(relay_attach_person(s.relay, &(struct relay_person){.name = "bob"}, &leg_ops, &s.watcher, s.now,
                                     &s.watcher.leg, &fault),
                 RESULT_OK);
    product_terminal(&s, "both see this");
    cr_expect(leg_got(&s.watcher, 0, "both see this"));
    s.watcher.pending = RELAY_LEG_BYTES + 1;
    product_terminal(&s, "one too much");
    cr_expect_str_eq(s.watcher.closed, "too_slow");
    product_terminal(&s, "still here");
    cr_expect(leg_got(&s.engineer, 0, "still here"));
    cr_expect_eq(s.over_count, 0);
    stage_close(&s);
}

Test(relay, typed_input_waits_for_the_products_credit_and_is_cut_between_characters) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    engineer_text(&s,
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal.open\",\"params\":{\"cols\":80,\"rows\":24}}");
    size_t before = s.product.count;
    engineer_types(&s, "測測");
    cr_expect_eq(s.product.count, before, "no credit yet");
    product_credit(&s, 4);
    cr_expect_str_eq(leg_last(&s.product), "\001測");
    product_credit(&s, 2);
    cr_expect_str_eq(leg_last(&s.product), "\001測");
    cr_expect_eq(s.product.count, before + 2);
    stage_close(&s);
}

Test(relay, the_engineer_may_come_back_in_time) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    open_terminal(&s);
    relay_detach(s.engineer.leg, s.now);
    stage_tick(&s, 29000);
    cr_expect(relay_is_live(s.relay));
    size_t before = s.engineer.count;
    stage_join(&s);
    cr_expect(leg_got(&s.engineer, before, "\"terminal_open\":true"));
    stage_tick(&s, 40000);
    cr_expect(relay_is_live(s.relay));
    cr_expect_eq(s.over_count, 0);
    stage_close(&s);
}

Test(relay, two_connections_of_the_engineer_the_second_types) {
    struct stage s;
    struct leg second;
    struct fault fault;
    stage_open(&s);
    leg_init(&second);
    stage_live(&s);
    cr_assert_eq(relay_attach_person(s.relay, &(struct relay_person){.name = "ann"}, &leg_ops, &second, s.now,
                                     &second.leg, &fault),
                 RESULT_OK);
    cr_expect_str_eq(s.engineer.closed, "replaced");
    leg_message(&s, &second, true,
                "{\"jsonrpc\":\"2.0\",\"id\":9,\"method\":\"diagnose.run\",\"params\":{\"name\":\"disk\"}}", 73);
    cr_expect(leg_got(&s.product, 0, "diagnose.run"));
    relay_free(s.relay);
    s.relay = NULL;
    leg_fini(&second);
    stage_close(&s);
}

struct ending {
    const char *why;
    int64_t after_ms;
    bool engineer_leaves, product_leaves, is_complete;
};

static void end_one(const struct ending *row) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    if (row->engineer_leaves) {
        relay_detach(s.engineer.leg, s.now);
    }
    if (row->product_leaves) {
        relay_detach(s.product.leg, s.now);
    }
    for (int64_t left = row->after_ms; left > 0 && s.over_count == 0; left -= 250) {
        stage_tick(&s, 250);
        if (leg_got(&s.product, 0, "session.end") && s.product.closed[0] == '\0' && row->is_complete) {
            product_ends(&s, "ended");
        }
    }
    cr_assert_eq(s.over_count, 1, "%s", row->why);
    cr_expect_str_eq(s.over.why, row->why);
    cr_expect_eq(s.over.is_complete, row->is_complete, "%s", row->why);
    cr_expect_eq(s.over.is_countersigned, row->is_complete, "%s", row->why);
    stage_close(&s);
}

Test(relay, every_clock_and_loss_ends_it) {
    static const struct ending rows[] = {
        {"deadline", 1803000, false, false, true},
        {"idle", 901000, false, false, true},
        {"engineer_gone", 31000, true, false, true},
        {"agent_gone", 250, false, true, false},
        {"engineer_gone", 41000, true, false, false} /* and the product does not answer: 10 s more */
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ending row = rows[i];
        if (strcmp(row.why, "deadline") == 0) {
            struct stage s; /* somebody must do something now and then */
            stage_open(&s);
            stage_live(&s);
            for (int64_t t = 0; t < 1803000 && !leg_got(&s.product, 0, "session.end"); t += 60000) {
                engineer_text(&s, "{\"jsonrpc\":\"2.0\",\"method\":\"observe.start\",\"params\":{}}");
                stage_tick(&s, 60000);
            }
            cr_expect(leg_got(&s.product, 0, "\"reason\":\"deadline\""));
            product_ends(&s, "deadline");
            cr_expect_str_eq(s.over.why, "deadline");
            stage_close(&s);
            continue;
        }
        end_one(&row);
    }
}

Test(relay, the_product_ends_by_itself_and_still_gets_the_last_word_down) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    product_ends(&s, "idle");
    cr_expect(leg_got(&s.product, 0, "\"method\":\"session.end\",\"params\":{\"reason\":\"idle\""));
    cr_expect_str_eq(s.over.why, "idle");
    cr_expect(s.over.is_countersigned && s.over.is_complete);
    stage_close(&s);
}

Test(relay, processes_that_are_left_are_told) {
    struct stage s;
    stage_open(&s);
    stage_live(&s);
    product_text(
        &s, "{\"jsonrpc\":\"2.0\",\"method\":\"session.ended\",\"params\":{\"reason\":\"idle\",\"children_left\":3}}");
    product_countersigns(&s);
    cr_expect_not_null(strstr(s.over.text, "3 processes"), "%s", s.over.text);
    stage_close(&s);
}
