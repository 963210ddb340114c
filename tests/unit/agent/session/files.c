/* Files within a session, with streams whose other end is a buffer: what goes, what is refused, what is left. */
#include "session/files.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../turn.h"
#include "fieldline/log.h"
#include "session/beneath.h"
#include "session/rate.h"

struct rig {
    char dir[64];
    struct loop *loop;
    struct session_grant grant;
    struct files_root root, other;
    struct streams *streams;
    struct files *files;
    struct buf came; /* of the stream that is open */
    uint32_t credit;
    char closed[512];
    int64_t number;
};

static void out_send(void *self, uint16_t stream, const void *bytes, size_t count) {
    (void)stream;
    buf_add(&((struct rig *)self)->came, bytes, count);
}
static void out_credit(void *self, uint16_t stream, uint32_t bytes) {
    (void)stream;
    ((struct rig *)self)->credit += bytes;
}
static void out_closed(void *self, const char *params, size_t bytes) {
    snprintf(((struct rig *)self)->closed, 512, "%.*s", (int)bytes, params);
}
static const struct streams_out out = {.send = out_send, .credit = out_credit, .closed = out_closed};

static const char *at(const struct rig *r, const char *name) {
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%.180s", r->dir, name);
    return path;
}

static void put_file(const struct rig *r, const char *name, size_t bytes) {
    FILE *file = fopen(at(r, name), "w");
    cr_assert_not_null(file);
    for (size_t i = 0; i < bytes; i++) {
        fputc((int)(i % 251), file);
    }
    fclose(file);
}

static void rig_open(struct rig *r) {
    memset(r, 0, sizeof *r);
    log_set_level(LOG_LEVEL_ERROR);
    snprintf(r->dir, sizeof r->dir, "/tmp/fieldline-files-XXXXXX");
    cr_assert_not_null(mkdtemp(r->dir));
    r->other = (struct files_root){
        .name = (char *)"read", .path = r->dir, .may_read = true, .max_bytes = 1000, .total_bytes = 1500};
    r->root = (struct files_root){.next = &r->other,
                                  .name = (char *)"all",
                                  .path = r->dir,
                                  .may_read = true,
                                  .may_write = true,
                                  .max_bytes = 1 << 20,
                                  .total_bytes = 4 << 20,
                                  .resume_ms = 60000,
                                  .mode = 0600};
    r->grant.files_roots = &r->root;
    r->loop = loop_new();
    r->streams = streams_new(&out, r);
    r->files = files_new(r->loop, &r->grant, r->streams);
    buf_init(&r->came, 8 << 20);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where) {
    (void)st, (void)type, (void)where;
    return remove(path);
}

