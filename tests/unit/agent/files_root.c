/* [files NAME] sections: what they may say, and that the grant carries it unchanged. */
#include "files_root.h"

#include <criterion/criterion.h>
#include <string.h>

static enum result put(struct files_root **list, const char *key, const char *value, struct fault *fault) {
    return files_root_key(list, "logs", key, value, fault);
}

Test(files_root, defaults_reach_nothing) {
    struct files_root *list = NULL;
    struct fault fault = {""};
    struct buf problems;
    buf_init(&problems, 4096);
    cr_assert_eq(put(&list, "path", "/var/log", &fault), RESULT_OK);
    cr_expect_not(list->may_read);
    cr_expect_not(list->may_write);
    cr_expect_not(files_roots_complete(list, "a.conf", &problems), "a root for nothing is a mistake");
    cr_expect_not_null(strstr(buf_text(&problems), "a.conf: [files logs] may_read: neither"));
    cr_assert_eq(put(&list, "may_read", "yes", &fault), RESULT_OK);
    cr_expect(files_roots_complete(list, "a.conf", &problems));
    files_roots_free(list);
    buf_fini(&problems);
}

Test(files_root, each_mistake_is_named) {
    static const struct {
        const char *key, *value, *says;
    } rows[] = {
        {"path", "var/log", "absolute path"},     {"path", "", "absolute path"},    {"path", "/a\tb", "absolute path"},
        {"may_read", "perhaps", "yes or no"},     {"may_write", "1", "yes or no"},  {"max_bytes", "0", "a size"},
        {"max_bytes", "2048GiB", "a size"},       {"max_bytes", "many", "a size"},  {"total", "0", "a size"},
        {"rate", "-1", "bytes a second"},         {"resume", "500ms", "1s to 4h"},  {"resume", "5h", "1s to 4h"},
        {"mode", "4755", "octal mode"},           {"mode", "99", "octal mode"},     {"mode", "rw", "octal mode"},
        {"owner", "", "a user's name"},           {"owner", "-x", "a user's name"}, {"owner", "a:b", "a user's name"},
        {"colour", "red", "unknown key 'colour'"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct files_root *list = NULL;
        struct fault fault = {""};
        cr_expect_eq(put(&list, rows[i].key, rows[i].value, &fault), RESULT_BAD_INPUT, "%s", rows[i].key);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s = %s: %s", rows[i].key, rows[i].value, fault.text);
        files_roots_free(list);
    }
}

static void print(const struct files_root *list, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    files_roots_print(list, &j);
    jo_end(&j);
}

static enum result read_text(const char *text, struct files_root **out, struct fault *fault) {
    struct json *grant;
    cr_assert_eq(json_parse(text, strlen(text), &grant, fault), RESULT_OK, "%s: %s", text, fault->text);
    enum result result = files_roots_read(grant, out, fault);
    json_free(grant);
    return result;
}

Test(files_root, goes_and_comes_back) {
    static const char *const keys[][2] = {{"path", "/var/log"}, {"may_read", "yes"}, {"max_bytes", "1MiB"},
                                          {"total", "2MiB"},    {"rate", "64KiB"},   {"resume", "1m"},
                                          {"mode", "0644"},     {"owner", "service"}};
    struct files_root *list = NULL, *back = NULL;
    struct fault fault = {""};
    struct buf text, again;
    buf_init(&text, 4096);
    buf_init(&again, 4096);
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        cr_assert_eq(put(&list, keys[i][0], keys[i][1], &fault), RESULT_OK, "%s", fault.text);
    }
    cr_assert_eq(files_root_key(&list, "inbox", "path", "/srv", &fault), RESULT_OK);
    cr_assert_eq(files_root_key(&list, "inbox", "may_write", "yes", &fault), RESULT_OK);
    print(list, &text);
    cr_assert_eq(read_text(buf_text(&text), &back, &fault), RESULT_OK, "%s", fault.text);
    print(back, &again);
    cr_expect_str_eq(buf_text(&text), buf_text(&again));
    cr_expect_eq(back->mode, 0644);
    cr_expect_eq(back->resume_ms, 60000);
    cr_expect_str_eq(back->next->name, "inbox");
    files_roots_free(list);
    files_roots_free(back);
    buf_fini(&text);
    buf_fini(&again);
}

#define ROOT                                                                                                           \
    "\"name\":\"a\",\"path\":\"/a\",\"may_read\":true,\"may_write\":false,\"max_bytes\":1,\"total\":1,\"rate\":0,"     \
    "\"resume\":1000,\"mode\":416"

Test(files_root, a_grant_that_is_wrong) {
    static const struct {
        const char *text;
        bool is_good;
    } rows[] = {{"{}", true},
                {"{\"files\":[]}", true},
                {"{\"files\":[{" ROOT "}]}", true},
                {"{\"files\":{}}", false},
                {"{\"files\":[7]}", false},
                {"{\"files\":[{}]}", false},
                {"{\"files\":[{" ROOT ",\"owner\":\"a b\"}]}", false},
                {"{\"files\":[{\"name\":\"a\",\"path\":\"a\",\"may_read\":true,\"may_write\":false,\"max_bytes\":1,"
                 "\"total\":1,\"rate\":0,\"resume\":1000,\"mode\":416}]}",
                 false},
                {"{\"files\":[{\"name\":\"a\",\"path\":\"/a\",\"may_read\":\"yes\",\"may_write\":false,\"max_bytes\":1,"
                 "\"total\":1,\"rate\":0,\"resume\":1000,\"mode\":416}]}",
                 false},
                {"{\"files\":[{\"name\":\"a\",\"path\":\"/a\",\"may_read\":true,\"may_write\":false,\"max_bytes\":0,"
                 "\"total\":1,\"rate\":0,\"resume\":1000,\"mode\":416}]}",
                 false},
                {"{\"files\":[{\"name\":\"a\",\"path\":\"/a\",\"may_read\":true,\"may_write\":false,\"max_bytes\":1,"
                 "\"total\":1,\"rate\":0,\"resume\":1000,\"mode\":2541}]}",
                 false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct files_root *list = NULL;
        struct fault fault = {""};
        cr_expect_eq(read_text(rows[i].text, &list, &fault) == RESULT_OK, rows[i].is_good, "%s: %s", rows[i].text,
                     fault.text);
        files_roots_free(list);
    }
}
