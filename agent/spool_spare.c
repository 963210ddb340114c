/* What the disk does not take: a spare for each lane, in a folder in memory.
 *
 * A product whose flash is worn out or full is just the one that people want to hear from, and its link may be fine.
 * The records cannot simply be held back under the next numbers of the disk's stream: a kill would forget which numbers
 * were used, and the next run would use them again for other records. So a spare is a stream of its own, in the same
 * file format, on a tmpfs that outlives the process. It is bounded; its oldest records give way, as gaps. Order: what
 * was on the disk before is sent first, then the spare, then what the disk got afterwards. A power cut takes the spare
 * along, and there is no disk that could have kept count of it. Owned by spool.c. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "file.h"
#include "spool_private.h"

enum { SPARE_SEGMENTS = 8 };

static enum spool_lane spare_of(enum spool_lane lane) {
    return lane + (SPOOL_SPARE_URGENT - SPOOL_URGENT);
}

static bool is_waiting(const struct spool *spool, enum spool_lane lane) {
    return spool_acked_seq(spool, lane) < spool_last_seq(spool, lane);
}

uint64_t spool_sendable_seq(const struct spool *spool, enum spool_lane lane) {
    uint64_t last = spool_last_seq(spool, lane);
    if (lane < SPOOL_DISK_LANES) {
        return is_waiting(spool, spare_of(lane)) && spool->before_spare[lane] < last ? spool->before_spare[lane] : last;
    }
    enum spool_lane disk = lane - SPOOL_DISK_LANES;
    return spool_acked_seq(spool, disk) < spool->before_spare[disk] ? 0 : last;
}

bool spool_disk_is_well(const struct spool *spool, const char **why) {
    *why = spool->disk_trouble;
    return !spool->is_spared;
}

static enum result open_spare(struct spool *spool, enum spool_lane lane) {
    char path[PATH_MAX];
    struct fault fault;
    if (spool->lanes[lane] != NULL) {
        return RESULT_OK;
    }
    if (spool->spare_folder == NULL || file_make_folder(spool->spare_folder, &fault) != RESULT_OK) {
        return RESULT_IO;
    }
    snprintf(path, sizeof path, "%s/%s", spool->spare_folder, spool_lane_name(lane));
    enum result result = lane_open(path, spool->boot, SPOOL_SPARE_BYTES / SPARE_SEGMENTS, &spool->lanes[lane], &fault);
    if (result != RESULT_OK) {
        log_error("agent.spool", "spare_unusable", "why=%s", log_text(fault.text));
    }
    return result;
}

void spool_set_spare(struct spool *spool, const char *folder) {
    free(spool->spare_folder);
    spool->spare_folder = mem_strdup(folder);
    if (access(folder, F_OK) != 0) {
        return;
    }
    for (int i = 0; i < SPOOL_DISK_LANES; i++) {
        if (open_spare(spool, spare_of((enum spool_lane)i)) == RESULT_OK) {
            spool->before_spare[i] = spool_last_seq(spool, (enum spool_lane)i);
        }
    }
}

enum result spool_spare_append(struct spool *spool, enum spool_lane disk, const struct segment_record *record) {
    enum spool_lane lane = spare_of(disk);
    enum result result = open_spare(spool, lane);
    if (result != RESULT_OK) {
        return result;
    }
    while (lane_bytes(spool->lanes[lane]) + lane_cost(spool->lanes[lane], record->bytes) > SPOOL_SPARE_BYTES) {
        if (!lane_drop_oldest(spool->lanes[lane])) {
            return RESULT_FULL;
        }
    }
    return lane_append(spool->lanes[lane], record);
}

void spool_spare_begin(struct spool *spool, struct moment now) {
    spool->spared_mono_ms = now.mono_ms;
    if (spool->is_spared) {
        return;
    }
    spool->is_spared = true;
    snprintf(spool->disk_trouble, sizeof spool->disk_trouble, "%s", strerror(errno));
    for (int i = 0; i < SPOOL_DISK_LANES; i++) {
        spool->before_spare[i] = spool_last_seq(spool, (enum spool_lane)i);
    }
    log_error("agent.spool", "disk_failing", "why=%s", log_text(spool->disk_trouble));
}

static bool spare_is_full(const struct spool *spool) {
    for (int i = SPOOL_DISK_LANES; i < SPOOL_LANES; i++) {
        if (spool->lanes[i] != NULL &&
            lane_bytes(spool->lanes[i]) >= SPOOL_SPARE_BYTES - SPOOL_SPARE_BYTES / SPARE_SEGMENTS) {
            return true;
        }
    }
    return false;
}

bool spool_spare_may_use_disk(const struct spool *spool, struct moment now) {
    bool has_spared = is_waiting(spool, SPOOL_SPARE_URGENT) || is_waiting(spool, SPOOL_SPARE_BULK);
    return !spool->is_spared ||
           ((!has_spared || spare_is_full(spool)) && now.mono_ms - spool->spared_mono_ms >= SPOOL_DISK_AGAIN_MS);
}

void spool_spare_end(struct spool *spool) {
    if (spool->is_spared) {
        spool->is_spared = false;
        log_info("agent.spool", "disk_well_again", "was=%s", log_text(spool->disk_trouble));
        spool->disk_trouble[0] = '\0';
    }
}