static void rig_close(struct rig *r) {
    streams_free(r->streams);
    files_free(r->files);
    loop_free(r->loop);
    buf_fini(&r->came);
    nftw(r->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

typedef enum result call_fn(struct files *files, const struct json *params, struct buf *answer, struct fault *fault);

/* "": it was done, and `answer` has the result; else the sentence. */
static const char *call(struct rig *r, call_fn *fn, const char *params, struct buf *answer) {
    static struct fault fault;
    struct json *json;
    cr_assert_eq(json_parse(params, strlen(params), &json, &fault), RESULT_OK, "%s: %s", params, fault.text);
    buf_reset(answer);
    r->closed[0] = fault.text[0] = '\0';
    enum result result = fn(r->files, json, answer, &fault);
    cr_expect_eq(result == RESULT_OK, fault.text[0] == '\0', "%s", fault.text);
    json_free(json);
    return fault.text;
}

static bool is_closed(void *self) {
    return ((struct rig *)self)->closed[0] != '\0';
}
static bool has_credit(void *self) {
    return ((struct rig *)self)->credit > 0;
}

static size_t count_parts(const struct rig *r) {
    size_t count = 0;
    DIR *dir = opendir(r->dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        count += strncmp(entry->d_name, BENEATH_PART, strlen(BENEATH_PART)) == 0;
    }
    closedir(dir);
    return count;
}

static const char *put_params(struct rig *r, const char *path, const char *text, size_t count, const char *more) {
    static char params[2048];
    uint8_t sum[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    sha256(text, count, sum);
    hex_encode(sum, sizeof sum, hex);
    snprintf(params, sizeof params,
             "{\"stream\":%lld,\"root\":\"all\",\"path\":\"%s\",\"size\":%zu,\"sha256\":\"%s\"%s}",
             (long long)++r->number, path, count, hex, more);
    return params;
}

/* Sends as credit allows, `until` bytes of it. */
static void send_bytes(struct rig *r, const char *text, size_t from, size_t until) {
    while (from < until) {
        cr_assert(turn_until(r->loop, has_credit, r, 5000));
        size_t count = until - from < r->credit ? until - from : r->credit;
        r->credit -= (uint32_t)count;
        cr_assert(streams_receive(r->streams, (uint16_t)r->number, text + from, count));
        from += count;
    }
}

Test(files, paths_that_cannot_be_asked_for) {
    static const struct {
        const char *path, *says;
    } rows[] = {{"", "is empty"},
                {"/etc/passwd", "is absolute"},
                {"..", "'.' or '..'"},
                {"../x", "'.' or '..'"},
                {"a/../../x", "'.' or '..'"},
                {"a/..", "'.' or '..'"},
                {"./a", "'.' or '..'"},
                {"a//b", "empty component"},
                {"a/", "empty component"},
                {"a\nb", "control character at byte 2"},
                {"a\x7f", "control character"},
                {BENEATH_PART "123", "unfinished upload"},
                {"a/" BENEATH_PART "123", "unfinished upload"},
                {"\xff", "UTF-8"},
                {"a\xc0\xaf", "UTF-8"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = {""};
        cr_expect_neq(beneath_check(rows[i].path, false, &fault), RESULT_OK, "%s", rows[i].path);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s: %s", rows[i].path, fault.text);
    }
    char longest[2000];
    struct fault fault = {""};
    memset(longest, 'a', sizeof longest);
    longest[255] = '\0';
    cr_expect_eq(beneath_check(longest, false, &fault), RESULT_OK);
    longest[255] = 'a';
    longest[256] = '\0';
    cr_expect_eq(beneath_check(longest, false, &fault), RESULT_BAD_INPUT);
    for (size_t i = 0; i < 1999; i++) {
        longest[i] = i % 2 ? '/' : 'a';
    }
    longest[1999] = '\0';
    cr_expect_eq(beneath_check(longest, false, &fault), RESULT_TOO_BIG);
    cr_expect_eq(beneath_check("a..b/...c/ü", false, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(beneath_check("", true, &fault), RESULT_OK);
}

Test(files, what_get_refuses) {
    static const struct {
        const char *params, *says;
    } rows[] = {
        {"{\"root\":\"all\",\"path\":\"file\"}", "'stream' is missing"},
        {"{\"stream\":1,\"path\":\"file\"}", "'root' is missing"},
        {"{\"stream\":1,\"root\":\"all\"}", "'path' is missing"},
        {"{\"stream\":1,\"root\":\"etc\",\"path\":\"file\"}", "no files under 'etc'"},
        {"{\"stream\":1,\"root\":\"all\",\"path\":\"none\"}", "is not there"},
        {"{\"stream\":1,\"root\":\"all\",\"path\":\"file/x\"}", "is not there"},
        {"{\"stream\":1,\"root\":\"all\",\"path\":\"folder\"}", "no regular file"},
        {"{\"stream\":1,\"root\":\"all\",\"path\":\"fifo\"}", "no regular file"},
        {"{\"stream\":1,\"root\":\"all\",\"path\":\"link\"}", "symbolic link"},
        {"{\"stream\":1,\"root\":\"all\",\"path\":\"out/passwd\"}", "symbolic link"},
        {"{\"stream\":1,\"root\":\"read\",\"path\":\"file\"}", "allows 1000 for one file"},
        {"{\"stream\":1,\"root\":\"all\",\"path\":\"file\",\"offset\":5}", "'size' is missing"},
        {"{\"stream\":1,\"root\":\"all\",\"path\":\"file\",\"offset\":5,\"size\":2000,\"mtime_ms\":1}", "has changed"},
        {"{\"stream\":1,\"root\":\"all\",\"path\":\"file\",\"offset\":-1}", "'offset'"},
        {"{\"stream\":0,\"root\":\"all\",\"path\":\"file\"}", "'stream'"}};
    struct rig r;
    struct buf answer;
    rig_open(&r);
    buf_init(&answer, 4096);
    put_file(&r, "file", 2000);
    cr_assert_eq(mkdir(at(&r, "folder"), 0700), 0);
    cr_assert_eq(mkfifo(at(&r, "fifo"), 0600), 0);
    cr_assert_eq(symlink("file", at(&r, "link")), 0);
    cr_assert_eq(symlink("/etc", at(&r, "out")), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = call(&r, files_get, rows[i].params, &answer);
        cr_expect_not_null(strstr(text, rows[i].says), "%s: %s", rows[i].params, text);
    }
    cr_expect_eq(streams_count(r.streams), 0);
    buf_fini(&answer);
    rig_close(&r);
}

Test(files, what_put_refuses) {
    static const struct {
        const char *path, *more, *says;
    } rows[] = {{"file", "", "there already"},
                {"folder", ",\"replace\":true", "no regular file"},
                {"link", ",\"replace\":true", "no regular file"},
                {"out/x", "", "symbolic link"},
                {"none/x", "", "not there"},
                {"../x", "", "'.' or '..'"},
                {"new", ",\"replace\":1", "'replace'"},
                {"new", ",\"offset\":-1", "'offset'"}};
    struct rig r;
    struct buf answer;
    rig_open(&r);
    buf_init(&answer, 4096);
    put_file(&r, "file", 10);
    cr_assert_eq(mkdir(at(&r, "folder"), 0700), 0);
    cr_assert_eq(symlink("file", at(&r, "link")), 0);
    cr_assert_eq(symlink("/tmp", at(&r, "out")), 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = call(&r, files_put, put_params(&r, rows[i].path, "abc", 3, rows[i].more), &answer);
        cr_expect_not_null(strstr(text, rows[i].says), "%s: %s", rows[i].path, text);
    }
    static const char *const bad[] = {"{\"stream\":99,\"root\":\"all\",\"path\":\"n\",\"size\":3,\"sha256\":\"abc\"}",
                                      "{\"stream\":99,\"root\":\"all\",\"path\":\"n\",\"size\":-1,\"sha256\":"
                                      "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
                                      "{\"stream\":99,\"root\":\"all\",\"path\":\"n\",\"size\":2000000,\"sha256\":"
                                      "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
                                      "{\"stream\":99,\"root\":\"read\",\"path\":\"n\",\"size\":3,\"sha256\":"
                                      "\"0000000000000000000000000000000000000000000000000000000000000000\"}",
                                      "{\"stream\":99,\"root\":\"all\",\"path\":\"n\",\"size\":3,\"sha256\":"
                                      "\"000000000000000000000000000000000000000000000000000000000000000G\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        cr_expect_str_not_empty(call(&r, files_put, bad[i], &answer), "%s", bad[i]);
    }
    cr_expect_eq(streams_count(r.streams), 0);
    cr_expect_eq(count_parts(&r), 0, "nothing is left behind");
    buf_fini(&answer);
    rig_close(&r);
}

Test(files, an_upload_appears_whole_or_not_at_all) {
    struct rig r;
    struct buf answer;
    struct stat st;
    rig_open(&r);
    buf_init(&answer, 4096);
    static char text[300000];
    memset(text, 'x', sizeof text);
    cr_assert_str_eq(call(&r, files_put, put_params(&r, "a b", text, sizeof text, ""), &answer), "");
    cr_expect_str_eq(buf_text(&answer), "{\"offset\":0}");
    send_bytes(&r, text, 0, sizeof text);
    cr_expect_neq(stat(at(&r, "a b"), &st), 0, "not before it is finished");
    cr_expect_eq(count_parts(&r), 1);
    struct fault fault;
    cr_assert_eq(streams_finish(r.streams, r.number, &fault), RESULT_OK);
    cr_expect_not_null(strstr(r.closed, "\"reason\":\"done\""), "%s", r.closed);
    cr_assert_eq(stat(at(&r, "a b"), &st), 0);
    cr_expect_eq(st.st_size, sizeof text);
    cr_expect_eq(st.st_mode & 0777, 0600);
    cr_expect_eq(count_parts(&r), 0);

    /* Another sum than announced. */
    cr_assert_str_eq(call(&r, files_put, put_params(&r, "c", "abc", 3, ""), &answer), "");
    send_bytes(&r, "abd", 0, 3);
    cr_assert_eq(streams_finish(r.streams, r.number, &fault), RESULT_OK);
    cr_expect_not_null(strstr(r.closed, "\"reason\":\"changed\""), "%s", r.closed);
    cr_expect_neq(stat(at(&r, "c"), &st), 0);
    /* Too short. */
    r.credit = 0;
    cr_assert_str_eq(call(&r, files_put, put_params(&r, "c", "abc", 3, ""), &answer), "");
    send_bytes(&r, "ab", 0, 2);
    cr_assert_eq(streams_finish(r.streams, r.number, &fault), RESULT_OK);
    cr_expect_not_null(strstr(r.closed, "\"reason\":\"changed\""), "%s", r.closed);
    /* Somebody made the file meanwhile. */
    r.credit = 0;
    cr_assert_str_eq(call(&r, files_put, put_params(&r, "c", "abc", 3, ""), &answer), "");
    send_bytes(&r, "abc", 0, 3);
    put_file(&r, "c", 7);
    cr_assert_eq(streams_finish(r.streams, r.number, &fault), RESULT_OK);
    cr_expect_not_null(strstr(r.closed, "\"reason\":\"refused\""), "%s", r.closed);
    cr_assert_eq(stat(at(&r, "c"), &st), 0);
    cr_expect_eq(st.st_size, 7, "it is not overwritten");
    cr_expect_eq(count_parts(&r), 0);
    buf_fini(&answer);
    rig_close(&r);
}

Test(files, uploads_that_broke_off_are_bounded) {
    struct rig r;
    struct buf answer;
    struct fault fault;
    char name[16];
    const char *why = "";
    rig_open(&r);
    buf_init(&answer, 4096);
    int begun = 0;
    while (begun <= CAP_SESSION_STREAMS && why[0] == '\0') {
        snprintf(name, sizeof name, "f%d", begun);
        why = call(&r, files_put, put_params(&r, name, "abc", 3, ""), &answer);
        if (why[0] == '\0') {
            cr_assert_eq(streams_shut(r.streams, r.number, &fault), RESULT_OK);
            begun++;
        }
    }
    cr_expect_eq(begun, CAP_SESSION_STREAMS);
    cr_expect_not_null(strstr(why, "32 uploads are unfinished"), "%s", why);
    cr_expect_eq(count_parts(&r), CAP_SESSION_STREAMS);
    cr_expect_str_eq(call(&r, files_put, put_params(&r, "f0", "abc", 3, ",\"offset\":0"), &answer), "", "one goes on");
    buf_fini(&answer);
    rig_close(&r);
}

Test(files, what_uploads_were_promised_is_not_promised_twice) {
    static char text[300000];
    struct rig r;
    struct buf answer;
    struct fault fault;
    const char *why = "";
    char name[16];
    rig_open(&r);
    buf_init(&answer, 4096);
    memset(text, 'x', sizeof text);
    for (int i = 0; i < 20 && why[0] == '\0'; i++) { /* none of them has a byte yet */
        snprintf(name, sizeof name, "f%d", i);
        why = call(&r, files_put, put_params(&r, name, text, sizeof text, ""), &answer);
        if (why[0] == '\0') {
            cr_assert_eq(streams_shut(r.streams, r.number, &fault), RESULT_OK);
        }
    }
    cr_expect_not_null(strstr(why, "promised to unfinished uploads"), "%s", why);
    buf_fini(&answer);
    rig_close(&r);
}

Test(files, no_credit_beyond_the_end_of_an_upload) {
    struct rig r;
    struct buf answer;
    rig_open(&r);
    buf_init(&answer, 4096);
    cr_assert_str_eq(call(&r, files_put, put_params(&r, "c", "abc", 3, ""), &answer), "");
    cr_assert(turn_until(r.loop, has_credit, &r, 5000));
    cr_expect_eq(r.credit, 3);
    cr_expect_not(streams_receive(r.streams, (uint16_t)r.number, "abcd", 4), "the session ends for that");
    buf_fini(&answer);
    rig_close(&r);
}

Test(files, an_upload_goes_on_where_it_stood) {
    struct rig r;
    struct buf answer;
    struct fault fault;
    struct stat st;
    rig_open(&r);
    buf_init(&answer, 4096);
    cr_assert_str_eq(call(&r, files_put, put_params(&r, "c", "abcdef", 6, ""), &answer), "");
    send_bytes(&r, "abcdef", 0, 4);
    cr_assert_eq(streams_shut(r.streams, r.number, &fault), RESULT_OK);
    cr_expect_eq(count_parts(&r), 1);
    r.credit = 0;
    cr_assert_str_eq(call(&r, files_put, put_params(&r, "c", "abcdef", 6, ",\"offset\":6"), &answer), "");
    cr_expect_str_eq(buf_text(&answer), "{\"offset\":4}");
    cr_expect_not_null(strstr(call(&r, files_put, put_params(&r, "c", "abcdef", 6, ",\"offset\":6"), &answer),
                              "being uploaded already"));
    r.number--;
    send_bytes(&r, "abcdef", 4, 6);
    cr_assert_eq(streams_finish(r.streams, r.number, &fault), RESULT_OK);
    cr_expect_not_null(strstr(r.closed, "\"reason\":\"done\""), "%s", r.closed);
    cr_assert_eq(stat(at(&r, "c"), &st), 0);
    r.number++;
    /* Another file under the same name begins anew; less than what is there cannot be gone on from. */
    cr_assert_str_eq(call(&r, files_put, put_params(&r, "d", "abcdef", 6, ""), &answer), "");
    r.credit = 0;
    send_bytes(&r, "abcdef", 0, 4);
    cr_assert_eq(streams_shut(r.streams, r.number, &fault), RESULT_OK);
    cr_assert_str_eq(call(&r, files_put, put_params(&r, "d", "ABCDEF", 6, ",\"offset\":6"), &answer), "");
    cr_expect_str_eq(buf_text(&answer), "{\"offset\":0}");
    cr_expect_eq(count_parts(&r), 1);
    streams_free(r.streams);
    r.streams = NULL;
    files_free(r.files);
    r.files = NULL;
    cr_expect_eq(count_parts(&r), 0, "the session's end removes it");
    buf_fini(&answer);
    rig_close(&r);
}

Test(files, a_download_is_bounded_by_credit_and_tells_of_changes) {
    struct rig r;
    struct buf answer;
    struct fault fault;
    rig_open(&r);
    buf_init(&answer, 4096);
    put_file(&r, "file", 5000);
    cr_assert_str_eq(call(&r, files_get, "{\"stream\":1,\"root\":\"all\",\"path\":\"file\"}", &answer), "");
    streams_credit(r.streams, 1, 3000);
    cr_expect_not(turn_until(r.loop, is_closed, &r, 30));
    cr_expect_eq(r.came.count, 3000);
    put_file(&r, "file", 5001);
    streams_credit(r.streams, 1, 100000);
    cr_assert(turn_until(r.loop, is_closed, &r, 5000));
    cr_expect_not_null(strstr(r.closed, "\"reason\":\"changed\""), "%s", r.closed);
    /* Whole, then from the middle: the same sum. */
    buf_reset(&r.came);
    cr_assert_str_eq(call(&r, files_get, "{\"stream\":2,\"root\":\"all\",\"path\":\"file\"}", &answer), "");
    struct json *json;
    int64_t time_ms;
    cr_assert_eq(json_parse(buf_text(&answer), answer.count, &json, &fault), RESULT_OK);
    cr_assert_eq(json_integer(json, "mtime_ms", 0, INT64_MAX / 2, &time_ms, &fault), RESULT_OK);
    json_free(json);
    streams_credit(r.streams, 2, 100000);
    cr_assert(turn_until(r.loop, is_closed, &r, 5000));
    char sum[80], params[256];
    cr_assert_not_null(strstr(r.closed, "\"sha256\":\""));
    snprintf(sum, sizeof sum, "%.76s", strstr(r.closed, "\"sha256\":\""));
    snprintf(params, sizeof params,
             "{\"stream\":3,\"root\":\"all\",\"path\":\"file\",\"offset\":4000,\"size\":5001,\"mtime_ms\":%lld}",
             (long long)time_ms);
    buf_reset(&r.came);
    cr_assert_str_eq(call(&r, files_get, params, &answer), "");
    streams_credit(r.streams, 3, 100000);
    cr_assert(turn_until(r.loop, is_closed, &r, 5000));
    cr_expect_eq(r.came.count, 1001);
    cr_expect_not_null(strstr(r.closed, sum), "%s has not %s", r.closed, sum);
    buf_fini(&answer);
    rig_close(&r);
}

Test(files, a_session_moves_no_more_than_its_total) {
    struct rig r;
    struct buf answer;
    rig_open(&r);
    buf_init(&answer, 4096);
    put_file(&r, "file", 1000);
    cr_assert_str_eq(call(&r, files_get, "{\"stream\":1,\"root\":\"read\",\"path\":\"file\"}", &answer), "");
    /* A second one begins while the total still allows it, and ends when it does not. */
    cr_assert_str_eq(call(&r, files_get, "{\"stream\":2,\"root\":\"read\",\"path\":\"file\"}", &answer), "");
    streams_credit(r.streams, 1, 100000);
    cr_assert(turn_until(r.loop, is_closed, &r, 5000));
    cr_expect_not_null(strstr(r.closed, "\"reason\":\"done\""), "%s", r.closed);
    r.closed[0] = '\0';
    streams_credit(r.streams, 2, 100000);
    cr_assert(turn_until(r.loop, is_closed, &r, 5000));
    cr_expect_not_null(strstr(r.closed, "\"reason\":\"limit\""), "%s", r.closed);
    cr_expect_not_null(strstr(call(&r, files_get, "{\"stream\":3,\"root\":\"read\",\"path\":\"file\"}", &answer),
                              "may move 500 more"));
    buf_fini(&answer);
    rig_close(&r);
}

Test(files, a_big_folder_comes_in_pages_sorted_by_name) {
    struct rig r;
    struct buf answer;
    char name[300], params[400], last[300] = "";
    size_t seen = 0, pages = 0;
    rig_open(&r);
    buf_init(&answer, CAP_FRAME_BYTES);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof name, "file-%04d", (i * 7919) % 500);
        put_file(&r, name, (size_t)i);
    }
    put_file(&r, "bad\nname", 1);
    put_file(&r, "bad\xffname", 1);
    put_file(&r, BENEATH_PART "0123", 1);
    for (bool is_cut = true; is_cut; pages++) {
        struct json *json;
        const struct json *entries;
        struct fault fault;
        snprintf(params, sizeof params, "{\"root\":\"read\",\"path\":\"\",\"after\":\"%s\"}", last);
        cr_assert_str_eq(call(&r, files_list, params, &answer), "");
        cr_assert_eq(json_parse(buf_text(&answer), answer.count, &json, &fault), RESULT_OK, "%s", fault.text);
        cr_assert_eq(json_array(json, "entries", 1000, &entries, &fault), RESULT_OK);
        for (size_t i = 0; i < json_count(entries); i++, seen++) {
            const char *text;
            cr_assert_eq(json_string(json_at(entries, i), "name", 255, &text, &fault), RESULT_OK);
            cr_expect_gt(strcmp(text, last), 0);
            snprintf(last, sizeof last, "%s", text);
        }
        cr_assert_eq(json_bool(json, "truncated", &is_cut, &fault), RESULT_OK);
        int64_t left_out = 0;
        cr_expect_eq(json_integer(json, "left_out", 2, 2, &left_out, &fault), RESULT_OK, "%s", fault.text);
        json_free(json);
    }
    cr_expect_eq(seen, 500);
    cr_expect_geq(pages, 4);
    buf_fini(&answer);
    rig_close(&r);
}

/* Swaps a folder for a link to a folder outside, and back, as fast as it can. */
struct swapper {
    char folder[128], link[128], kept[128];
    bool stop;
};
static void *swap_on(void *self) {
    struct swapper *s = self;
    while (!__atomic_load_n(&s->stop, __ATOMIC_RELAXED)) {
        (void)!renameat2(AT_FDCWD, s->folder, AT_FDCWD, s->link, RENAME_EXCHANGE);
    }
    return NULL;
}

Test(files, promise_44_a_race_of_links_leads_nowhere) {
    struct rig r;
    struct buf answer;
    struct swapper s = {.stop = false};
    pthread_t thread;
    char outside[] = "/tmp/fieldline-outside-XXXXXX", secret[64];
    rig_open(&r);
    buf_init(&answer, 4096);
    cr_assert_not_null(mkdtemp(outside));
    snprintf(secret, sizeof secret, "%s/file", outside);
    FILE *file = fopen(secret, "w");
    fputs("secret", file);
    fclose(file);
    snprintf(s.folder, sizeof s.folder, "%s", at(&r, "folder"));
    snprintf(s.link, sizeof s.link, "%s", at(&r, "swapped"));
    cr_assert_eq(mkdir(s.folder, 0700), 0);
    put_file(&r, "folder/file", 4);
    cr_assert_eq(symlink(outside, s.link), 0);
    cr_assert_eq(pthread_create(&thread, NULL, swap_on, &s), 0);
    size_t opened = 0;
    for (int i = 1; i <= 3000; i++) {
        char params[160];
        snprintf(params, sizeof params, "{\"stream\":%d,\"root\":\"all\",\"path\":\"folder/file\"}", i);
        if (call(&r, files_get, params, &answer)[0] == '\0') {
            struct fault fault;
            opened++;
            cr_expect_not_null(strstr(buf_text(&answer), "\"size\":4,"), "%s", buf_text(&answer));
            cr_assert_eq(streams_shut(r.streams, i, &fault), RESULT_OK);
        }
    }
    __atomic_store_n(&s.stop, true, __ATOMIC_RELAXED);
    pthread_join(thread, NULL);
    cr_expect_gt(opened, 0, "the race was one");
    cr_expect_lt(opened, 3000, "the race was one");
    unlink(secret);
    rmdir(outside);
    buf_fini(&answer);
    rig_close(&r);
}

Test(rate, so_many_bytes_a_second) {
    struct rate rate;
    rate_init(&rate, 100000, 1000);
    int64_t sum = 0;
    for (int64_t now = 1000; now <= 11000; now += 7) {
        sum += rate_take(&rate, 16384, now);
    }
    cr_expect_geq(sum, 1000000 - 30000);
    cr_expect_leq(sum, 1000000 + 25000);
    /* A long pause is no reserve. */
    sum = 0;
    for (int i = 0; i < 100; i++) {
        sum += rate_take(&rate, 16384, 9999000);
    }
    cr_expect_leq(sum, 25000);
    cr_expect_eq(rate_take(&rate, 16384, 9999000), 0);
    cr_expect_geq(rate_wait_ms(&rate), 1);
    rate_init(&rate, 0, 1000);
    cr_expect_eq(rate_take(&rate, 1 << 30, 1000), 1 << 30, "0 is not limited");
    rate_init(&rate, 1, 1000);
    cr_expect_gt(rate_take(&rate, 10, 1000), 0, "the slowest moves too");
}
