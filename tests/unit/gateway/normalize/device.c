/* Stream positions (the whole of "exactly once") and the registry. */
#include "normalize/device.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

Test(device, a_message_is_taken_only_right_after_what_is_committed) {
    static const struct {
        const char *what;
        uint64_t committed, from, seq;
        enum arrival arrival;
    } rows[] = {
        {"the first of a new stream", 0, 1, 1, ARRIVAL_NEXT},
        {"the next", 7, 8, 8, ARRIVAL_NEXT},
        {"a gap record that begins right after", 7, 8, 20, ARRIVAL_NEXT},
        {"a gap record that covers what was committed too", 7, 3, 20, ARRIVAL_NEXT},
        {"the same again", 7, 7, 7, ARRIVAL_REPEAT},
        {"an old one", 7, 2, 2, ARRIVAL_REPEAT},
        {"a gap record of the past", 7, 1, 7, ARRIVAL_REPEAT},
        {"one is missing", 7, 9, 9, ARRIVAL_GAP},
        {"an unknown stream in its middle", 0, 57, 57, ARRIVAL_GAP},
        {"a gap record that begins too late", 7, 9, 20, ARRIVAL_GAP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct device_stream stream = {.seq = rows[i].committed};
        const struct wire_stamp stamp = {.seq = rows[i].seq, .from = rows[i].from};
        cr_expect_eq(device_stream_judge(&stream, &stamp), rows[i].arrival, "%s", rows[i].what);
    }
}

Test(device, a_fifth_stream_takes_the_place_of_the_one_unused_longest) {
    struct registry *registry = registry_new();
    struct device *device = registry_add(registry, "freezer-7");
    for (int i = 0; i < DEVICE_STREAMS_MAX; i++) {
        char name[8];
        snprintf(name, sizeof name, "s%d", i);
        device_stream_add(device, name)->used_mono_ms = i == 2 ? 5 : 100 + i;
    }
    device_stream_add(device, "new")->used_mono_ms = 200;
    cr_expect_null(device_stream_find(device, "s2"));
    cr_expect_not_null(device_stream_find(device, "s0"));
    cr_expect_not_null(device_stream_find(device, "new"));
    cr_expect_eq(device->stream_count, DEVICE_STREAMS_MAX);
    registry_free(registry);
}

Test(device, the_registry_finds_what_was_added_and_nothing_else) {
    struct registry *registry = registry_new();
    registry_add(registry, "a-device");
    registry_add(registry, "b-device");
    cr_expect_str_eq(registry_find(registry, "a-device")->id, "a-device");
    cr_expect_null(registry_find(registry, "a-devic"));
    cr_expect_null(registry_find(registry, ""));
    const struct device *first = registry_next(registry, NULL), *second = registry_next(registry, first);
    cr_expect_str_eq(first->id, "a-device");
    cr_expect_str_eq(second->id, "b-device");
    cr_expect_null(registry_next(registry, second));
    cr_expect_eq(registry_count(registry), 2);
    registry_free(registry);
}

Test(device, ten_thousand_devices_are_told_apart_and_gone_round_in_order) {
    enum { DEVICES = 10000 };
    struct registry *registry = registry_new();
    char id[CAP_DEVICE_ID_BYTES + 1];
    for (int i = 0; i < DEVICES; i++) {
        snprintf(id, sizeof id, "device-%d", i);
        cr_assert_null(registry_find(registry, id));
        registry_add(registry, id)->row = i;
    }
    for (int i = 0; i < DEVICES; i++) {
        snprintf(id, sizeof id, "device-%d", i);
        const struct device *device = registry_find(registry, id);
        cr_assert_not_null(device, "%s", id);
        cr_assert_eq(device->row, i);
    }
    int64_t row = 0;
    for (const struct device *d = NULL; (d = registry_next(registry, d));)
        cr_assert_eq(d->row, row++);
    cr_expect_eq(row, DEVICES);
    registry_free(registry);
}

Test(device, series_ids_are_remembered_by_metric_and_part) {
    static struct pack_metric metrics[2];
    static const struct pack pack = {.metrics = metrics, .metric_count = 2};
    struct device device = {.pack = &pack};
    struct device_series series[2] = {{0}};
    device.series = series;
    device_set_series(&device, 1, 3, 77);
    device_set_series(&device, 1, 0, 78);
    cr_expect_eq(device_series_id(&device, 1, 3), 77);
    cr_expect_eq(device_series_id(&device, 1, 0), 78);
    cr_expect_eq(device_series_id(&device, 1, 2), 0);
    cr_expect_eq(device_series_id(&device, 1, 9), 0);
    cr_expect_eq(device_series_id(&device, 0, 0), 0);
    free(series[1].ids);
}
