/* The status file: written, read back, and what a reader concludes. */
#include "status.h"

#include <criterion/criterion.h>
#include <string.h>

#include "fieldline/json.h"
#include "scratch.h"

enum { WRITTEN = 1000000 };

static struct status_report sample(enum uplink_state state) {
    struct status_report r = {
        .device = "freezer-7", .boot = "b", .wall_ms = WRITTEN, .mono_ms = 90000, .start_mono_ms = 30000};
    r.uplink.state = state;
    r.uplink.state_mono_ms = 80000;
    strcpy(r.uplink.trouble, "no route");
    r.lanes[SPOOL_BULK] = (struct spool_stats){.next_seq = 11, .acked_seq = 7, .bytes = 4096};
    r.lanes[SPOOL_URGENT].next_seq = 1;
    r.collectors.statsd_refused[STATSD_VALUE] = 3;
    return r;
}

static void set_up(void) {
    scratch_make();
}
TestSuite(status, .init = set_up, .fini = scratch_remove);

Test(status, is_json_with_what_monitoring_wants) {
    struct status_report r = sample(UPLINK_UP);
    struct buf text;
    struct json *root;
    int64_t n;
    buf_init(&text, 16384);
    status_encode(&r, &text);
    cr_assert_eq(json_parse(buf_text(&text), text.count, &root, NULL), RESULT_OK, "%s", buf_text(&text));
    const struct json *bulk = json_get(json_get(root, "spool"), "bulk");
    cr_assert_eq(json_integer(bulk, "waiting", 0, 100, &n, NULL), RESULT_OK);
    cr_expect_eq(n, 3);
    cr_assert_eq(json_integer(root, "uptime_s", 0, 100, &n, NULL), RESULT_OK);
    cr_expect_eq(n, 60);
    cr_expect_not_null(strstr(buf_text(&text), "\"last_ack_s\":null"), "none yet");
    cr_expect_not_null(strstr(buf_text(&text), "\"statsd_refused\":{\"value\":3}"));
    json_free(root);
    buf_fini(&text);
}

Test(status, a_reader_believes_only_fresh_ones) {
    static const struct {
        enum uplink_state state;
        int64_t later_ms;
        bool is_up;
        const char *says;
    } rows[] = {{UPLINK_UP, 2000, true, "freezer-7: connected"},
                {UPLINK_CONNECTING, 2000, false, "freezer-7: not connected"},
                {UPLINK_OFFLINE, 2000, false, "uplink.trouble               no route"},
                {UPLINK_UP, STATUS_STALE_MS, false, "does not run, or hangs"},
                {UPLINK_STOPPED, 2000, false, "not connected"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct status_report r = sample(rows[i].state);
        struct fault fault;
        struct buf text;
        bool is_up;
        buf_init(&text, 16384);
        cr_assert_eq(status_write(scratch_path(""), &r, &fault), RESULT_OK, "%s", fault.text);
        cr_assert_eq(status_print(scratch_path(""), WRITTEN + rows[i].later_ms, &text, &is_up, &fault), RESULT_OK);
        cr_expect_eq(is_up, rows[i].is_up, "row %zu", i);
        cr_expect_not_null(strstr(buf_text(&text), rows[i].says), "%s", buf_text(&text));
        buf_fini(&text);
    }
}

Test(status, no_file_or_a_bad_one_is_said) {
    static const char *const bad[] = {"",
                                      "{",
                                      "[]",
                                      "{}",
                                      "{\"t\":1,\"device\":\"d\"}",
                                      "{\"t\":1,\"device\":\"d\",\"uplink\":{}}",
                                      "{\"t\":\"x\",\"device\":\"d\",\"uplink\":{\"state\":\"up\"}}"};
    struct fault fault;
    struct buf text;
    bool is_up = true;
    buf_init(&text, 16384);
    cr_expect_eq(status_print(scratch_path(""), 0, &text, &is_up, &fault), RESULT_NOT_FOUND);
    cr_expect_not(is_up);
    cr_expect_not_null(strstr(fault.text, "status.json"), "%s", fault.text);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        scratch_write("status.json", bad[i]);
        is_up = true;
        cr_expect_neq(status_print(scratch_path(""), 0, &text, &is_up, &fault), RESULT_OK, "%s", bad[i]);
        cr_expect_not(is_up);
    }
    buf_fini(&text);
}
