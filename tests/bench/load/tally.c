/* The process's own time comes from the scheduler: on a processor, waiting for one (others had it), or asleep. Asleep
 * because of full windows is the time in which the receiving side was the slower one. */
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>

#include "fieldline/bytes.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"

static const char *const names[TALLY_KINDS] = {[TALLY_EVENT] = "event", [TALLY_ALARM] = "alarm"};

void tally_init(struct tally *t) {
    *t = (struct tally){0};
    for (int i = 0; i < TALLY_KINDS; i++)
        t->latencies[i].us = mem_alloc(sizeof *t->latencies[i].us * TALLY_VALUES_MAX);
}

void tally_fini(struct tally *t) {
    for (int i = 0; i < TALLY_KINDS; i++)
        free(t->latencies[i].us);
}

void tally_add(struct tally *t, enum tally_kind kind, int64_t us) {
    struct latencies *l = &t->latencies[kind];
    if (t->is_measuring && l->count < TALLY_VALUES_MAX)
        l->us[l->count++] = us;
}

static struct usage read_usage(const struct tally *t) {
    struct usage u = {.at_us = clock_mono_us(), .blocked_us = t->blocked_us};
    unsigned long long cpu_ns, runnable_ns;
    FILE *file = fopen("/proc/self/schedstat", "re");
    if (!file || fscanf(file, "%llu %llu", &cpu_ns, &runnable_ns) != 2)
        die("bench.load", "/proc/self/schedstat: cannot be read");
    fclose(file);
    u.cpu_s = (double)cpu_ns / 1e9;
    u.runnable_s = (double)runnable_ns / 1e9;
    return u;
}

static void tell(const char *what) {
    printf("%s\n", what);
    fflush(stdout);
}

void tally_begin(struct tally *t) {
    t->begun = read_usage(t);
    t->begun_acked = t->acked;
    t->is_measuring = true;
    tell("begin");
}

void tally_end(struct tally *t) {
    t->ended = read_usage(t);
    t->ended_acked = t->acked;
    t->is_measuring = false;
    tell("end");
}

static int by_value(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static double ms_at(const struct latencies *l, size_t per_mille) {
    const size_t at = l->count * per_mille / 1000;
    return (double)l->us[at < l->count ? at : l->count - 1] / 1000;
}

void tally_report(struct tally *t, uint64_t sent, const char *protocol) {
    const double seconds = (double)(t->ended.at_us - t->begun.at_us) / 1e6;
    printf("tls %s\nseconds %.3f\nmessages %llu\nsent_total %llu\nacked_total %llu\nresent %llu\noffered %llu\n",
           protocol, seconds, (unsigned long long)(t->ended_acked - t->begun_acked), (unsigned long long)sent,
           (unsigned long long)t->acked, (unsigned long long)t->resent, (unsigned long long)t->offered);
    printf("cpu_ratio %.3f\nrunnable_ratio %.3f\nblocked_ratio %.3f\n", (t->ended.cpu_s - t->begun.cpu_s) / seconds,
           (t->ended.runnable_s - t->begun.runnable_s) / seconds,
           (double)(t->ended.blocked_us - t->begun.blocked_us) / 1e6 / seconds);
    for (int i = 0; i < TALLY_KINDS; i++) {
        struct latencies *l = &t->latencies[i];
        printf("%ss %zu\n", names[i], l->count);
        if (l->count == 0)
            continue;
        qsort(l->us, l->count, sizeof *l->us, by_value);
        printf("%s_p50_ms %.2f\n%s_p99_ms %.2f\n%s_max_ms %.2f\n", names[i], ms_at(l, 500), names[i], ms_at(l, 990),
               names[i], ms_at(l, 1000));
    }
}
