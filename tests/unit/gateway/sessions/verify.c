/* A transcript proves what happened: every change is found, also one by the gateway itself. */
#include "sessions/verify.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sessions/seal.h"
#include "sessions/transcript_reader.h"
#include "stage.h"

static const char *const endings[] = {".cast", ".jsonl", ".seal"};

static struct verdict verify(const struct stage *s) {
    struct verdict verdict;
    struct fault fault;
    char path[256];
    stage_path(s, ".jsonl", path);
    enum result result = transcript_verify(path, &(struct verify_options){0}, &verdict, &fault);
    cr_assert(result == RESULT_OK, "%s", fault.text);
    return verdict;
}

Test(verify, any_of_the_three_files_names_the_transcript) {
    struct stage s;
    stage_open(&s);
    stage_session(&s);
    for (size_t i = 0; i < 3; i++) {
        struct verdict verdict;
        struct fault fault;
        char path[256];
        stage_path(&s, endings[i], path);
        cr_expect_eq(transcript_verify(path, &(struct verify_options){0}, &verdict, &fault), RESULT_OK);
        cr_expect(verdict.is_ok, "%s", verdict.text);
    }
    stage_close(&s);
}

/* promise 38: 1,000 mutations. A byte is xored with something that is not 0, so it always changes. */
Test(verify, promise_38_a_thousand_changed_bytes_are_all_found) {
    struct stage s;
    size_t counts[3], total = 0, found = 0;
    char *files[3];
    stage_open(&s);
    stage_session(&s);
    for (size_t i = 0; i < 3; i++) {
        files[i] = stage_read(&s, endings[i], &counts[i]);
        total += counts[i];
    }
    srandom(20261122);
    for (int round = 0; round < 1000; round++) {
        size_t at = (size_t)random() % total, file = 0;
        while (file < 2 && at >= counts[file]) {
            at -= counts[file++];
        }
        uint8_t mask = (uint8_t)(1 + random() % 255);
        files[file][at] ^= (char)mask;
        stage_write(&s, endings[file], files[file], counts[file]);
        struct verdict verdict = verify(&s);
        cr_expect_not(verdict.is_ok, "%s byte %zu ^ %02x", endings[file], at, mask);
        cr_expect_str_not_empty(verdict.text);
        found += !verdict.is_ok;
        files[file][at] ^= (char)mask;
        stage_write(&s, endings[file], files[file], counts[file]);
    }
    cr_expect_eq(found, 1000);
    struct verdict verdict = verify(&s);
    cr_expect(verdict.is_ok, "as it was again: %s", verdict.text);
    for (size_t i = 0; i < 3; i++) {
        free(files[i]);
    }
    stage_close(&s);
}

/* Every single bit of the seal: the part that signs must not be the part that can be varied. */
Test(verify, every_bit_of_the_seal_counts) {
    struct stage s;
    size_t count;
    stage_open(&s);
    stage_session(&s);
    char *seal = stage_read(&s, ".seal", &count);
    for (size_t at = 0; at < count; at++) {
        seal[at] ^= (char)(1 << (at % 8));
        stage_write(&s, ".seal", seal, count);
        struct verdict verdict = verify(&s);
        cr_expect_not(verdict.is_ok, "byte %zu", at);
        seal[at] ^= (char)(1 << (at % 8));
    }
    free(seal);
    stage_close(&s);
}

struct lines {
    char *text, *at[400];
    size_t count, length[400];
};

static void lines_read(const struct stage *s, const char *ending, struct lines *lines) {
    size_t bytes;
    lines->text = stage_read(s, ending, &bytes);
    lines->count = 0;
    for (char *at = lines->text; *at != '\0';) {
        char *end = strchr(at, '\n');
        lines->at[lines->count] = at;
        lines->length[lines->count++] = (size_t)(end - at) + 1;
        at = end + 1;
    }
}

enum surgery { REMOVE, DOUBLE, SWAP };

