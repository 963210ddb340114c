/* Any bytes as a segment of the spool and as its state, in a lane that is opened, read through and written to. Whatever
 * the files hold: every number must stand for something, and what is appended must be there. */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "lane.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#define BOOT "0b0c7f3e-6f0e-4f55-9b58-2f6b5a3f1d10"
enum { SEGMENT_BYTES = 128 * 1024, READS_MAX = 2000 };
static char folder[64];

static void must(bool is_so) {
    if (!is_so) {
        abort();
    }
}

static void put_file(const char *name, const uint8_t *bytes, size_t count) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    must(fd >= 0 && write(fd, bytes, count) == (ssize_t)count);
    close(fd);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void read_through(struct lane *lane) {
    struct lane_item item;
    uint64_t seq = lane_acked_seq(lane) + 1;
    for (int i = 0; i < READS_MAX && seq < lane_next_seq(lane); i++) {
        must(lane_read(lane, seq, &item) == RESULT_OK && item.from == seq && item.seq >= seq);
        must(item.seq < lane_next_seq(lane));
        seq = item.seq + 1;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    const uint8_t payload[] = "payload";
    struct segment_record record = {.kind = TOPIC_UP_TELE, .payload = payload, .bytes = sizeof payload};
    struct lane *lane;
    struct lane_item item;
    struct fault fault;
    if (folder[0] == '\0') {
        log_set_level(LOG_LEVEL_ERROR);
    }
    strcpy(folder, "/tmp/fieldline-fuzz-XXXXXX");
    if (count == 0) {
        return 0;
    }
    must(mkdtemp(folder) != NULL);
    size_t first = (size_t)(bytes[0] % 8) * count / 8; /* how much of it is the state */
    put_file("state", bytes + 1, first > 0 ? first - 1 : 0);
    put_file("0000000000000001.seg", bytes + first, count - first);
    if (lane_open(folder, BOOT, SEGMENT_BYTES, &lane, &fault) == RESULT_OK) {
        read_through(lane);
        uint64_t seq = lane_next_seq(lane);
        must(lane_append(lane, &record) == RESULT_OK && lane_read(lane, seq, &item) == RESULT_OK);
        must(!item.is_gap && item.bytes == sizeof payload && memcmp(item.payload, payload, sizeof payload) == 0);
        must(lane_ack(lane, seq) == RESULT_OK);
        lane_close(lane);
    }
    nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    return 0;
}
