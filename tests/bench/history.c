/* How small the history is, and how fast. Prints `name value unit` lines on stdout, details on stderr.
 *
 *   bench-history codec [DATA_DIR]   our chunks beside Gorilla's coding of the same series, and the codec's speed
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "history/gorilla.h"
#include "history/series.h"

enum { CHUNK_SAMPLES = 240, SETS_MAX = 32, DEMO_SECONDS = 86400, SENSOR_DAYS = 7 };

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
        const int64_t begin_us = clock_mono_us();
        const struct chunk_summary summary = chunk_summarize(1, s->points + at, count);
        chunk_encode(&summary, s->points + at, &bytes);
        const int64_t coded_us = clock_mono_us();
        if (bytes.overflow ||
            chunk_decode(&summary, bytes.data, bytes.count, back, CHUNK_SAMPLES_MAX, &got) != RESULT_OK ||
            got != count || memcmp(back, s->points + at, count * sizeof *back) != 0) {
            fprintf(stderr, "bench-history: %s/%s does not come back\n", s->set, s->name);
            exit(1);
        }
        speed->decode_us += clock_mono_us() - coded_us;
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

int main(int argc, char **argv) {
    if (argc >= 2 && strcmp(argv[1], "codec") == 0)
        return codec(argc > 2 ? argv[2] : NULL);
    fprintf(stderr, "bench-history: usage: bench-history codec [DATA_DIR]\n");
    return 2;
}
