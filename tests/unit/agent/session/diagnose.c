/* Diagnostics as they run: output in pieces and no faster than it is taken, cancelled, with arguments; and the bundle.
 */
#include "session/diagnose.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../turn.h"
#include "fieldline/log.h"
#include "session/bundle.h"
#include "session/tarball.h"

struct rig {
    struct loop *loop;
    struct session_grant grant;
    struct diagnose *diagnose;
    struct streams *streams;
    struct buf text, packed;
    size_t pieces;
    char answer[4096], closed[512], failed[128];
    bool is_busy, is_over;
};

static char *ping[] = {(char *)"/bin/echo", (char *)"-n", (char *)"{count}", (char *)"{host}", NULL};
static char *loud[] = {(char *)"/bin/sh", (char *)"-c", (char *)"yes 0123456789 | head -c 100000", NULL};
static char *flood[] = {(char *)"/bin/sh", (char *)"-c", (char *)"yes 0123456789 | head -c 1000000", NULL};
static char *slow[] = {(char *)"/bin/sh", (char *)"-c", (char *)"echo begun; sleep 100", NULL};
static char *binary[] = {(char *)"/usr/bin/printf", (char *)"a\\377\\001z", NULL};
static struct session_diagnostic rows[] = {
    {.name = "ping",
     .title = "Reach a host",
     .argv = ping,
     .limit_ms = 5000,
     .args = "host:hostname, count:int(1..3)=2"},
    {.name = "loud", .argv = loud, .limit_ms = 5000, .in_bundle = true},
    {.name = "flood", .argv = flood, .limit_ms = 5000, .in_bundle = true},
    {.name = "slow", .argv = slow, .limit_ms = 300, .in_bundle = true},
    {.name = "binary", .argv = binary, .limit_ms = 5000},
};

