/* Keys of recordings, and files encrypted with them. */
#include "sessions/vault_file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char dir[64], master[96], other[96], base[128];
    struct vault *vault;
};

static void place_open(struct place *p) {
    char session[CAP_UUID_BYTES + 1];
    struct fault fault;
    strcpy(p->dir, "/tmp/fieldline-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(p->dir));
    uuid_make(session);
    snprintf(p->master, sizeof p->master, "%s/master.key", p->dir);
    snprintf(p->other, sizeof p->other, "%s/other.key", p->dir);
    snprintf(p->base, sizeof p->base, "%s/%s", p->dir, session);
    cr_assert_eq(vault_make_master(p->master, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(vault_make_master(p->other, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(vault_open(p->master, NULL, &p->vault, &fault), RESULT_OK, "%s", fault.text);
}

static void place_close(struct place *p) {
    char command[96];
    vault_close(p->vault);
    snprintf(command, sizeof command, "rm -rf %s", p->dir);
    cr_assert_eq(system(command), 0);
}

static void write_lines(const struct vault *vault, const char *base, int first, int last) {
    struct vault_writer *w = NULL;
    struct fault fault;
    enum result result = first == 1 ? vault_writer_create(vault, base, ".jsonl", &w, &fault)
                                    : vault_writer_resume(vault, base, ".jsonl", &w, &fault);
    cr_assert_eq(result, RESULT_OK, "%s", fault.text);
    for (int i = first; i <= last; i++) {
        char line[32];
        int chars = snprintf(line, sizeof line, "line %d\n", i);
        cr_assert_eq(vault_writer_append(w, line, (size_t)chars, &fault), RESULT_OK, "%s", fault.text);
    }
    vault_writer_close(w);
}

static enum result read_all(const struct vault *vault, const char *base, struct buf *out, bool *is_torn,
                            struct fault *fault) {
    struct vault_stream *stream = NULL;
    const uint8_t *bytes;
    size_t count;
    enum result result = vault_stream_open(vault, base, ".jsonl", &stream, fault);
    *is_torn = false;
    while (result == RESULT_OK && (result = vault_stream_next(stream, &bytes, &count, fault)) == RESULT_OK) {
        buf_add(out, bytes, count);
    }
    if (stream != NULL) {
        *is_torn = vault_stream_is_torn(stream);
    }
    vault_stream_close(stream);
    return result == RESULT_NOT_FOUND && stream != NULL ? RESULT_OK : result;
}

/* What can be read of it must begin what was written. */
static enum result read_expecting(const struct place *p, const struct vault *vault, const char *expected,
                                  bool *is_torn) {
    struct buf text;
    struct fault fault = {""};
    buf_init(&text, 1 << 16);
    enum result result = read_all(vault, p->base, &text, is_torn, &fault);
    cr_expect_eq(strncmp(expected, buf_text(&text), text.count), 0, "%s", buf_text(&text));
    cr_expect(result != RESULT_OK || text.count == strlen(expected));
    cr_expect(result == RESULT_OK || fault.text[0] != '\0');
    buf_fini(&text);
    return result;
}

static char *slurp(const char *base, const char *ending, size_t *count) {
    char path[160];
    snprintf(path, sizeof path, "%s%s", base, ending);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s", path);
    char *bytes = malloc(65536);
    *count = fread(bytes, 1, 65536, file);
    fclose(file);
    return bytes;
}

static void spill(const char *base, const char *ending, const void *bytes, size_t count) {
    char path[160];
    snprintf(path, sizeof path, "%s%s", base, ending);
    FILE *file = fopen(path, "w");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fwrite(bytes, 1, count, file), count);
    cr_assert_eq(fclose(file), 0);
}

static const char five[] = "line 1\nline 2\nline 3\nline 4\nline 5\n";

Test(vault, what_was_written_is_read_and_does_not_lie_there) {
    struct place p;
    bool is_torn;
    size_t count;
    place_open(&p);
    write_lines(p.vault, p.base, 1, 3);
    write_lines(p.vault, p.base, 4, 5);
    cr_expect_eq(read_expecting(&p, p.vault, five, &is_torn), RESULT_OK);
    char *bytes = slurp(p.base, ".jsonl", &count);
    cr_expect_null(memmem(bytes, count, "line", 4), "the text is in the file");
    free(bytes);
    place_close(&p);
}

Test(vault, a_plain_file_is_read_and_continued_as_it_is) {
    struct place p;
    bool is_torn;
    size_t count;
    place_open(&p);
    write_lines(NULL, p.base, 1, 3);
    write_lines(p.vault, p.base, 4, 5);
    cr_expect_eq(read_expecting(&p, NULL, five, &is_torn), RESULT_OK);
    char *bytes = slurp(p.base, ".jsonl", &count);
    cr_expect_eq(memcmp(bytes, five, count), 0);
    free(bytes);
    place_close(&p);
}

Test(vault, the_same_text_twice_is_encrypted_differently) {
    struct place p, q;
    size_t n, m;
    place_open(&p);
    q = p;
    char session[CAP_UUID_BYTES + 1];
    uuid_make(session);
    snprintf(q.base, sizeof q.base, "%s/%s", q.dir, session);
    write_lines(p.vault, p.base, 1, 5);
    write_lines(p.vault, q.base, 1, 5);
    char *a = slurp(p.base, ".jsonl", &n), *b = slurp(q.base, ".jsonl", &m);
    cr_expect_eq(n, m);
    cr_expect_neq(memcmp(a + 44, b + 44, n - 44), 0);
    free(a);
    free(b);
    place_close(&p);
}

Test(vault, every_changed_byte_is_found) {
    struct place p;
    bool is_torn;
    size_t count;
    place_open(&p);
    write_lines(p.vault, p.base, 1, 3);
    write_lines(p.vault, p.base, 4, 5);
    for (int which = 0; which < 2; which++) {
        const char *ending = which == 0 ? ".jsonl" : ".key";
        char *good = slurp(p.base, ending, &count);
        for (size_t i = 0; i < count; i++) {
            for (int bit = 0; bit < 8; bit += 7) {
                good[i] ^= (char)(1 << bit);
                spill(p.base, ending, good, count);
                /* A file that does not begin as an encrypted one is text: the chains of the recording find that. */
                if (which == 1 || i >= 8) {
                    cr_expect_neq(read_expecting(&p, p.vault, five, &is_torn), RESULT_OK, "%s byte %zu", ending, i);
                }
                good[i] ^= (char)(1 << bit);
            }
        }
        spill(p.base, ending, good, count);
        free(good);
    }
    cr_expect_eq(read_expecting(&p, p.vault, five, &is_torn), RESULT_OK);
    place_close(&p);
}

Test(vault, cut_anywhere_it_is_whole_or_torn) {
    struct place p;
    bool is_torn;
    size_t count, whole = 0;
    place_open(&p);
    write_lines(p.vault, p.base, 1, 5);
    char *good = slurp(p.base, ".jsonl", &count);
    for (size_t i = 0; i < count; i++) {
        struct buf text;
        struct fault fault;
        spill(p.base, ".jsonl", good, i);
        buf_init(&text, 4096);
        enum result result = read_all(p.vault, p.base, &text, &is_torn, &fault);
        cr_expect_eq(strncmp(five, buf_text(&text), text.count), 0);
        cr_expect(result == RESULT_OK || (result == RESULT_CORRUPT && (is_torn || i < 8)), "cut at %zu", i);
        whole += result == RESULT_OK;
        buf_fini(&text);
    }
    cr_expect_eq(whole, 7, "empty, the magic, the segment and after each of four records: %zu", whole);
    free(good);
    place_close(&p);
}

/* Records of 27 bytes each follow the first 44. */
Test(vault, records_cannot_be_removed_doubled_or_swapped) {
    enum { START = 44, RECORD = 27 };
    static const struct {
        const char *why;
        int order[6];
    } rows[] = {
        {"the second is gone", {0, 2, 3, 4, -1}},          {"the first is gone", {1, 2, 3, 4, -1}},
        {"the second is doubled", {0, 1, 1, 2, 3, 4}},     {"two are swapped", {0, 2, 1, 3, 4, -1}},
        {"the last stands in front", {4, 0, 1, 2, 3, -1}},
    };
    struct place p;
    bool is_torn;
    size_t count;
    place_open(&p);
    write_lines(p.vault, p.base, 1, 5);
    char *good = slurp(p.base, ".jsonl", &count);
    cr_assert_eq(count, START + 5 * RECORD);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        char bad[START + 6 * RECORD];
        size_t n = START;
        memcpy(bad, good, START);
        for (int i = 0; i < 6 && rows[r].order[i] >= 0; i++, n += RECORD) {
            memcpy(bad + n, good + START + rows[r].order[i] * RECORD, RECORD);
        }
        spill(p.base, ".jsonl", bad, n);
        cr_expect_eq(read_expecting(&p, p.vault, five, &is_torn), RESULT_CORRUPT, "%s", rows[r].why);
    }
    free(good);
    place_close(&p);
}

Test(vault, a_file_of_another_name_or_session_does_not_open) {
    struct place p;
    bool is_torn;
    size_t count, key_count;
    char session[CAP_UUID_BYTES + 1];
    place_open(&p);
    write_lines(p.vault, p.base, 1, 5);
    char *bytes = slurp(p.base, ".jsonl", &count), *key = slurp(p.base, ".key", &key_count);
    uuid_make(session);
    snprintf(p.base, sizeof p.base, "%s/%s", p.dir, session);
    spill(p.base, ".jsonl", bytes, count);
    cr_expect_eq(read_expecting(&p, p.vault, five, &is_torn), RESULT_DENIED, "its key is gone");
    spill(p.base, ".key", key, key_count);
    cr_expect_eq(read_expecting(&p, p.vault, five, &is_torn), RESULT_CORRUPT, "a key of another session");
    free(bytes);
    free(key);
    place_close(&p);
}

Test(vault, master_keys_that_are_refused) {
    struct place p;
    struct vault *vault = NULL;
    struct fault fault;
    place_open(&p);
    cr_expect_eq(vault_open("/nonexistent/master.key", NULL, &vault, &fault), RESULT_NOT_FOUND);
    cr_expect_not_null(strstr(fault.text, "/nonexistent/master.key"));
    cr_expect_eq(vault_make_master(p.master, &fault), RESULT_CONFLICT, "never over one that is there");
    for (int mode = 0; mode < 3; mode++) {
        static const mode_t modes[] = {0640, 0604, 0666};
        cr_assert_eq(chmod(p.master, modes[mode]), 0);
        cr_expect_eq(vault_open(p.master, NULL, &vault, &fault), RESULT_DENIED, "mode %o", modes[mode]);
    }
    cr_assert_eq(chmod(p.master, 0600), 0);
    static const char *const texts[] = {"", "fieldline-master-key 1 abc\n", "-----BEGIN PRIVATE KEY-----\n"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        FILE *file = fopen(p.master, "w");
        fputs(texts[i], file);
        fclose(file);
        cr_expect_eq(vault_open(p.master, NULL, &vault, &fault), RESULT_BAD_INPUT, "'%s'", texts[i]);
    }
    place_close(&p);
}

Test(vault, another_master_key_opens_nothing_until_keys_are_wrapped_anew) {
    struct place p;
    struct vault *other = NULL, *both = NULL;
    struct vault_rewrap counts;
    struct fault fault;
    bool is_torn;
    place_open(&p);
    write_lines(p.vault, p.base, 1, 5);
    cr_assert_eq(vault_open(p.other, NULL, &other, &fault), RESULT_OK);
    cr_expect_eq(read_expecting(&p, other, five, &is_torn), RESULT_DENIED);
    cr_expect_eq(vault_rewrap_all(other, p.dir, &counts, &fault), RESULT_DENIED, "the old one is needed for that");
    cr_expect_eq(read_expecting(&p, p.vault, five, &is_torn), RESULT_OK, "and nothing was changed");
    cr_assert_eq(vault_open(p.other, p.master, &both, &fault), RESULT_OK);
    cr_expect_eq(read_expecting(&p, both, five, &is_torn), RESULT_OK);
    cr_expect_eq(vault_rewrap_all(both, p.dir, &counts, &fault), RESULT_OK, "%s", fault.text);
    cr_expect(counts.rewrapped == 1 && counts.current == 0);
    cr_expect_eq(vault_rewrap_all(both, p.dir, &counts, &fault), RESULT_OK);
    cr_expect(counts.rewrapped == 0 && counts.current == 1, "once is enough");
    cr_expect_eq(read_expecting(&p, other, five, &is_torn), RESULT_OK);
    cr_expect_eq(read_expecting(&p, p.vault, five, &is_torn), RESULT_DENIED, "the old one is of no use any more");
    vault_close(other);
    vault_close(both);
    place_close(&p);
}

Test(vault, a_shredded_key_opens_nothing) {
    struct place p;
    struct fault fault;
    bool is_torn;
    place_open(&p);
    write_lines(p.vault, p.base, 1, 5);
    cr_expect_eq(vault_shred(p.base, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(read_expecting(&p, p.vault, five, &is_torn), RESULT_DENIED);
    cr_expect_eq(vault_shred(p.base, &fault), RESULT_OK, "twice is fine");
    place_close(&p);
}
