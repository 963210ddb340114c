#include "strange.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/topic.h"

static const char *const BOOT = "33333333-3333-4333-8333-333333333333";

static void see_device(void *self, const struct device_row *row) {
    struct seen *seen = self;
    memcpy(seen->since_ms, row->trouble_since_ms, sizeof seen->since_ms);
    seen->clock_error_ms = row->clock_error_ms;
    seen->dropped = row->dropped;
    seen->quarantined = row->quarantined;
    seen->is_online = row->is_online;
}

static void see_alarm(void *self, const struct alarm *alarm) {
    struct seen *seen = self;
    seen->alarms++;
    snprintf(seen->alarm, sizeof seen->alarm, "%s", alarm->alarm);
}

static void see_event(void *self, int64_t id, const struct event_message *event) {
    struct seen *seen = self;
    (void)id;
    if (event->kind == EVENT_INFO && seen->infos++ == 0)
        snprintf(seen->info, sizeof seen->info, "%s", event->text);
}

struct seen look(struct fixture *f, const char *device) {
    struct seen seen = {.alarm = ""};
    const struct alarm_query active = {.device = device, .has_active = true, .is_active = true, .limit = 100};
    cr_assert_eq(reader_device(f->reader, device, see_device, &seen), RESULT_OK);
    cr_assert_eq(reader_alarms(f->reader, &active, see_alarm, &seen), RESULT_OK);
    cr_assert_eq(reader_events(f->reader, device, INT64_MAX, 100, see_event, &seen), RESULT_OK);
    return seen;
}

static void count_sample(void *self, int64_t event_ms, double value) {
    (void)event_ms;
    (void)value;
    (*(int *)self)++;
}

/* Samples of the metric that were measured in this span. */
int samples_between(struct fixture *f, const char *device, const char *metric, int64_t from_ms, int64_t to_ms) {
    int count = 0;
    const struct history_query query = {
        .device = device, .metric = metric, .part = "", .from_ms = from_ms, .to_ms = to_ms, .points = 1};
    const enum result result = reader_samples(f->reader, &query, 100000, count_sample, &count);
    cr_assert(result == RESULT_OK || result == RESULT_NOT_FOUND);
    return count;
}

struct wire_stamp stamp_of(const char *stream, uint64_t seq, int64_t mono_ms, int64_t wall_ms) {
    struct wire_stamp stamp = {.seq = seq, .from = seq, .mono_ms = mono_ms, .wall_ms = wall_ms};
    snprintf(stamp.boot, sizeof stamp.boot, "%s", BOOT);
    snprintf(stamp.stream, sizeof stamp.stream, "%s", stream);
    return stamp;
}

/* The introduction of a connection: a birth outside of the streams, sent now. */
void introduce(struct fixture *f, const char *device, const char *model, int64_t mono_ms, int64_t wall_ms) {
    char topic[CAP_TOPIC_BYTES + 1], payload[500];
    const struct wire_stamp stamp = stamp_of("", 0, mono_ms, wall_ms);
    topic_format(device, TOPIC_UP_BIRTH, topic);
    snprintf(payload, sizeof payload,
             "{\"t\":%lld,\"model\":\"%s\",\"serial\":\"1\",\"firmware\":\"1\",\"agent\":\"1\",\"boot\":\"%s\","
             "\"metrics\":[],\"capabilities\":[],\"diagnostics\":[]}",
             (long long)wall_ms, model, BOOT);
    fixture_feed_stamp(f, topic, payload, strlen(payload), &stamp);
}

/* One sample, stamped when it was measured. */
void tele(struct fixture *f, const char *device, const char *metric, const char *stream, uint64_t seq, int64_t mono_ms,
          int64_t wall_ms, double value) {
    char topic[CAP_TOPIC_BYTES + 1], payload[300];
    const struct wire_stamp stamp = stamp_of(stream, seq, mono_ms, wall_ms);
    topic_format(device, TOPIC_UP_TELE, topic);
    snprintf(payload, sizeof payload, "[{\"n\":\"%s\",\"t\":%.3f,\"v\":%g}]", metric, (double)wall_ms / 1000, value);
    fixture_feed_stamp(f, topic, payload, strlen(payload), &stamp);
}

void state(struct fixture *f, const char *device, const char *word) {
    char topic[CAP_TOPIC_BYTES + 1];
    topic_format(device, TOPIC_STATE, topic);
    fixture_feed_stamp(f, topic, word, strlen(word), NULL);
}