static void lines_write(const struct stage *s, const char *ending, const struct lines *lines, enum surgery surgery,
                        size_t which) {
    struct buf out;
    buf_init(&out, 1 << 24);
    for (size_t i = 0; i < lines->count; i++) {
        size_t from = surgery == SWAP && i == which ? i + 1 : surgery == SWAP && i == which + 1 ? i - 1 : i;
        for (int times = i != which ? 1 : surgery == REMOVE ? 0 : surgery == DOUBLE ? 2 : 1; times > 0; times--) {
            buf_add(&out, lines->at[from], lines->length[from]);
        }
    }
    stage_write(s, ending, out.data, out.count);
    buf_fini(&out);
}

Test(verify, every_removed_doubled_or_swapped_line_is_found) {
    struct stage s;
    stage_open(&s);
    stage_session(&s);
    for (size_t file = 0; file < 2; file++) {
        struct lines lines;
        lines_read(&s, endings[file], &lines);
        cr_assert_gt(lines.count, 40);
        for (int surgery = REMOVE; surgery <= SWAP; surgery++) {
            for (size_t which = 0; which + (surgery == SWAP) < lines.count; which++) {
                lines_write(&s, endings[file], &lines, (enum surgery)surgery, which);
                struct verdict verdict = verify(&s);
                cr_expect_not(verdict.is_ok, "%s line %zu, surgery %d", endings[file], which + 1, surgery);
            }
        }
        lines_write(&s, endings[file], &lines, DOUBLE, lines.count);
        free(lines.text);
    }
    cr_expect(verify(&s).is_ok);
    stage_close(&s);
}

Test(verify, a_cut_end_is_found_and_the_first_bad_frame_is_named) {
    struct stage s;
    size_t count;
    stage_open(&s);
    stage_session(&s);
    char *jsonl = stage_read(&s, ".jsonl", &count);
    stage_write(&s, ".jsonl", jsonl, count - 1);
    struct verdict verdict = verify(&s);
    cr_expect_not(verdict.is_ok);
    cr_expect(verdict.has_bad_frame && verdict.bad_frame == verdict.frames + 1, "%s", verdict.text);
    char *tenth = jsonl;
    for (int i = 0; i < 10; i++) {
        tenth = strchr(tenth, '\n') + 1;
    }
    stage_write(&s, ".jsonl", jsonl, (size_t)(tenth - jsonl));
    verdict = verify(&s);
    cr_expect_not(verdict.is_ok);
    tenth[5] = '9'; /* its number */
    stage_write(&s, ".jsonl", jsonl, count);
    verdict = verify(&s);
    cr_expect(verdict.has_bad_frame && verdict.bad_frame == 10, "%s", verdict.text);
    free(jsonl);
    stage_close(&s);
}

static void replace(char *text, const char *from, const char *to) {
    char *at = strstr(text, from);
    cr_assert_not_null(at, "%s", from);
    cr_assert_eq(strlen(from), strlen(to));
    for (size_t i = 0; to[i] != '\0'; i++) {
        at[i] = to[i];
    }
}

