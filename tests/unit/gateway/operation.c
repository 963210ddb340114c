/* What the pipeline tells of itself: when the watchdog is fed, latencies, causes, the process, how much waits. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fixture.h"
#include "metrics.h"
#include "process_figures.h"
#include "watchdog.h"

Test(watchdog, when_it_is_fed) {
    static const struct {
        const char *what;
        int64_t every_ms, fed_ago_ms, edge_silent_ms;
        bool feeds;
    } rows[] = {
        {"nobody wants to know", 0, 1000000, 0, false},
        {"just fed", 30000, 0, 0, false},
        {"fed a while ago", 30000, 14999, 0, false},
        {"it is time", 30000, 15000, 0, true},
        {"never fed", 30000, 1LL << 40, 0, true},
        {"the edge is busy", 30000, 15000, 29999, true},
        {"the edge is stuck", 30000, 15000, 30000, false},
        {"the edge is stuck for long", 30000, 1000000, 1000000, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(watchdog_feeds(rows[i].every_ms, rows[i].fed_ago_ms, rows[i].edge_silent_ms), rows[i].feeds, "%s",
                     rows[i].what);
}

Test(watchdog, a_beat_is_progress_whether_or_not_somebody_listens) {
    struct fixture *f = fixture_new();
    f->core.health.progress_mono_ms = 0;
    watchdog_beat(NULL, &f->core);
    cr_expect_geq(f->core.health.progress_mono_ms, clock_mono_ms() - 1000);
    fixture_free(f);
}

static uint64_t count_of(const struct histogram *h) {
    struct histogram_view view;
    histogram_read(h, &view);
    return view.counts[HISTOGRAM_BOUNDS];
}

Test(timing, a_latency_counts_when_it_is_committed) {
    struct timing t;
    timing_init(&t);
    for (int i = 0; i < 1000; i++)
        timing_landed(&t, i % 10 == 0 ? LANDING_URGENT : LANDING_BULK, 1000000);
    cr_expect_eq(count_of(&t.landings[LANDING_BULK]), 0u, "nothing yet");
    timing_committed(&t, 1500000);
    cr_expect_eq(count_of(&t.landings[LANDING_BULK]), 900u);
    cr_expect_eq(count_of(&t.landings[LANDING_URGENT]), 100u);
    struct histogram_view view;
    histogram_read(&t.landings[LANDING_URGENT], &view);
    cr_expect_float_eq(view.sum, 50, 1e-6, "half a second each");
    timing_landed(&t, LANDING_ALARM, 1000000);
    timing_dropped(&t);
    timing_committed(&t, 9000000);
    cr_expect_eq(count_of(&t.landings[LANDING_ALARM]), 0u, "what was rolled back has no latency");
    timing_fini(&t);
}

Test(quarantine_cause, first_words) {
    static const struct {
        const char *format, *name;
    } rows[] = {
        {"birth: %s", "birth"},
        {"birth: no product pack for model '%s'", "no_pack"},
        {"tele: no product pack for model '%s'", "no_pack"},
        {"tele: %s", "telemetry"},
        {"topic of %zu bytes, at most %d", "topic"},
        {"topic: %s", "topic"},
        {"%s: not a topic for devices to publish on", "topic"},
        {"%zu of %zu records rejected; %s", "records"},
        {"payload of %zu bytes, at most %d", "too_big"},
        {"unknown device: no birth message yet (asked for it)", "unknown_device"},
        {"", "other"},
        {"bir", "other"},
        {"something new: %s", "other"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_str_eq(quarantine_cause_name(quarantine_cause_of(rows[i].format)), rows[i].name, "%s",
                         rows[i].format);
    for (enum quarantine_cause cause = 0; cause < QUARANTINE_CAUSES; cause++)
        cr_expect_not_null(quarantine_cause_name(cause), "cause %d", cause);
}

Test(quarantine_cause, a_bad_message_is_counted_by_its_cause) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    fixture_feed(f, "fl/1/zz/x/up/tele", "[]", 2, NULL, 0, 0);
    cr_expect_eq(f->core.figures.quarantined_by[QUARANTINE_TOPIC], 1u);
    cr_expect_eq(f->core.figures.quarantined_by[QUARANTINE_OTHER], 0u);
    cr_expect_eq(f->core.figures.quarantined, 1u);
    fixture_free(f);
}

/* ---- /metrics ---- */

static double value_of(const char *text, const char *name) {
    char line[128];
    double value = NAN;
    snprintf(line, sizeof line, "\n%s ", name);
    const char *at = strstr(text, line);
    if (at)
        sscanf(at + strlen(line), "%lf", &value);
    return value;
}

Test(process_figures, are_those_of_this_process) {
    struct buf out;
    buf_init(&out, 65536);
    process_figures_print(&out);
    const double start = value_of(buf_text(&out), "process_start_time_seconds");
    const double now = (double)clock_wall_ms() / 1000;
    cr_expect(start <= now + 2 && start > now - 3600, "started %f s ago", now - start);
    cr_expect_gt(value_of(buf_text(&out), "process_resident_memory_bytes"), 1e6);
    cr_expect_gt(value_of(buf_text(&out), "process_virtual_memory_bytes"),
                 value_of(buf_text(&out), "process_resident_memory_bytes"));
    cr_expect_geq(value_of(buf_text(&out), "process_max_fds"), value_of(buf_text(&out), "process_open_fds"));
    cr_expect_geq(value_of(buf_text(&out), "process_cpu_seconds_total"), 0);
    buf_reset(&out);
    const int more = dup(STDERR_FILENO);
    process_figures_print(&out);
    const double before = value_of(buf_text(&out), "process_open_fds");
    close(more);
    buf_reset(&out);
    process_figures_print(&out);
    cr_expect_float_eq(value_of(buf_text(&out), "process_open_fds"), before - 1, 0.1);
    buf_fini(&out);
}

Test(metrics, ages_are_seconds_and_nothing_waiting_is_zero) {
    struct fixture *f = fixture_new();
    struct buf out;
    buf_init(&out, 1 << 20);
    metrics_print(&f->core, &out);
    cr_expect_float_eq(value_of(buf_text(&out), "fieldline_inbox_oldest_seconds"), 0, 1e-9);
    cr_expect_float_eq(value_of(buf_text(&out), "fieldline_outbox_oldest_seconds"), 0, 1e-9);
    struct inbound *m = inbound_new("t", 1, "x", 1);
    m->recv_mono_us = clock_mono_us() - 7500000;
    cr_assert(inbox_push(f->core.inbox, m));
    f->core.figures.outbox_oldest_ms = clock_wall_ms() - 60000;
    f->core.figures.outbox_rows = 3;
    buf_reset(&out);
    metrics_print(&f->core, &out);
    cr_expect_float_eq(value_of(buf_text(&out), "fieldline_inbox_oldest_seconds"), 7.5, 2);
    cr_expect_float_eq(value_of(buf_text(&out), "fieldline_outbox_oldest_seconds"), 60, 2);
    cr_expect_float_eq(value_of(buf_text(&out), "fieldline_outbox_depth"), 3, 1e-9);
    buf_fini(&out);
    fixture_free(f);
}
