/* The agent's spool by itself: what reaches the disk for what it was given, and how fast it takes records.
 *
 * An hour of a product is played as fast as it goes: packs of 10 samples once a second, acknowledgements after a fifth
 * of a second, the durability interval of 5 s, and every 30 s the kernel's write-back of everything dirty (here by
 * sync_file_range, because a bench cannot wait for it). Bytes to disk are /proc/self/io's write_bytes less
 * cancelled_write_bytes: pages that were made dirty and not thrown away. The file system's own journal is not in them.
 *
 *   bench-spool FOLDER       on the disk that is meant; prints `name value unit` */
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fieldline/senml.h"
#include "spool.h"

enum { SAMPLES = 10, SECONDS = 3600, SYNC_S = 5, WRITE_BACK_S = 30, APPENDS = 200000, DAY_S = 86400 };
#define BOOT    "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10"
#define BEGINS  INT64_C(1795309549000)
#define SPOOL_B (64 << 20)

static void fail(const char *what) {
    fprintf(stderr, "bench-spool: %s\n", what);
    exit(1);
}

/* Bytes that this process has sent towards the disk so far. */
static double disk_bytes(void) {
    char line[128];
    double written = -1, cancelled = 0, value;
    FILE *io = fopen("/proc/self/io", "r");
    while (io != NULL && fgets(line, sizeof line, io) != NULL) {
        if (sscanf(line, "write_bytes: %lf", &value) == 1) {
            written = value;
        } else if (sscanf(line, "cancelled_write_bytes: %lf", &value) == 1) {
            cancelled = value;
        }
    }
    if (io != NULL) {
        fclose(io);
    }
    if (written < 0) {
        fail("/proc/self/io does not tell write_bytes");
    }
    return written - cancelled;
}

/* What the kernel does by itself after a while: dirty pages of the folder's files go to the disk. */
static void write_back(const char *folder) {
    DIR *dir = opendir(folder);
    struct dirent *entry;
    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char path[PATH_MAX];
        if (entry->d_name[0] == '.' || snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= PATH_MAX) {
            continue;
        }
        if (entry->d_type == DT_DIR) {
            write_back(path);
            continue;
        }
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
            close(fd);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    }
}

static void make_pack(int64_t event_ms, struct buf *out) {
    static const char *const names[SAMPLES] = {"air_temp",   "wall_temp", "door_open", "compressor_current", "fan_rpm",
                                               "mains_volt", "evap_temp", "cond_temp", "suction_pressure",   "duty"};
    struct senml_pack pack;
    senml_pack_init(&pack, CAP_PAYLOAD_BYTES);
    for (int i = 0; i < SAMPLES; i++) {
        struct senml_record r = {.event_ms = event_ms, .value = (double)(event_ms % 7919) / 10 + i};
        snprintf(r.metric, sizeof r.metric, "%s", names[i]);
        if (senml_pack_add(&pack, &r) != RESULT_OK) {
            fail("a sample was refused");
        }
    }
    senml_pack_finish(&pack, out);
    senml_pack_fini(&pack);
}

static struct spool *open_in(const char *base, const char *name, char folder[PATH_MAX]) {
    struct spool *spool;
    struct fault fault = {""};
    snprintf(folder, PATH_MAX, "%s/%s", base, name);
    if (spool_open(folder, BOOT, SPOOL_B, &spool, &fault) != RESULT_OK) {
        fail(fault.text);
    }
    return spool;
}

static void append(struct spool *spool, int64_t ms, const struct buf *pack) {
    struct moment now = {.mono_ms = ms - BEGINS + 1, .wall_ms = ms};
    if (spool_append(spool, TOPIC_UP_TELE, now, pack->data, pack->count) != RESULT_OK) {
        fail("the spool did not take a record");
    }
}

static void acknowledge(struct spool *spool, uint64_t seq) {
    if (spool_ack(spool, SPOOL_BULK, seq) != RESULT_OK) {
        fail("the spool did not take an acknowledgement");
    }
}

/* An hour; acknowledgements come `ack_s` records later (0: before the next one; -1: never). */
static void play(const char *base, const char *name, int ack_s) {
    char folder[PATH_MAX];
    struct spool *spool = open_in(base, name, folder);
    struct buf pack;
    double payload = 0;
    buf_init(&pack, CAP_PAYLOAD_BYTES);
    write_back(folder);
    double before = disk_bytes();
    for (int s = 1; s <= SECONDS; s++) {
        make_pack(BEGINS + s * INT64_C(1000), &pack);
        append(spool, BEGINS + s * INT64_C(1000), &pack);
        payload += (double)pack.count;
        if (ack_s >= 0 && s > ack_s) {
            acknowledge(spool, (uint64_t)(s - ack_s));
        }
        if (s % SYNC_S == 0 || s % SYNC_S == SYNC_S / 2) {
            spool_tick(spool);
        }
        if (s % WRITE_BACK_S == 0) {
            write_back(folder);
        }
    }
    struct spool_stats stats = spool_stats(spool, SPOOL_BULK);
    write_back(folder);
    double disk = disk_bytes() - before;
    printf("spool_write_amplification_%s %.3f ratio\n", name, disk / payload);
    printf("spool_syncs_per_hour_%s %llu syncs\n", name, (unsigned long long)stats.sync_count);
    printf("spool_flash_mb_per_day_%s %.1f MB\n", name, disk * DAY_S / SECONDS / 1e6);
    if (ack_s == 0) {
        printf("spool_flash_mb_per_day %.1f MB\n", disk * DAY_S / SECONDS / 1e6);
    }
    spool_abandon(spool);
    buf_fini(&pack);
}

static void rate(const char *base) {
    char folder[PATH_MAX];
    struct spool *spool = open_in(base, "rate", folder);
    struct buf pack;
    buf_init(&pack, CAP_PAYLOAD_BYTES);
    make_pack(BEGINS, &pack);
    int64_t begun = clock_mono_us();
    for (int i = 1; i <= APPENDS; i++) {
        append(spool, BEGINS + i, &pack);
        if (i % CAP_WINDOW_BULK == 0) {
            acknowledge(spool, (uint64_t)i);
        }
    }
    double seconds = (double)(clock_mono_us() - begun) / 1e6;
    printf("spool_appends_per_s %.0f appends/s\n", APPENDS / seconds);
    printf("spool_append_mb_per_s %.1f MB/s\n", APPENDS * (double)pack.count / seconds / 1e6);
    spool_abandon(spool);
    buf_fini(&pack);
}

int main(int argc, char **argv) {
    if (argc != 2) {
        fail("usage: bench-spool FOLDER");
    }
    log_set_level(LOG_LEVEL_ERROR);
    play(argv[1], "online", 0);
    play(argv[1], "pipelined", 1);
    play(argv[1], "offline", -1);
    rate(argv[1]);
    return 0;
}
