/* How small the history is, and how fast. Prints `name value unit` lines on stdout, details on stderr.
 *
 *   bench-history codec [DATA_DIR]   our chunks beside Gorilla's coding of the same series, and the codec's speed
 *   bench-history size               bytes a sample of slow sensors in the store's file: chunks, rows, index, tiers
 *   bench-history chart month|year   a year of 1 Hz at 1,000 pixels; beside it plain rows in SQLite, of a month or a
 * year
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "history/filled.h"
#include "history/gorilla.h"
#include "history/rows.h"
#include "history/series.h"
#include "store/reader.h"

enum { CHUNK_SAMPLES = 240, SETS_MAX = 32, DEMO_SECONDS = 86400, SENSOR_DAYS = 7, SIZE_DAYS = 14 };
enum { PIXELS = 1000, CHART_ROUNDS = 9, MONTH_SAMPLES = 30 * 86400 };

struct total {
    char name[32];
    size_t samples, ours, gorilla;
};
struct speed {
    int64_t encode_us, decode_us;
    size_t samples;
};

static struct total *total_of(struct total *totals, const char *name) {
    int i = 0;
    while (i < SETS_MAX - 1 && totals[i].name[0] != '\0' && strcmp(totals[i].name, name) != 0)
        i++;
    snprintf(totals[i].name, sizeof totals[i].name, "%.31s", name);
    return &totals[i];
}

/* Of this thread: the machine may be busy with other things. */
static int64_t cpu_us(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

/* Bytes of a series in chunks as the store cuts them; decodes each and compares. */
static size_t measure(const struct series *s, struct speed *speed) {
    static struct point back[CHUNK_SAMPLES_MAX];
    struct buf bytes;
    size_t sum = 0;
    buf_init(&bytes, CHUNK_BYTES_MAX);
    for (size_t at = 0; at < s->count; at += CHUNK_SAMPLES) {
        const size_t count = s->count - at < CHUNK_SAMPLES ? s->count - at : CHUNK_SAMPLES;
        size_t got = 0;
        buf_reset(&bytes);
        const int64_t begin_us = cpu_us();
        const struct chunk_summary summary = chunk_summarize(1, s->points + at, count);
        chunk_encode(&summary, s->points + at, &bytes);
        const int64_t coded_us = cpu_us();
        if (bytes.overflow ||
            chunk_decode(&summary, bytes.data, bytes.count, back, CHUNK_SAMPLES_MAX, &got) != RESULT_OK ||
            got != count || memcmp(back, s->points + at, count * sizeof *back) != 0) {
            fprintf(stderr, "bench-history: %s/%s does not come back\n", s->set, s->name);
            exit(1);
        }
        speed->decode_us += cpu_us() - coded_us;
        speed->encode_us += coded_us - begin_us;
        speed->samples += count;
        sum += bytes.count;
    }
    buf_fini(&bytes);
    return sum;
}

static void say(const struct total *t) {
    fprintf(stderr, "  %-24s %9zu samples  %6.3f bytes/sample, Gorilla %6.3f, ratio %.3f\n", t->name, t->samples,
            (double)t->ours / (double)t->samples, (double)t->gorilla / (double)t->samples,
            (double)t->ours / (double)t->gorilla);
}

static int codec(const char *folder) {
    struct series_list list = {0};
    struct total totals[SETS_MAX] = {0}, all = {.name = "all"};
    struct speed speed = {0};
    series_demo(&list, DEMO_SECONDS);
    series_sensors(&list, SENSOR_DAYS);
    if (folder != NULL && !series_files(&list, folder)) {
        fprintf(stderr, "bench-history: %s: cannot be read\n", folder);
        return 1;
    }
    for (size_t i = 0; i < list.count; i++) {
        const struct series *s = &list.items[i];
        if (s->count == 0)
            continue;
        struct total one = {
            .samples = s->count, .ours = measure(s, &speed), .gorilla = gorilla_bytes(s->points, s->count)};
        struct total *set = total_of(totals, s->set);
        set->samples += one.samples, set->ours += one.ours, set->gorilla += one.gorilla;
        all.samples += one.samples, all.ours += one.ours, all.gorilla += one.gorilla;
        if (getenv("EACH") != NULL) {
            snprintf(one.name, sizeof one.name, "%.31s", s->name);
            say(&one);
        }
    }
    for (int i = 0; i < SETS_MAX && totals[i].name[0] != '\0'; i++)
        say(&totals[i]);
    say(&all);
    printf("history_gorilla_ratio %.3f ratio\n", (double)all.ours / (double)all.gorilla);
    printf("history_encode_msamples_per_s %.1f Msamples/s\n", (double)speed.samples / (double)speed.encode_us);
    printf("history_decode_msamples_per_s %.1f Msamples/s\n", (double)speed.samples / (double)speed.decode_us);
    series_free(&list);
    return 0;
}

/* ---- size ---- */

static int size(void) {
    struct series_list list = {0};
    struct filled empty, full;
    size_t samples = 0;
    int64_t end_ms = 0;
    series_sensors(&list, SIZE_DAYS);
    for (size_t i = 0; i < list.count; i++) {
        samples += list.items[i].count;
        end_ms = list.items[i].points[list.items[i].count - 1].event_ms;
    }
    if (!filled_open(&empty) || !filled_settle(&empty, 0) || !filled_open(&full) ||
        !filled_add(&full, list.items, list.count, 60000) || !filled_settle(&full, end_ms + 2 * 86400000))
        return 1;
    const int64_t bytes = filled_bytes(&full) - filled_bytes(&empty);
    fprintf(stderr, "  %zu slow sensors, %d days, %zu samples: %lld bytes in the file\n", list.count, SIZE_DAYS,
            samples, (long long)bytes);
    printf("history_bytes_per_sample %.3f bytes\n", (double)bytes / (double)samples);
    filled_remove(&full);
    filled_remove(&empty);
    series_free(&list);
    return 0;
}

/* ---- a year's chart ---- */

static int64_t median_us(int64_t *times, int count) {
    for (int i = 1; i < count; i++)
        for (int j = i; j > 0 && times[j - 1] > times[j]; j--) {
            const int64_t swap = times[j];
            times[j] = times[j - 1];
            times[j - 1] = swap;
        }
    return times[count / 2];
}

/* The last `count` samples of the series, in the middle of several tries. */
static bool chart_ours(struct filled *f, const struct series *s, size_t last, const char *name, uint64_t *drawn) {
    struct reader *reader = NULL;
    struct fault fault;
    struct span *spans = mem_alloc(PIXELS * sizeof *spans);
    int64_t times[CHART_ROUNDS] = {0}, step_ms = 0;
    size_t count = 0;
    const struct history_query query = {.device = "bench",
                                        .metric = "m0",
                                        .part = "",
                                        .from_ms = s->points[s->count - last].event_ms,
                                        .to_ms = s->points[s->count - 1].event_ms + 1,
                                        .points = PIXELS};
    if (reader_open(f->path, &reader, &fault) != RESULT_OK)
        return false;
    for (int i = 0; i < CHART_ROUNDS; i++) {
        const int64_t begin_us = clock_mono_us();
        if (reader_history(reader, &query, spans, &count, &step_ms) != RESULT_OK)
            return false;
        times[i] = clock_mono_us() - begin_us;
    }
    *drawn = 0;
    for (size_t i = 0; i < count; i++)
        *drawn += spans[i].count;
    fprintf(stderr, "  %s: %zu spans of %lld s, first time %.2f ms\n", name, count, (long long)step_ms / 1000,
            (double)times[0] / 1000);
    printf("history_%s_chart_ms %.2f ms\n", name, (double)median_us(times, CHART_ROUNDS) / 1000);
    reader_close(reader);
    free(spans);
    return true;
}

static bool chart_and_check(struct filled *f, const struct series *s, size_t last, const char *name) {
    uint64_t drawn = 0;
    if (!chart_ours(f, s, last, name, &drawn))
        return false;
    if (drawn != last)
        fprintf(stderr, "bench-history: %llu of %zu samples are in the chart\n", (unsigned long long)drawn, last);
    return drawn == last;
}

static int chart(bool is_year) {
    struct series_list list = {0};
    struct filled f;
    int64_t rows_us = 0;
    struct series *s = series_year(&list);
    if (!filled_open(&f) || !filled_add(&f, s, 1, 600000) ||
        !filled_settle(&f, s->points[s->count - 1].event_ms + 2 * 86400000) ||
        !chart_and_check(&f, s, s->count, "year") || !chart_and_check(&f, s, MONTH_SAMPLES, "month"))
        return 1;
    fprintf(stderr, "  a year of 1 Hz: %zu samples, %.3f bytes/sample in the file\n", s->count,
            (double)filled_bytes(&f) / (double)s->count);
    filled_remove(&f);
    struct series rows = *s;
    rows.count = is_year ? s->count : MONTH_SAMPLES;
    if (!rows_chart_us(&rows, PIXELS, &rows_us))
        return 1;
    printf("history_%s_chart_rows_ms %.0f ms\n", is_year ? "year" : "month", (double)rows_us / 1000);
    series_free(&list);
    return 0;
}

int main(int argc, char **argv) {
    const char *what = argc >= 2 ? argv[1] : "";
    log_set_level(LOG_LEVEL_WARN);
    if (strcmp(what, "codec") == 0)
        return codec(argc > 2 ? argv[2] : NULL);
    if (strcmp(what, "size") == 0)
        return size();
    if (strcmp(what, "chart") == 0 && argc > 2)
        return chart(strcmp(argv[2], "year") == 0);
    fprintf(stderr, "bench-history: usage: bench-history codec [DATA_DIR] | size | chart month|year\n");
    return 2;
}
