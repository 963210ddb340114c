/* After a crash of the gateway: what was relayed is there, what is torn is aside, and the seal says so. */
#include "sessions/recover.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sessions/verify.h"
#include "stage.h"

/* The files as a SIGKILL would leave them: a copy of the directory's state in mid-session, with `cut` bytes missing. */
static void crash(struct stage *s, size_t cut_cast, size_t cut_jsonl) {
    size_t cast_count, jsonl_count;
    stage_live(s);
    engineer_text(s,
                  "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"terminal.open\",\"params\":{\"cols\":80,\"rows\":24}}");
    product_text(s, "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}");
    product_terminal(s, "first");
    product_terminal(s, "second");
    product_terminal(s, "third");
    char *cast = stage_read(s, ".cast", &cast_count), *jsonl = stage_read(s, ".jsonl", &jsonl_count);
    char path[256];
    relay_free(s->relay); /* seals; the copy below is from before */
    s->relay = NULL;
    stage_path(s, ".seal", path);
    cr_assert_eq(unlink(path), 0);
    stage_write(s, ".cast", cast, cast_count - cut_cast);
    stage_write(s, ".jsonl", jsonl, jsonl_count - cut_jsonl);
    free(cast);
    free(jsonl);
}

static struct verdict verify(const struct stage *s) {
    struct verdict verdict;
    struct fault fault;
    char path[256];
    stage_path(s, ".cast", path);
    cr_assert_eq(transcript_verify(path, &(struct verify_options){0}, &verdict, &fault), RESULT_OK, "%s", fault.text);
    return verdict;
}

Test(recover, whatever_is_torn) {
    static const struct {
        const char *what;
        size_t cut_cast, cut_jsonl;
        bool has_third, has_torn;
    } rows[] = {{"nothing is torn", 0, 0, true, false},
                {"a line of the jsonl", 0, 5, false, true},
                {"only its newline", 0, 1, false, true},
                {"a line of the cast", 3, 0, false, true},
                {"both", 3, 5, false, true}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct stage s;
        struct session_event event;
        struct fault fault = {""};
        struct stat st;
        char torn[256];
        size_t count;
        stage_open(&s);
        crash(&s, rows[i].cut_cast, rows[i].cut_jsonl);
        cr_assert_eq(transcript_recover(NULL, s.dir, s.options.session, s.seal, 1700000009000, &event, &fault),
                     RESULT_OK, "%s: %s", rows[i].what, fault.text);
        cr_expect_eq(event.kind, SESSION_EVENT_ENDED);
        cr_expect_str_eq(event.why, "gateway_crashed");
        cr_expect_not(event.is_complete || event.is_countersigned);
        struct verdict verdict = verify(&s);
        cr_expect(verdict.is_ok, "%s: %s", rows[i].what, verdict.text);
        cr_expect_not(verdict.is_complete || verdict.is_countersigned);
        cr_expect_str_eq(verdict.digest, event.digest);
        cr_expect_eq((int64_t)verdict.frames, event.frames);
        char *cast = stage_read(&s, ".cast", &count);
        cr_expect_not_null(strstr(cast, "second"), "%s", rows[i].what);
        cr_expect_eq(strstr(cast, "third") != NULL, rows[i].has_third, "%s", rows[i].what);
        free(cast);
        char *jsonl = stage_read(&s, ".jsonl", &count);
        cr_expect_not_null(strstr(jsonl, "transcript.hole"), "%s", rows[i].what);
        free(jsonl);
        stage_path(&s, ".torn", torn);
        cr_expect_eq(stat(torn, &st) == 0, rows[i].has_torn, "%s", rows[i].what);
        stage_close(&s);
    }
}

static void count_one(void *self, const char *session, const struct session_event *event) {
    (void)session;
    *(int *)self += event->frames > 0;
}

Test(recover, all_of_a_directory_and_only_once) {
    struct stage s;
    struct fault fault = {""};
    int recovered = 0;
    const struct recover_calls calls = {.each = count_one, .self = &recovered};
    stage_open(&s);
    crash(&s, 0, 4);
    cr_expect_eq(transcript_recover_all(NULL, s.dir, s.seal, 0, &calls, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(recovered, 1);
    cr_expect_eq(transcript_recover_all(NULL, s.dir, s.seal, 0, &calls, &fault), RESULT_OK);
    cr_expect_eq(recovered, 1, "sealed ones are left alone");
    stage_close(&s);
}

static bool never(void *self, const char *session) {
    (void)self, (void)session;
    return false;
}

Test(recover, promise_36_one_that_lost_its_seal_gets_no_new_one) {
    struct stage s;
    struct fault fault = {""};
    int recovered = 0;
    const struct recover_calls calls = {.may_seal = never, .each = count_one, .self = &recovered};
    char path[256];
    stage_open(&s);
    crash(&s, 0, 4);
    cr_expect_eq(transcript_recover_all(NULL, s.dir, s.seal, 0, &calls, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(recovered, 0);
    stage_path(&s, ".seal", path);
    cr_expect_neq(access(path, F_OK), 0);
    stage_close(&s);
}

Test(recover, one_that_is_no_transcript_is_left_as_it_is_and_told) {
    struct stage s;
    struct fault fault = {""};
    int recovered = 0;
    const struct recover_calls calls = {.each = count_one, .self = &recovered};
    size_t count;
    stage_open(&s);
    stage_write(&s, ".jsonl", "nonsense\n", 9);
    stage_write(&s, ".cast", "", 0);
    cr_expect_neq(transcript_recover_all(NULL, s.dir, s.seal, 0, &calls, &fault), RESULT_OK);
    cr_expect_str_not_empty(fault.text);
    cr_expect_eq(recovered, 0);
    char *text = stage_read(&s, ".jsonl", &count);
    cr_expect_str_eq(text, "nonsense\n");
    free(text);
    cr_expect_neq(transcript_recover_all(NULL, "/nonexistent", s.seal, 0, &calls, &fault), RESULT_OK);
    stage_close(&s);
}
