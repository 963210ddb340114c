/* The log lines that led up to now. */
#include "recall.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

struct seen {
    size_t count;
    char first[256], last[256];
};
static void on_line(void *self, const char *text, size_t bytes) {
    struct seen *seen = self;
    snprintf(seen->count == 0 ? seen->first : seen->last, 256, "%.*s", (int)bytes, text);
    seen->count++;
}

Test(recall, the_newest_lines_the_oldest_first) {
    struct recorder *recorder = recorder_new(RECORDER_LEAST_BYTES);
    struct log_record record = {.severity = 6, .app = "pump"};
    struct senml_record sample = {.metric = "temp"};
    struct seen seen = {0};
    recall_logs(recorder, 0, 10, on_line, &seen);
    cr_expect_eq(seen.count, 0, "nothing is recorded");
    for (int i = 0; i < 2000; i++) {
        record.event_ms = sample.event_ms = 1700000000000 + i;
        sample.value = i;
        snprintf(record.text, sizeof record.text, "line %d", i);
        recorder_log(recorder, &record);
        recorder_sample(recorder, &sample);
    }
    recall_logs(recorder, 0, 3, on_line, &seen);
    cr_expect_eq(seen.count, 3);
    cr_expect_str_eq(seen.first, "{\"t\":1700000001997,\"log\":\"line 1997\",\"sev\":6,\"app\":\"pump\"}");
    cr_expect_str_eq(seen.last, "{\"t\":1700000001999,\"log\":\"line 1999\",\"sev\":6,\"app\":\"pump\"}");
    seen = (struct seen){0};
    recall_logs(recorder, 1700000001990, 100, on_line, &seen);
    cr_expect_eq(seen.count, 10, "not older than asked for");
    seen = (struct seen){0};
    recall_logs(recorder, 0, 0, on_line, &seen);
    cr_expect_eq(seen.count, 0);
    recorder_free(recorder);
}
