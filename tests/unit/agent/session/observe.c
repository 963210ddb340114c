/* Live values: what may be wished for, what the filter lets through, and that the agent is asked and let go. */
#include "session/observe.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../turn.h"
#include "tap.h"

static enum result read_wish(const char *text, struct observe_wish *wish, struct fault *fault) {
    struct json *json;
    cr_assert_eq(json_parse(text, strlen(text), &json, fault), RESULT_OK, "%s: %s", text, fault->text);
    enum result result = observe_wish_read(json, wish, fault);
    json_free(json);
    return result;
}

Test(observe, wishes) {
    static const struct {
        const char *text, *says; /* NULL: it is one */
    } rows[] = {
        {"{}", NULL},
        {"{\"interval_ms\":100}", NULL},
        {"{\"metrics\":[]}", NULL},
        {"{\"metrics\":[\"temp\"],\"log\":{\"severity\":3,\"app\":\"a\",\"contains\":\"b\",\"last\":100}}", NULL},
        {"{\"interval_ms\":99}", "'interval_ms'"},
        {"{\"interval_ms\":60001}", "'interval_ms'"},
        {"{\"interval_ms\":\"1s\"}", "'interval_ms'"},
        {"{\"metrics\":\"temp\"}", "'metrics'"},
        {"{\"metrics\":[7]}", "'metrics'"},
        {"{\"metrics\":[\"\"]}", "'metrics'"},
        {"{\"log\":7}", "'log'"},
        {"{\"log\":{\"severity\":8}}", "'severity'"},
        {"{\"log\":{\"app\":7}}", "'app'"},
        {"{\"log\":{\"contains\":[]}}", "'contains'"},
        {"{\"log\":{\"last\":101}}", "'last'"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct observe_wish wish;
        struct fault fault = {""};
        cr_expect_eq(read_wish(rows[i].text, &wish, &fault) == RESULT_OK, rows[i].says == NULL, "%s: %s", rows[i].text,
                     fault.text);
        cr_expect(rows[i].says == NULL || strstr(fault.text, rows[i].says) != NULL, "%s: %s", rows[i].text, fault.text);
    }
}

Test(tap, lines_that_are_none) {
    static const char *const rows[] = {"",
                                       "x",
                                       "[]",
                                       "{}",
                                       "{\"t\":5}",
                                       "{\"t\":5,\"metric\":\"x\"}",
                                       "{\"t\":-1,\"metric\":\"x\",\"v\":1}",
                                       "{\"t\":5,\"metric\":\"x\",\"v\":\"1\"}",
                                       "{\"t\":5,\"log\":\"x\"}",
                                       "{\"t\":5,\"log\":\"x\",\"sev\":8,\"app\":\"x\"}",
                                       "{\"t\":5,\"log\":7,\"sev\":6,\"app\":\"x\"}"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tap_line line;
        struct json *holder;
        struct fault fault = {""};
        cr_expect_neq(tap_read(rows[i], strlen(rows[i]), &line, &holder, &fault), RESULT_OK, "%s", rows[i]);
    }
}

Test(tap, watches) {
    static const struct {
        const char *text;
        bool is_good;
    } rows[] = {{"{\"watch\":0}", true},
                {"{\"watch\":1000,\"last\":100}", true},
                {"{\"watch\":-1}", false},
                {"{\"watch\":1000,\"last\":101}", false},
                {"{\"watch\":99999999}", false},
                {"{}", false},
                {"[]", false},
                {"watch", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tap_watch watch;
        struct fault fault = {""};
        cr_expect_eq(tap_watch_read(rows[i].text, strlen(rows[i].text), &watch, &fault) == RESULT_OK, rows[i].is_good,
                     "%s", rows[i].text);
    }
}

struct rig {
    struct loop *loop;
    struct observe *observe;
    int tap;
    char told[262144];
    const char *waits_for;
};

static void on_line(void *self, const char *method, const char *params, size_t bytes) {
    struct rig *r = self;
    size_t at = strlen(r->told);
    snprintf(r->told + at, sizeof r->told - at, "%s %.*s\n", method, (int)bytes, params);
}
static bool is_told(void *self) {
    struct rig *r = self;
    return strstr(r->told, r->waits_for) != NULL;
}
static bool tells(struct rig *r, const char *part) {
    r->waits_for = part;
    return turn_until(r->loop, is_told, r, 5000);
}

static void rig_open(struct rig *r, int64_t least_ms) {
    int ends[2];
    memset(r, 0, sizeof *r);
    cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    r->tap = ends[0];
    r->loop = loop_new();
    r->observe = observe_new(r->loop, ends[1], least_ms, on_line, r);
}
static void rig_close(struct rig *r) {
    observe_free(r->observe);
    loop_free(r->loop);
    close(r->tap);
}
static int64_t start(struct rig *r, const char *wish_text) {
    struct observe_wish wish;
    struct fault fault = {""};
    int64_t interval_ms = 0;
    cr_assert_eq(read_wish(wish_text, &wish, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(observe_start(r->observe, &wish, &interval_ms, &fault), RESULT_OK, "%s", fault.text);
    return interval_ms;
}
static const char *asked(struct rig *r) {
    static char text[256];
    ssize_t n = recv(r->tap, text, sizeof text - 1, MSG_DONTWAIT);
    text[n > 0 ? n : 0] = '\0';
    return text;
}
static void offer(struct rig *r, const char *line) {
    cr_assert_gt(send(r->tap, line, strlen(line), 0), 0);
}

Test(observe, the_newest_value_of_each_series_once_an_interval) {
    struct rig r;
    rig_open(&r, 100);
    cr_expect_eq(start(&r, "{\"interval_ms\":150,\"metrics\":[\"temp\",\"level\"]}"), 150);
    cr_expect_str_eq(asked(&r), "{\"watch\":150,\"last\":0}");
    offer(&r, "{\"t\":5,\"metric\":\"temp/left\",\"v\":1}");
    offer(&r, "{\"t\":6,\"metric\":\"temp/left\",\"v\":2}");
    offer(&r, "{\"t\":7,\"metric\":\"level\",\"v\":3}");
    offer(&r, "{\"t\":8,\"metric\":\"power\",\"v\":4}");
    cr_assert(tells(&r, "observe.sample"));
    cr_expect_str_eq(r.told, "observe.sample {\"t\":7,\"values\":{\"temp/left\":2,\"level\":3}}\n");
    observe_stop(r.observe);
    cr_expect_str_eq(asked(&r), "{\"watch\":0,\"last\":0}");
    rig_close(&r);
}

Test(observe, no_faster_than_the_product_allows) {
    struct rig r;
    rig_open(&r, 2000);
    cr_expect_eq(start(&r, "{\"interval_ms\":100}"), 2000);
    cr_expect_str_eq(asked(&r), "{\"watch\":2000,\"last\":0}");
    rig_close(&r);
    rig_open(&r, 100);
    cr_expect_eq(start(&r, "{}"), OBSERVE_USUAL_MS);
    rig_close(&r);
}

Test(observe, log_lines_pass_the_filter_and_it_can_be_changed) {
    struct rig r;
    rig_open(&r, 100);
    start(&r, "{\"log\":{\"severity\":4,\"app\":\"pump\",\"contains\":\"dry\",\"last\":50}}");
    cr_expect_str_eq(asked(&r), "{\"watch\":1000,\"last\":50}");
    offer(&r, "{\"t\":1,\"log\":\"runs dry\",\"sev\":5,\"app\":\"pump\"}");
    offer(&r, "{\"t\":2,\"log\":\"runs dry\",\"sev\":4,\"app\":\"fan\"}");
    offer(&r, "{\"t\":3,\"log\":\"runs well\",\"sev\":4,\"app\":\"pump\"}");
    offer(&r, "{\"t\":4,\"log\":\"ran dry\",\"sev\":3,\"app\":\"pump\"}");
    cr_assert(tells(&r, "ran dry"));
    cr_expect_str_eq(r.told, "observe.log {\"t\":4,\"sev\":3,\"app\":\"pump\",\"msg\":\"ran dry\"}\n");
    start(&r, "{\"log\":{\"app\":\"fan\"}}");
    offer(&r, "{\"t\":5,\"log\":\"hums\",\"sev\":7,\"app\":\"fan\"}");
    cr_expect(tells(&r, "hums"));
    rig_close(&r);
}

Test(observe, hundreds_of_series_come_in_several_messages) {
    struct rig r;
    char line[200];
    rig_open(&r, 100);
    start(&r, "{\"interval_ms\":100}");
    for (int i = 0; i < 600; i++) {
        snprintf(line, sizeof line, "{\"t\":1,\"metric\":\"a_rather_long_name_of_a_metric_%d/part-%d\",\"v\":%d}", i, i,
                 i);
        r.waits_for = "never";
        while (send(r.tap, line, strlen(line), MSG_DONTWAIT) < 0) {
            (void)turn_until(r.loop, is_told, &r, 5);
        }
    }
    cr_expect(tells(&r, "metric_511/part-511\":511"));
    cr_expect_null(strstr(r.told, "metric_512/"), "bounded");
    rig_close(&r);
}