static void on_answer(void *self, int64_t id, const char *json, size_t bytes) {
    struct rig *r = self;
    (void)id;
    snprintf(r->answer, sizeof r->answer, "%.*s", (int)bytes, json);
}
static void on_output(void *self, const char *json, size_t bytes) {
    struct rig *r = self;
    struct json *params;
    const char *text;
    struct fault fault;
    cr_assert_lt(bytes, CAP_FRAME_BYTES - 100);
    cr_assert_eq(json_parse(json, bytes, &params, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(json_string(params, "text", DIAGNOSE_PIECE_BYTES, &text, &fault), RESULT_OK, "%s", fault.text);
    buf_str(&r->text, text);
    r->pieces++;
    json_free(params);
}
static bool is_busy(const void *self) {
    return ((const struct rig *)self)->is_busy;
}
static const struct diagnose_owner owner = {.answer = on_answer, .output = on_output, .is_busy = is_busy};

static void out_send(void *self, uint16_t stream, const void *bytes, size_t count) {
    (void)stream;
    buf_add(&((struct rig *)self)->packed, bytes, count);
}
static void out_credit(void *self, uint16_t stream, uint32_t bytes) {
    (void)self, (void)stream, (void)bytes;
}
static void out_closed(void *self, const char *params, size_t bytes) {
    snprintf(((struct rig *)self)->closed, 512, "%.*s", (int)bytes, params);
}
static const struct streams_out out = {.send = out_send, .credit = out_credit, .closed = out_closed};

static void rig_open(struct rig *r) {
    memset(r, 0, sizeof *r);
    log_set_level(LOG_LEVEL_ERROR);
    signal(SIGPIPE, SIG_IGN);
    r->grant = (struct session_grant){
        .session = "s", .device = "freezer-7", .diagnostics = rows, .diagnostic_count = sizeof rows / sizeof *rows};
    r->loop = loop_new();
    r->diagnose = diagnose_new(r->loop, &r->grant, &owner, r);
    r->streams = streams_new(&out, r);
    buf_init(&r->text, 4 << 20);
    buf_init(&r->packed, 8 << 20);
}

static void rig_close(struct rig *r) {
    diagnose_free(r->diagnose);
    streams_free(r->streams);
    loop_free(r->loop);
    buf_fini(&r->text);
    buf_fini(&r->packed);
}

static const char *ask(struct rig *r, const char *params) {
    static struct fault fault;
    struct json *json;
    cr_assert_eq(json_parse(params, strlen(params), &json, &fault), RESULT_OK, "%s: %s", params, fault.text);
    fault.text[0] = r->answer[0] = '\0';
    enum result result = diagnose_run(r->diagnose, 7, json, &fault);
    cr_expect_eq(result == RESULT_OK, fault.text[0] == '\0');
    json_free(json);
    return fault.text;
}

static bool has_answer(void *self) {
    return ((struct rig *)self)->answer[0] != '\0';
}
static bool has_text(void *self) {
    return ((struct rig *)self)->text.count > 0;
}

Test(diagnose, arguments_reach_the_program_whole) {
    struct rig r;
    rig_open(&r);
    cr_assert_str_eq(ask(&r, "{\"name\":\"ping\",\"args\":{\"host\":\"a.example\"}}"), "");
    cr_assert(turn_until(r.loop, has_answer, &r, 5000));
    cr_expect_str_eq(buf_text(&r.text), "2 a.example");
    cr_expect_not_null(strstr(r.answer, "{\"exit\":0,\"truncated\":false,"), "%s", r.answer);
    rig_close(&r);
}

Test(diagnose, what_is_refused) {
    static const struct {
        const char *params, *says;
    } bad[] = {{"{}", "'name' is missing"},
               {"{\"name\":\"rm\"}", "no diagnostic 'rm'"},
               {"{\"name\":\"ping\"}", "'host' is missing"},
               {"{\"name\":\"ping\",\"args\":{\"host\":\"-f\"}}", "'host' is not a host"},
               {"{\"name\":\"ping\",\"args\":{\"host\":\"a\",\"count\":4}}", "'count' is not"},
               {"{\"name\":\"ping\",\"args\":[\"a\"]}", "'args' must be an object"},
               {"{\"name\":\"loud\",\"args\":{\"x\":1}}", "no argument 'x'"},
               {"{\"name\":\"loud\",\"run\":0}", "'run'"},
               {"{\"name\":\"loud\",\"run\":\"x\"}", "'run'"}};
    struct rig r;
    rig_open(&r);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *text = ask(&r, bad[i].params);
        cr_expect_not_null(strstr(text, bad[i].says), "%s: %s", bad[i].params, text);
    }
    cr_assert_str_eq(ask(&r, "{\"name\":\"slow\",\"run\":5}"), "");
    cr_expect_not_null(strstr(ask(&r, "{\"name\":\"slow\",\"run\":5}"), "has the number 5 already"));
    struct fault fault;
    cr_expect_eq(diagnose_cancel(r.diagnose, 6, &fault), RESULT_NOT_FOUND);
    cr_expect_eq(diagnose_cancel(r.diagnose, 0, &fault), RESULT_NOT_FOUND);
    rig_close(&r);
}

Test(diagnose, output_comes_in_pieces_and_is_bounded) {
    struct rig r;
    rig_open(&r);
    cr_assert_str_eq(ask(&r, "{\"name\":\"loud\"}"), "");
    cr_assert(turn_until(r.loop, has_answer, &r, 5000));
    cr_expect_eq(r.text.count, 100000);
    cr_expect_geq(r.pieces, 100000 / DIAGNOSE_PIECE_BYTES);
    buf_reset(&r.text);
    cr_assert_str_eq(ask(&r, "{\"name\":\"flood\"}"), "");
    cr_assert(turn_until(r.loop, has_answer, &r, 5000));
    cr_expect_eq(r.text.count, CAP_DIAGNOSTIC_OUTPUT_BYTES);
    cr_expect_not_null(strstr(r.answer, "\"truncated\":true"), "%s", r.answer);
    buf_reset(&r.text);
    cr_assert_str_eq(ask(&r, "{\"name\":\"binary\"}"), "");
    cr_assert(turn_until(r.loop, has_answer, &r, 5000));
    cr_expect_str_eq(buf_text(&r.text), "a\xef\xbf\xbd\x01z");
    rig_close(&r);
}

Test(diagnose, a_full_way_out_holds_the_program_up_and_loses_nothing) {
    struct rig r;
    rig_open(&r);
    r.is_busy = true;
    cr_assert_str_eq(ask(&r, "{\"name\":\"loud\"}"), "");
    cr_expect_not(turn_until(r.loop, has_answer, &r, 900), "it waits, longer than a program's lingering output");
    cr_expect_eq(r.text.count, 0);
    r.is_busy = false;
    cr_assert(turn_until(r.loop, has_answer, &r, 5000));
    cr_expect_eq(r.text.count, 100000);
    cr_expect_not_null(strstr(r.answer, "\"truncated\":false"), "%s", r.answer);
    rig_close(&r);
}

Test(diagnose, one_is_cancelled_by_its_number) {
    struct rig r;
    struct fault fault;
    rig_open(&r);
    cr_assert_str_eq(ask(&r, "{\"name\":\"slow\",\"run\":5}"), "");
    cr_assert(turn_until(r.loop, has_text, &r, 5000));
    cr_assert_eq(diagnose_cancel(r.diagnose, 5, &fault), RESULT_OK);
    cr_expect_not_null(strstr(r.answer, "\"exit\":137"), "%s", r.answer);
    cr_expect_not_null(strstr(r.answer, "\"cancelled\":true"), "%s", r.answer);
    cr_expect_eq(diagnose_cancel(r.diagnose, 5, &fault), RESULT_NOT_FOUND);
    rig_close(&r);
}

Test(diagnose, the_list_says_what_a_form_needs) {
    struct rig r;
    struct buf text;
    rig_open(&r);
    buf_init(&text, 8192);
    diagnose_list(r.diagnose, &text);
    cr_expect_not_null(strstr(buf_text(&text),
                              "{\"name\":\"ping\",\"title\":\"Reach a host\",\"in_bundle\":false,"
                              "\"args\":[{\"name\":\"host\",\"type\":\"hostname\"},{\"name\":\"count\","
                              "\"type\":\"int\",\"least\":1,\"most\":3,\"initial\":\"2\"}]}"),
                       "%s", buf_text(&text));
    buf_fini(&text);
    rig_close(&r);
}

/* ---- the bundle -------------------------------------------------------------------------------------------------- */

static void on_ready(void *self, const char *json, size_t bytes) {
    on_answer(self, 0, json, bytes);
}
static void on_failed(void *self, const char *why) {
    snprintf(((struct rig *)self)->failed, 128, "%s", why);
}
static void on_over(void *self) {
    ((struct rig *)self)->is_over = true;
}
static const struct bundle_owner bundle_owner = {.ready = on_ready, .failed = on_failed, .over = on_over};
static bool is_over(void *self) {
    return ((struct rig *)self)->is_over;
}

static void run_in(const char *folder, const char *what, char *out_text, size_t room) {
    char command[400];
    snprintf(command, sizeof command, "cd %s && %s", folder, what);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    size_t count = fread(out_text, 1, room - 1, pipe);
    out_text[count] = '\0';
    cr_assert_eq(pclose(pipe), 0, "%s", command);
}

Test(bundle, is_an_archive_that_tar_reads) {
    struct rig r;
    struct fault fault = {""};
    char folder[] = "/tmp/fieldline-bundle-XXXXXX", path[64], listing[4096];
    rig_open(&r);
    cr_assert_eq(bundle_start(r.loop, &r.grant, r.streams, 1, &bundle_owner, &r, &fault), RESULT_OK, "%s", fault.text);
    cr_assert(turn_until(r.loop, has_answer, &r, 10000));
    cr_expect_not_null(strstr(r.answer, "{\"name\":\"freezer-7-2"), "%s", r.answer);
    cr_expect_not_null(strstr(r.answer, "{\"name\":\"flood\",\"file\":\"flood.txt\",\"exit\":"), "%s", r.answer);
    cr_expect_not_null(strstr(r.answer, "{\"name\":\"slow\",\"file\":\"slow.txt\",\"exit\":137,\"truncated\":false,"
                                        "\"timed_out\":true"),
                       "%s", r.answer);
    cr_expect_eq(r.packed.count, 0, "not a byte without credit");
    streams_credit(r.streams, 1, CAP_CREDIT_BYTES);
    cr_assert(turn_until(r.loop, is_over, &r, 5000));
    cr_expect_not_null(strstr(r.closed, "\"reason\":\"done\""), "%s", r.closed);
    cr_assert_not_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/b.tar.gz", folder);
    FILE *file = fopen(path, "w");
    fwrite(r.packed.data, 1, r.packed.count, file);
    fclose(file);
    run_in(folder, "tar -tvzf b.tar.gz", listing, sizeof listing);
    static const char *const names[] = {"100000", "loud.txt", "262144", "flood.txt", "slow.txt", "manifest.json"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_expect_not_null(strstr(listing, names[i]), "%s: %s", names[i], listing);
    }
    cr_expect_null(strstr(listing, "ping"), "%s", listing);
    run_in(folder, "tar -xOzf b.tar.gz manifest.json", listing, sizeof listing);
    unlink(path);
    rmdir(folder);
    struct json *manifest;
    cr_assert_eq(json_parse(listing, strlen(listing), &manifest, &fault), RESULT_OK, "%s", fault.text);
    json_free(manifest);
    rig_close(&r);
}

Test(bundle, ends_with_its_stream) {
    struct rig r;
    struct fault fault = {""};
    rig_open(&r);
    cr_assert_eq(bundle_start(r.loop, &r.grant, r.streams, 1, &bundle_owner, &r, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(bundle_start(r.loop, &r.grant, r.streams, 1, &bundle_owner, &r, &fault), RESULT_CONFLICT);
    cr_assert_eq(streams_shut(r.streams, 1, &fault), RESULT_OK);
    cr_expect(r.is_over);
    cr_expect_str_not_empty(r.failed);
    r.grant.diagnostic_count = 1;
    cr_expect_eq(bundle_start(r.loop, &r.grant, r.streams, 2, &bundle_owner, &r, &fault), RESULT_NOT_FOUND);
    rig_close(&r);
}

Test(tarball, holds_no_more_than_its_cap) {
    static char block[4000];
    struct fault fault = {""};
    struct tarball *t = tarball_new(8192, 0);
    char name[TARBALL_NAME_BYTES + 2];
    memset(name, 'n', sizeof name);
    name[TARBALL_NAME_BYTES + 1] = '\0';
    cr_expect_eq(tarball_add(t, name, "x", 1, &fault), RESULT_BAD_INPUT);
    cr_expect_eq(tarball_add(t, name + 1, block, sizeof block, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(tarball_add(t, "b", block, sizeof block, &fault), RESULT_FULL);
    cr_expect_eq(tarball_add(t, "b", "", 0, &fault), RESULT_OK, "%s", fault.text);
    struct buf small;
    buf_init(&small, 10);
    cr_expect_eq(tarball_finish(t, &small, &fault), RESULT_TOO_BIG);
    buf_fini(&small);
    tarball_free(t);
}
