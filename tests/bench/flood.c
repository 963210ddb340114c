/* A dead site: so many devices of one model and firmware raise the same alarm within a moment. In process, with a real
 * store (synchronous=FULL), in turns of 1,000 alarms, as the pipeline does it; then all of them clear.
 *
 *   bench-flood FOLDER [DEVICES]      FOLDER: empty, for the store
 *
 *   alarm_flood_tickets               tickets that were opened
 *   alarm_flood_us_per_alarm          from firing to commit
 *   alarm_flood_clear_us_per_alarm    the same for clearing
 *   alarm_flood_cost_growth           us an alarm of the last tenth over the first tenth: cheap however many came
 * before */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fieldline/number.h"
#include "pipeline.h"
#include "store/devices.h"

enum { TURN = 1000, TENTHS = 10 };

static void expect(enum result result, const char *what) {
    if (result != RESULT_OK)
        die("bench.flood", "%s: %s", what, result_name(result));
}

static void begin(struct core *core) {
    core->now_ms = clock_wall_ms();
    core->now_mono_ms = clock_mono_ms();
    expect(store_begin(core->store), "begin");
}

static void end(struct core *core) {
    expect(pipeline_finish(core), "finish");
    expect(store_commit(core->store), "commit");
    if (effects_drop(core->effects, NULL))
        die("bench.flood", "nobody asked for a change");
    expect(store_checkpoint(core->store), "checkpoint");
}

static struct device **fleet(struct core *core, int64_t count) {
    struct device **devices = mem_alloc((size_t)count * sizeof(struct device *));
    struct birth_message birth = {.event_ms = clock_wall_ms()};
    snprintf(birth.model, sizeof birth.model, "flood-product");
    snprintf(birth.serial, sizeof birth.serial, "S");
    snprintf(birth.firmware, sizeof birth.firmware, "1.0");
    snprintf(birth.agent, sizeof birth.agent, "bench");
    begin(core);
    for (int64_t i = 0; i < count; i++) {
        char id[32];
        snprintf(id, sizeof id, "flood-%07lld", (long long)i);
        devices[i] = registry_add(core->registry, id);
        expect(store_device_put(core->store, id, &birth, core->now_ms, &devices[i]->row), "device");
        device_set_pack(devices[i], birth.model, NULL);
    }
    end(core);
    return devices;
}

/* Microseconds an alarm of each tenth. */
static void fire(struct core *core, struct device **devices, int64_t count, enum firing_kind kind, double us[TENTHS]) {
    for (int tenth = 0; tenth < TENTHS; tenth++) {
        const int64_t from = count * tenth / TENTHS, to = count * (tenth + 1) / TENTHS, began_us = clock_mono_us();
        for (int64_t i = from; i < to; i++) {
            if ((i - from) % TURN == 0)
                begin(core);
            struct firing firing = {.kind = kind,
                                    .alarm = "NoContact",
                                    .part = "",
                                    .severity = SEVERITY_IS_MAJOR,
                                    .opens_ticket = true,
                                    .event_ms = core->now_ms};
            const struct firings firings = {.items = &firing, .count = 1};
            expect(cases_take(core, devices[i], &firings, core->now_ms, clock_mono_us()), "alarm");
            if ((i - from) % TURN == TURN - 1 || i == to - 1)
                end(core);
        }
        us[tenth] = (double)(clock_mono_us() - began_us) / (double)(to - from);
    }
}

static double mean(const double us[TENTHS]) {
    double sum = 0;
    for (int i = 0; i < TENTHS; i++)
        sum += us[i];
    return sum / TENTHS;
}

int main(int argc, char **argv) {
    int64_t count = 10000;
    char path[512];
    struct fault fault;
    if (argc < 2 || argc > 3 || (argc > 2 && !number_i64(argv[2], strlen(argv[2]), TENTHS, 1000000, &count)))
        die("bench.flood", "usage: bench-flood FOLDER [DEVICES]");
    log_set_level(LOG_LEVEL_ERROR);
    struct core *core = mem_alloc(sizeof *core);
    const struct settings settings = {.login_max_ms = 1};
    core->settings = &settings;
    snprintf(path, sizeof path, "%s/flood.db", argv[1]);
    if (store_open(path, &core->store, &fault) != RESULT_OK ||
        history_open(core->store, NULL, &core->history) != RESULT_OK)
        die("bench.flood", "%s: %s", path, fault.text);
    core->registry = registry_new();
    core->storm = storm_new();
    core->effects = effects_new();
    timing_init(&core->timing);
    struct device **devices = fleet(core, count);
    double raise_us[TENTHS], clear_us[TENTHS];
    fire(core, devices, count, FIRING_RAISE, raise_us);
    const unsigned long long tickets = core->figures.tickets_opened;
    fire(core, devices, count, FIRING_CLEAR, clear_us);
    printf("alarm_flood_tickets %llu tickets\n", tickets);
    printf("alarm_flood_us_per_alarm %.1f us\n", mean(raise_us));
    printf("alarm_flood_clear_us_per_alarm %.1f us\n", mean(clear_us));
    printf("alarm_flood_cost_growth %.2f ratio\n", raise_us[TENTHS - 1] / raise_us[0]);
    free(devices);
    timing_fini(&core->timing);
    effects_free(core->effects);
    storm_free(core->storm);
    registry_free(core->registry);
    history_close(core->history);
    store_close(core->store);
    free(core);
    return 0;
}
