/* Promise 38 on all files of a recording, plain and encrypted: any edit, removal, doubling, swap or cut is found. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "sessions/heads.h"
#include "sessions/recover.h"
#include "sessions/seal.h"
#include "sessions/vault_file.h"
#include "sessions/verify.h"
#include "stage.h"

static const char *const all_endings[] = {".cast", ".jsonl", ".seal", ".heads", ".key"};

/* A session over two minutes, with signed heads; encrypted when asked for. */
static void play(struct stage *s, struct vault **vault) {
    char master[128];
    struct fault fault;
    stage_open(s);
    if (vault != NULL) {
        snprintf(master, sizeof master, "%s/master.key", s->dir);
        cr_assert_eq(vault_make_master(master, &fault), RESULT_OK, "%s", fault.text);
        cr_assert_eq(vault_open(master, NULL, vault, &fault), RESULT_OK, "%s", fault.text);
        relay_free(s->relay);
        s->options.vault = *vault;
        s->relay = relay_new(&s->options, s->now, 1700000000000);
    }
    stage_live(s);
    engineer_text(s,
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal.open\",\"params\":{\"cols\":80,\"rows\":24}}");
    product_text(s, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    product_credit(s, 16384);
    for (int i = 0; i < 8; i++) {
        char text[32];
        snprintf(text, sizeof text, "line %d\r\n", i);
        product_terminal(s, text);
        engineer_types(s, "ls\r");
        stage_tick(s, 30500);
    }
    relay_end(s->relay, "ended_by_engineer", "ann", s->now);
    product_ends(s, "ended_by_engineer");
    cr_assert_eq(s->over_count, 1);
}

static bool holds(const struct stage *s, const struct vault *vault, char why[FAULT_TEXT_BYTES]) {
    struct verdict verdict;
    struct fault fault = {""};
    char path[256];
    stage_path(s, ".cast", path);
    enum result result = transcript_verify(path, &(struct verify_options){.vault = vault}, &verdict, &fault);
    memcpy(why, verdict.text, FAULT_TEXT_BYTES);
    cr_expect(verdict.is_ok || why[0] != '\0');
    return result == RESULT_OK && verdict.is_ok;
}

static void change_bytes(const struct stage *s, const struct vault *vault, size_t files, int rounds) {
    size_t counts[5], total = 0;
    char *bytes[5], why[FAULT_TEXT_BYTES];
    for (size_t i = 0; i < files; i++) {
        bytes[i] = stage_read(s, all_endings[i], &counts[i]);
        total += counts[i];
    }
    cr_assert(holds(s, vault, why), "%s", why);
    srandom(20261122);
    for (int round = 0; round < rounds; round++) {
        size_t at = (size_t)random() % total, file = 0;
        while (at >= counts[file]) {
            at -= counts[file++];
        }
        char mask = (char)(1 + random() % 255);
        bytes[file][at] ^= mask;
        stage_write(s, all_endings[file], bytes[file], counts[file]);
        cr_expect_not(holds(s, vault, why), "%s byte %zu ^ %02x", all_endings[file], at, (unsigned)(uint8_t)mask);
        bytes[file][at] ^= mask;
        stage_write(s, all_endings[file], bytes[file], counts[file]);
    }
    cr_expect(holds(s, vault, why), "%s", why);
    for (size_t i = 0; i < files; i++) {
        free(bytes[i]);
    }
}

Test(mutations, promise_38_a_thousand_changed_bytes_of_a_plain_recording_are_all_found) {
    struct stage s;
    play(&s, NULL);
    change_bytes(&s, NULL, 4, 1000);
    stage_close(&s);
}

Test(mutations, promise_38_a_thousand_changed_bytes_of_an_encrypted_recording_are_all_found) {
    struct stage s;
    struct vault *vault;
    play(&s, &vault);
    change_bytes(&s, vault, 5, 1000);
    stage_close(&s);
    vault_close(vault);
}

/* Where the pieces of a file end: lines of text, or records. */
static size_t pieces(const char *bytes, size_t count, size_t ends[256]) {
    size_t n = 0, at = 0;
    bool is_encrypted = count > 8 && memcmp(bytes, "FLVAULT1", 8) == 0;
    at = is_encrypted ? 8 : 0;
    while (at < count) {
        if (is_encrypted) {
            const uint8_t *head = (const uint8_t *)bytes + at;
            at += 4 + (head[0] & 0x80 ? 32 : (size_t)(head[2] << 8 | head[3]) + AEAD_TAG_BYTES);
        } else {
            at = (size_t)((const char *)memchr(bytes + at, '\n', count - at) - bytes) + 1;
        }
        cr_assert_lt(n, 256);
        ends[n++] = at;
    }
    return n;
}

static void expect_found(const struct stage *s, const struct vault *vault, const char *ending, const struct buf *edited,
                         size_t piece, const char *why) {
    char text[FAULT_TEXT_BYTES];
    stage_write(s, ending, edited->data, edited->count);
    cr_expect_not(holds(s, vault, text), "%s: piece %zu %s", ending, piece, why);
}

static void rearrange(const struct stage *s, const struct vault *vault) {
    char why[FAULT_TEXT_BYTES];
    for (size_t f = 0; f < 4; f++) {
        size_t count, ends[256];
        char *bytes = stage_read(s, all_endings[f], &count);
        size_t n = pieces(bytes, count, ends);
        for (size_t i = 0; i < n; i++) {
            size_t from = i == 0 ? 0 : ends[i - 1], size = ends[i] - from;
            struct buf edited;
            buf_init(&edited, 1 << 20);
            buf_add(&edited, bytes, from);
            buf_add(&edited, bytes + ends[i], count - ends[i]);
            expect_found(s, vault, all_endings[f], &edited, i, "removed");
            buf_reset(&edited);
            buf_add(&edited, bytes, ends[i]);
            buf_add(&edited, bytes + from, size);
            buf_add(&edited, bytes + ends[i], count - ends[i]);
            expect_found(s, vault, all_endings[f], &edited, i, "doubled");
            buf_reset(&edited);
            buf_add(&edited, bytes, from);
            expect_found(s, vault, all_endings[f], &edited, i, "and all that follows cut off");
            if (i + 1 < n) {
                buf_reset(&edited);
                buf_add(&edited, bytes, from);
                buf_add(&edited, bytes + ends[i], ends[i + 1] - ends[i]);
                buf_add(&edited, bytes + from, size);
                buf_add(&edited, bytes + ends[i + 1], count - ends[i + 1]);
                expect_found(s, vault, all_endings[f], &edited, i, "swapped with the next");
            }
            buf_fini(&edited);
        }
        stage_write(s, all_endings[f], bytes, count);
        cr_expect(holds(s, vault, why), "%s", why);
        free(bytes);
    }
}

Test(mutations, promise_38_lines_removed_doubled_swapped_or_cut_off_are_found) {
    struct stage s;
    play(&s, NULL);
    rearrange(&s, NULL);
    stage_close(&s);
}

Test(mutations, promise_38_encrypted_records_removed_doubled_swapped_or_cut_off_are_found) {
    struct stage s;
    struct vault *vault;
    play(&s, &vault);
    rearrange(&s, vault);
    stage_close(&s);
    vault_close(vault);
}

/* Somebody deletes the seal and the tail, so that it looks like a crash. */
Test(mutations, promise_38_a_tail_cut_off_before_the_seal_is_missed) {
    struct stage s;
    struct vault *vault;
    struct session_event event;
    struct fault fault;
    char path[256], why[FAULT_TEXT_BYTES];
    size_t count, ends[256];
    play(&s, &vault);
    char *bytes = stage_read(&s, ".jsonl", &count);
    cr_assert_gt(pieces(bytes, count, ends), 8);
    stage_write(&s, ".jsonl", bytes, ends[6]);
    stage_path(&s, ".seal", path);
    cr_assert_eq(unlink(path), 0);
    log_set_level(LOG_LEVEL_ERROR);
    cr_assert_eq(transcript_recover(vault, s.dir, s.options.session, s.seal, 1700000900000, &event, &fault), RESULT_OK,
                 "%s", fault.text);
    cr_expect_not_null(strstr(event.text, "missing"), "%s", event.text);
    cr_expect_not(holds(&s, vault, why));
    cr_expect_not_null(strstr(why, "cut off"), "%s", why);
    free(bytes);
    stage_close(&s);
    vault_close(vault);
}

/* What an honest crash leaves verifies: heads and all. */
Test(mutations, after_a_crash_the_rest_verifies) {
    struct stage s;
    struct vault *vault;
    struct session_event event;
    struct fault fault;
    char path[256], why[FAULT_TEXT_BYTES];
    size_t count, ends[256];
    play(&s, &vault);
    char *bytes = stage_read(&s, ".jsonl", &count);
    size_t n = pieces(bytes, count, ends);
    stage_write(&s, ".jsonl", bytes, ends[n - 2] + 9); /* torn inside the last line */
    stage_path(&s, ".seal", path);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(transcript_recover(vault, s.dir, s.options.session, s.seal, 1700000900000, &event, &fault), RESULT_OK,
                 "%s", fault.text);
    cr_expect_str_empty(event.text);
    cr_expect(holds(&s, vault, why), "%s", why);
    free(bytes);
    stage_close(&s);
    vault_close(vault);
}

Test(heads, one_a_minute_while_something_happens) {
    struct stage s;
    struct heads *heads;
    struct head head;
    struct fault fault;
    char base[256];
    uint64_t number = 0, frames = 0;
    int64_t at_ms = 0;
    play(&s, NULL);
    stage_path(&s, "", base);
    cr_assert_eq(heads_open(base, &heads, &fault), RESULT_OK);
    while (heads_next(heads, &head, &number, &fault) == RESULT_OK) {
        cr_expect(head_signature_holds(&head, s.options.session, number, s.seal));
        cr_expect_not(head_signature_holds(&head, s.options.session, number + 1, s.seal), "bound to its place");
        cr_expect_not(head_signature_holds(&head, "00000000-0000-4000-8000-000000000000", number, s.seal));
        cr_expect_gt(head.n, frames);
        cr_expect_geq(head.at_ms - at_ms, HEADS_EVERY_MS);
        frames = head.n;
        at_ms = head.at_ms;
    }
    cr_expect_eq(heads_count(heads), 4, "in 244 s: %llu", (unsigned long long)heads_count(heads));
    heads_close(heads);
    stage_close(&s);
}
