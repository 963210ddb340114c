/* Hidden input in escrow: who holds the key can show what was typed; nobody else learns anything. */
#include "sessions/escrow.h"

#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sessions/transcript_reader.h"
#include "sessions/verify.h"
#include "stage.h"

struct pair {
    char public_path[96], private_path[96];
    struct box_key *public, *private;
};

static void pair_make(struct pair *p, const char *dir, const char *name) {
    struct fault fault;
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    snprintf(p->public_path, sizeof p->public_path, "%s/%s.pub", dir, name);
    snprintf(p->private_path, sizeof p->private_path, "%s/%s.key", dir, name);
    FILE *file = fopen(p->public_path, "w");
    cr_assert_eq(PEM_write_PUBKEY(file, key), 1);
    fclose(file);
    file = fopen(p->private_path, "w");
    cr_assert_eq(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    EVP_PKEY_free(key);
    cr_assert_eq(box_key_read_public(p->public_path, &p->public, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(box_key_read_private(p->private_path, &p->private, &fault), RESULT_OK, "%s", fault.text);
}

static void pair_free(struct pair *p) {
    box_key_free(p->public);
    box_key_free(p->private);
}

/* A session with a password in it. */
static void play(struct stage *s, const struct box_key *key) {
    relay_free(s->relay);
    s->options.escrow = key;
    s->relay = relay_new(&s->options, s->now, 1700000000000);
    stage_session(s);
}

/* What lies in escrow, all secrets one after the other; the last result. */
static enum result open_all(const struct stage *s, const struct box_key *key, struct buf *out, int *secrets) {
    struct transcript_reader *reader;
    struct transcript_entry entry;
    struct fault fault;
    char base[256];
    enum result result = RESULT_OK;
    *secrets = 0;
    stage_path(s, "", base);
    cr_assert_eq(transcript_reader_open(NULL, base, &reader, &fault), RESULT_OK, "%s", fault.text);
    while (result == RESULT_OK && transcript_reader_next(reader, &entry, &fault) == RESULT_OK) {
        if (entry.line.channel == CHANNEL_TERMINAL_SECRET) {
            ++*secrets;
            result = escrow_open(key, s->options.session, &entry.line, out, &fault);
        }
    }
    transcript_reader_close(reader);
    return result;
}

Test(escrow, the_key_shows_what_was_typed_and_the_transcript_does_not) {
    struct stage s;
    struct pair mine, other;
    struct buf text;
    struct verdict verdict;
    struct fault fault;
    char path[256];
    int secrets;
    size_t count;
    stage_open(&s);
    pair_make(&mine, s.dir, "mine");
    pair_make(&other, s.dir, "other");
    play(&s, mine.public);
    buf_init(&text, 4096);
    cr_expect_eq(open_all(&s, mine.private, &text, &secrets), RESULT_OK);
    cr_expect_str_eq(buf_text(&text), "hunter2\r");
    cr_expect_eq(secrets, 2);
    buf_reset(&text);
    cr_expect_eq(open_all(&s, other.private, &text, &secrets), RESULT_DENIED);
    cr_expect_eq(text.count, 0);
    char *lines = stage_read(&s, ".jsonl", &count);
    cr_expect_null(strstr(lines, "hunter2"));
    cr_expect_not_null(strstr(lines, "\"escrow\":\""));
    free(lines);
    stage_path(&s, ".jsonl", path);
    cr_expect_eq(transcript_verify(path, &(struct verify_options){0}, &verdict, &fault), RESULT_OK);
    cr_expect(verdict.is_ok && verdict.is_countersigned, "%s", verdict.text);
    buf_fini(&text);
    pair_free(&mine);
    pair_free(&other);
    stage_close(&s);
}

Test(escrow, without_a_key_nothing_is_kept) {
    struct stage s;
    struct pair mine;
    struct buf text;
    int secrets;
    stage_open(&s);
    pair_make(&mine, s.dir, "mine");
    play(&s, NULL);
    buf_init(&text, 4096);
    cr_expect_eq(open_all(&s, mine.private, &text, &secrets), RESULT_NOT_FOUND);
    cr_expect_eq(secrets, 1);
    buf_fini(&text);
    pair_free(&mine);
    stage_close(&s);
}

Test(escrow, a_box_of_another_frame_or_session_is_refused) {
    static const char salted[] = "0123456789abcdefhunter2";
    struct stage s;
    struct pair mine;
    struct buf box, text;
    struct fault fault;
    struct frame frame = {
        .channel = CHANNEL_TERMINAL_SECRET, .bytes = (const uint8_t *)salted, .count = sizeof salted - 1};
    struct transcript_line line = {.n = 7, .channel = CHANNEL_TERMINAL_SECRET, .has_leaf = true};
    stage_open(&s);
    pair_make(&mine, s.dir, "mine");
    buf_init(&box, 4096);
    buf_init(&text, 4096);
    chain_leaf(&frame, line.leaf);
    cr_assert_eq(escrow_seal(mine.public, s.options.session, &frame, line.leaf, &box), RESULT_OK);
    line.escrow = buf_text(&box);
    line.escrow_chars = box.count;
    cr_expect_eq(escrow_open(mine.private, s.options.session, &line, &text, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(escrow_open(mine.private, "00000000-0000-4000-8000-000000000000", &line, &text, &fault),
                 RESULT_DENIED);
    line.leaf[0] ^= 1;
    cr_expect_eq(escrow_open(mine.private, s.options.session, &line, &text, &fault), RESULT_DENIED);
    /* Sealed for this leaf, but another text in it: a gateway that lies about what was typed. */
    buf_reset(&box);
    cr_assert_eq(escrow_seal(mine.public, s.options.session, &frame, line.leaf, &box), RESULT_OK);
    line.escrow = buf_text(&box);
    cr_expect_eq(escrow_open(mine.private, s.options.session, &line, &text, &fault), RESULT_CORRUPT);
    buf_fini(&box);
    buf_fini(&text);
    pair_free(&mine);
    stage_close(&s);
}

Test(escrow, keys_that_are_refused) {
    struct stage s;
    struct pair mine;
    struct box_key *key;
    struct fault fault;
    char path[96];
    stage_open(&s);
    pair_make(&mine, s.dir, "mine");
    snprintf(path, sizeof path, "%s/seal.pub", s.dir);
    cr_expect_eq(box_key_read_public(path, &key, &fault), RESULT_BAD_INPUT, "an Ed25519 key");
    cr_expect_eq(box_key_read_public(mine.private_path, &key, &fault), RESULT_BAD_INPUT, "a private key");
    cr_expect_eq(box_key_read_private(mine.public_path, &key, &fault), RESULT_BAD_INPUT, "a public key");
    cr_expect_eq(box_key_read_public("/nonexistent", &key, &fault), RESULT_NOT_FOUND);
    pair_free(&mine);
    stage_close(&s);
}