/* What a gateway can do: it holds the seal key and can write all three files. */
static void seal_again(struct stage *s, bool keeps_statement) {
    char base[256], path[256];
    struct transcript_reader *reader;
    struct transcript_entry entry;
    struct seal old, fresh;
    struct fault fault;
    stage_path(s, "", base);
    stage_path(s, ".seal", path);
    cr_assert_eq(transcript_reader_open(NULL, base, &reader, &fault), RESULT_OK, "%s", fault.text);
    enum result result;
    while ((result = transcript_reader_next(reader, &entry, &fault)) == RESULT_OK) {
    }
    cr_assert_eq(result, RESULT_NOT_FOUND, "%s", fault.text);
    cr_assert_eq(seal_read(base, &old, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(seal_make(NULL, base, transcript_reader_sums(reader), NULL, NULL, old.why, old.is_complete,
                           old.ended_ms, &fresh, &fault),
                 RESULT_OK, "%s", fault.text);
    transcript_reader_close(reader);
    fresh.is_countersigned = true;
    fresh.countersign_note[0] = '\0';
    memcpy(fresh.countersignature, old.countersignature, sizeof old.countersignature);
    fresh.countersignature_count = old.countersignature_count;
    memcpy(fresh.certificate, old.certificate, sizeof old.certificate);
    if (keeps_statement) {
        memcpy(fresh.statement, old.statement, sizeof old.statement);
    }
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(seal_write(&fresh, base, s->seal, &fault), RESULT_OK, "%s", fault.text);
}

Test(verify, a_gateway_that_rewrites_and_seals_again_is_caught_by_the_product) {
    static const struct {
        const char *ending, *from, *to;
    } rows[] = {{".cast", "line 7 ", "line 8 "},
                {".cast", "ls /var/log", "ls /var/tmp"},
                {".jsonl", "\"name\":\"disk\"", "\"name\":\"dusk\""},
                {".jsonl", "\"output\":\"fine\"", "\"output\":\"bad!\""},
                {".jsonl", "\"by\":\"owner\"", "\"by\":\"nobdy\""}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int keeps = 0; keeps < 2; keeps++) {
            struct stage s;
            size_t count;
            stage_open(&s);
            stage_session(&s);
            char *text = stage_read(&s, rows[i].ending, &count);
            replace(text, rows[i].from, rows[i].to);
            stage_write(&s, rows[i].ending, text, count);
            seal_again(&s, keeps != 0);
            struct verdict verdict = verify(&s);
            cr_expect_not(verdict.is_ok, "%s -> %s", rows[i].from, rows[i].to);
            cr_expect_not(verdict.is_countersigned);
            free(text);
            stage_close(&s);
        }
    }
}

Test(verify, sealing_again_without_a_change_is_no_lie) {
    struct stage s;
    stage_open(&s);
    stage_session(&s);
    seal_again(&s, false);
    struct verdict verdict = verify(&s);
    cr_expect(verdict.is_ok && verdict.is_countersigned, "%s", verdict.text);
    stage_close(&s);
}

Test(verify, another_gateways_seal_or_another_ca_is_refused) {
    struct stage s, other;
    char pub[256], ca[256], path[256];
    struct verdict verdict;
    struct fault fault;
    stage_open(&s);
    stage_open(&other);
    stage_session(&s);
    snprintf(pub, sizeof pub, "%s/seal.pub", other.dir);
    snprintf(ca, sizeof ca, "%s/ca.crt", other.dir);
    stage_path(&s, ".cast", path);
    cr_expect_eq(transcript_verify(path, &(struct verify_options){.seal_pub = pub}, &verdict, &fault), RESULT_OK);
    cr_expect_not(verdict.is_ok);
    cr_expect_eq(transcript_verify(path, &(struct verify_options){.ca = ca}, &verdict, &fault), RESULT_OK);
    cr_expect_not(verdict.is_ok, "%s", verdict.text);
    stage_close(&other);
    stage_close(&s);
}

Test(verify, what_is_missing_is_an_error_and_never_a_yes) {
    static const char *const gone[] = {".cast", ".jsonl", ".seal"};
    for (size_t i = 0; i < 3; i++) {
        struct stage s;
        struct verdict verdict;
        struct fault fault = {""};
        char path[256], missing[256];
        stage_open(&s);
        stage_session(&s);
        stage_path(&s, gone[i], missing);
        cr_assert_eq(unlink(missing), 0);
        stage_path(&s, ".cast", path);
        cr_expect_neq(transcript_verify(path, &(struct verify_options){0}, &verdict, &fault), RESULT_OK);
        cr_expect_not(verdict.is_ok);
        cr_expect_not_null(strstr(fault.text, gone[i]), "%s", fault.text);
        stage_close(&s);
    }
    struct verdict verdict;
    struct fault fault;
    cr_expect_eq(transcript_verify("/tmp/x.cast", &(struct verify_options){0}, &verdict, &fault), RESULT_BAD_INPUT);
    cr_expect_not(verdict.is_ok);
}

/* asciinema opens /dev/tty, so it gets a terminal of its own; what it plays goes to `out_fd`. */
static int play(const struct stage *s, char *path, int out_fd) {
    char home[128];
    char *argv[] = {(char *)"asciinema", (char *)"cat", path, NULL};
    char *env[] = {(char *)"PATH=/usr/bin:/bin", (char *)"LC_ALL=C.UTF-8", home, NULL};
    int status = -1, master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    snprintf(home, sizeof home, "HOME=%s", s->dir);
    cr_assert(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        setsid();
        int terminal = open(ptsname(master), O_RDWR);
        _exit(terminal < 0 || dup2(out_fd, STDOUT_FILENO) < 0 || execve("/usr/bin/asciinema", argv, env) != 0);
    }
    cr_assert_eq(waitpid(pid, &status, 0), pid);
    close(master);
    return status;
}

/* Debian's asciinema reads what we write: its output is exactly the terminal's bytes. */
Test(verify, asciinema_plays_it) {
    struct stage s;
    char path[256], out[64] = "/tmp/fieldline-cat-XXXXXX";
    if (access("/usr/bin/asciinema", X_OK) != 0) {
        cr_skip_test("asciinema is not installed");
    }
    stage_open(&s);
    stage_session(&s);
    stage_path(&s, ".cast", path);
    int fd = mkstemp(out);
    cr_assert_geq(fd, 0);
    cr_expect_eq(play(&s, path, fd), 0);
    struct buf expected;
    buf_init(&expected, 1 << 20);
    for (size_t i = 0; i < s.engineer.count; i++) {
        if (!s.engineer.sent[i].is_text && s.engineer.sent[i].bytes[0] == CHANNEL_TERMINAL) {
            buf_add(&expected, s.engineer.sent[i].bytes + 1, s.engineer.sent[i].count - 1);
        }
    }
    char *played = malloc(expected.count + 2);
    ssize_t n = pread(fd, played, expected.count + 2, 0);
    cr_assert_eq(n, (ssize_t)expected.count);
    cr_expect_arr_eq(played, expected.data, expected.count);
    free(played);
    buf_fini(&expected);
    close(fd);
    unlink(out);
    stage_close(&s);
}

Test(verify, promise_36_a_seal_of_another_key_or_another_end_is_not_ours) {
    struct stage s;
    struct seal seal;
    struct key *other = NULL;
    struct fault fault = {""};
    char base[256], path[256], public_path[256], digest[SHA256_HEX_BYTES];
    stage_open(&s);
    stage_session(&s);
    stage_path(&s, "", base);
    cr_assert_eq(seal_read(base, &seal, &fault), RESULT_OK, "%s", fault.text);
    seal_digest(&seal, digest);
    stage_path(&s, ".other", path);
    stage_path(&s, ".other.pub", public_path);
    cr_assert_eq(key_make_ed25519(path, public_path, NULL), RESULT_OK);
    cr_assert_eq(key_read_private(path, &other, NULL), RESULT_OK);
    cr_expect_eq(transcript_is_ours(base, s.seal, digest, &fault), RESULT_OK);
    cr_expect_eq(transcript_is_ours(base, s.seal, "", &fault), RESULT_OK, "the row knows of none");
    cr_expect_eq(transcript_is_ours(base, other, digest, &fault), RESULT_CORRUPT, "another key");
    digest[0] = digest[0] == 'a' ? 'b' : 'a';
    cr_expect_eq(transcript_is_ours(base, s.seal, digest, &fault), RESULT_CORRUPT, "another end");
    cr_expect_str_eq(fault.text, "this is not the seal that was made when the session ended");
    stage_path(&s, ".none", base);
    cr_expect_eq(transcript_is_ours(base, s.seal, "", &fault), RESULT_NOT_FOUND);
    key_free(other);
    stage_close(&s);
}
