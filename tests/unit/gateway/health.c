/* Each thing that can be wrong, alone and together, and what it makes of the answer. */
#include "health.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/json.h"

static const struct health_facts well = {.pipeline_silent_ms = 100,
                                         .is_broker_connected = true,
                                         .commit_age_ms = 150,
                                         .turn_failed_age_ms = -1,
                                         .disk_free_bytes = 1LL << 30,
                                         .disk_low_bytes = 1LL << 20};

static const struct {
    const char *what;
    struct health_facts facts;
    enum health_state state;
    const char *reasons; /* ids, separated by blanks */
    int ready, live;     /* HTTP status of either question */
} rows[] = {
    {"all is well", {.is_broker_connected = true, .turn_failed_age_ms = -1}, HEALTH_OK, "", 200, 200},
    {"a turn that takes long", {.is_broker_connected = true, .pipeline_silent_ms = 30000}, HEALTH_OK, "", 200, 200},
    {"a pipeline that is stuck",
     {.is_broker_connected = true, .pipeline_silent_ms = 30001},
     HEALTH_DEAD,
     "pipeline_stuck",
     503,
     503},
    {"no broker", {0}, HEALTH_UNREADY, "broker_disconnected", 503, 200},
    {"a store that fails",
     {.is_broker_connected = true, .is_store_failing = true, .turn_failed_age_ms = 10},
     HEALTH_UNREADY,
     "store_failed",
     503,
     200},
    {"a turn failed an hour ago, and commits go on",
     {.is_broker_connected = true, .turn_failed_age_ms = 3600000},
     HEALTH_OK,
     "",
     200,
     200},
    {"stopping", {.is_broker_connected = true, .is_stopping = true}, HEALTH_UNREADY, "stopping", 503, 200},
    {"little room",
     {.is_broker_connected = true, .disk_free_bytes = 99, .disk_low_bytes = 100},
     HEALTH_DEGRADED,
     "disk_low",
     200,
     200},
    {"just enough room",
     {.is_broker_connected = true, .disk_free_bytes = 100, .disk_low_bytes = 100},
     HEALTH_OK,
     "",
     200,
     200},
    {"no room at all",
     {.is_broker_connected = true, .disk_free_bytes = 0, .disk_low_bytes = 1},
     HEALTH_DEGRADED,
     "disk_low",
     200,
     200},
    {"room that cannot be told",
     {.is_broker_connected = true, .disk_free_bytes = -1, .disk_low_bytes = 100},
     HEALTH_OK,
     "",
     200,
     200},
    {"a journal that is not trimmed",
     {.is_broker_connected = true, .journal_late_ms = HEALTH_JOURNAL_LATE_MS + 1},
     HEALTH_DEGRADED,
     "journal_late",
     200,
     200},
    {"a young journal", {.is_broker_connected = true, .journal_late_ms = -5000000}, HEALTH_OK, "", 200, 200},
    {"a revocation list that cannot be used",
     {.is_broker_connected = true, .is_crl_stale = true},
     HEALTH_DEGRADED,
     "crl_stale",
     200,
     200},
    {"everything",
     {.is_stopping = true,
      .is_store_failing = true,
      .pipeline_silent_ms = 99999,
      .disk_free_bytes = 0,
      .disk_low_bytes = 1,
      .journal_late_ms = INT64_MAX,
      .is_crl_stale = true},
     HEALTH_DEAD,
     "pipeline_stuck stopping store_failed broker_disconnected disk_low journal_late crl_stale",
     503,
     503},
};

Test(health, rows) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct health_reason reasons[HEALTH_REASONS];
        char ids[256] = "";
        size_t count;
        cr_expect_eq(health_judge(&rows[i].facts, reasons, &count), rows[i].state, "%s", rows[i].what);
        for (size_t r = 0; r < count; r++) {
            strcat(strcat(ids, r > 0 ? " " : ""), reasons[r].id);
            cr_expect_gt(strlen(reasons[r].text), 10u);
        }
        cr_expect_str_eq(ids, rows[i].reasons, "%s", rows[i].what);
    }
}

static int print(const struct health_facts *facts, bool only_live, bool is_detailed, char out[2000]) {
    struct buf text;
    struct json *object = NULL;
    buf_init(&text, 1 << 16);
    const int status = health_print(facts, only_live, is_detailed, &text);
    cr_assert_eq(json_parse(buf_text(&text), text.count, &object, NULL), RESULT_OK, "%s", buf_text(&text));
    json_free(object);
    snprintf(out, 2000, "%s", buf_text(&text));
    buf_fini(&text);
    return status;
}

Test(health, status_of_either_probe) {
    char text[2000];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        cr_expect_eq(print(&rows[i].facts, false, false, text), rows[i].ready, "%s, ready: %s", rows[i].what, text);
        cr_expect_eq(print(&rows[i].facts, true, false, text), rows[i].live, "%s, live: %s", rows[i].what, text);
        cr_expect_null(strstr(text, "checks"), "details are not for everybody");
    }
}

Test(health, the_answer_in_full) {
    char text[2000];
    cr_expect_eq(print(&well, false, true, text), 200);
    cr_expect_str_eq(text, "{\"status\":\"ok\",\"live\":true,\"ready\":true,\"reasons\":[],\"checks\":{"
                           "\"broker_connected\":true,\"store_writable\":true,\"commit_age_ms\":150,"
                           "\"turn_failed_age_ms\":null,\"pipeline_silent_ms\":100,\"journal_late_ms\":0,"
                           "\"crl_current\":true,\"disk_free_bytes\":1073741824}}");
}
