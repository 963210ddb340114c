/* What recording costs a frame: record_frame with terminal output of 64 bytes, as a person's session has it, plain and
 * encrypted in turns, on the disk that is meant. No sync in between: that is once in two seconds, whatever comes.
 *
 *   bench-record FOLDER      prints `name value unit` */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "sessions/record.h"

enum { FRAMES = 20000, TURNS = 5, TEXT = 64 };

static void fail(const char *what) {
    fprintf(stderr, "bench-record: %s\n", what);
    exit(1);
}

static double frame_ns(const struct vault *vault, const char *dir) {
    static const char open_text[] = "{\"jsonrpc\":\"2.0\",\"method\":\"terminal.open\",\"params\":{}}";
    const struct frame open = {
        .channel = CHANNEL_CONTROL, .bytes = (const uint8_t *)open_text, .count = sizeof open_text - 1};
    static const char *const endings[] = {".cast", ".jsonl", ".key"};
    char session[CAP_UUID_BYTES + 1], path[512], text[TEXT + 1];
    struct record *record = NULL;
    struct fault fault;
    uuid_make(session);
    const struct record_options options = {.vault = vault,
                                           .dir = dir,
                                           .session = session,
                                           .device = "freezer-7",
                                           .engineer = "ann",
                                           .subject = "bench",
                                           .cap_bytes = INT64_C(1) << 32};
    if (record_open(&options, &record, &fault) != RESULT_OK ||
        record_size(record, &open, "ann", 80, 24, 0, &fault) != RESULT_OK) {
        fail(fault.text);
    }
    memset(text, 'x', TEXT);
    const struct frame frame = {.channel = CHANNEL_TERMINAL, .bytes = (const uint8_t *)text, .count = TEXT};
    int64_t begun_us = clock_mono_us();
    for (int i = 0; i < FRAMES; i++) {
        if (record_frame(record, DIRECTION_UP, &frame, "freezer-7", i, &fault) != RESULT_OK) {
            fail(fault.text);
        }
    }
    double ns = (double)(clock_mono_us() - begun_us) * 1000 / FRAMES;
    record_close(record);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        snprintf(path, sizeof path, "%s/%s%s", dir, session, endings[i]);
        unlink(path);
    }
    return ns;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values) {
    qsort(values, TURNS, sizeof *values, by_size);
    return values[TURNS / 2];
}

int main(int argc, char **argv) {
    char master[512];
    struct vault *vault = NULL;
    struct fault fault;
    double plain[TURNS], sealed[TURNS];
    if (argc != 2) {
        fail("usage: bench-record FOLDER");
    }
    snprintf(master, sizeof master, "%s/master.key", argv[1]);
    if (vault_make_master(master, &fault) != RESULT_OK || vault_open(master, NULL, &vault, &fault) != RESULT_OK) {
        fail(fault.text);
    }
    for (int i = 0; i < TURNS; i++) {
        plain[i] = frame_ns(NULL, argv[1]);
        sealed[i] = frame_ns(vault, argv[1]);
    }
    unlink(master);
    vault_close(vault);
    printf("session_record_ns %.0f ns\n", median(sealed));
    printf("session_record_plain_ns %.0f ns\n", median(plain));
    return 0;
}
