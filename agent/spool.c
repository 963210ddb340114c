/* The spool: two lanes, one budget, and gaps turned into events.
 *
 * What is full gives way here and nowhere else: the oldest bulk segment, then (only for an urgent record) the oldest
 * urgent segment, then the new record itself. A disk that is full for other reasons is treated alike: our oldest
 * segment makes room, because what is new is worth more in the field than what is old. Segments are a small part of the
 * budget, so that a drop costs little, and so that on a busy link one is acknowledged and deleted before the kernel has
 * written it back. What a disk takes in no way is spool_spare.c's. SQLite as the spool was left: it writes every record
 * twice and again at each deletion. The folder is locked, so that two agents by mistake cannot number the same stream.
 * Owned by agent.c, loop thread. */
#include "spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "file.h"
#include "lane.h"
#include "spool_private.h"

enum { SEGMENTS = 128, SEGMENT_MIN_BYTES = 96 * 1024, SEGMENT_MAX_BYTES = 4 * 1024 * 1024, GAP_BYTES = 2048 };

static const char *const lane_names[SPOOL_LANES] = {[SPOOL_URGENT] = "urgent",
                                                    [SPOOL_BULK] = "bulk",
                                                    [SPOOL_SPARE_URGENT] = "spare_urgent",
                                                    [SPOOL_SPARE_BULK] = "spare_bulk"};

bool spool_lane_is_bulk(enum spool_lane lane) {
    return lane == SPOOL_BULK || lane == SPOOL_SPARE_BULK;
}

const char *spool_lane_name(enum spool_lane lane) {
    return lane_names[lane];
}

enum spool_lane spool_lane_of(enum topic_kind kind) {
    return kind == TOPIC_UP_TELE || kind == TOPIC_UP_LOG ? SPOOL_BULK : SPOOL_URGENT;
}

static enum result lock_folder(struct spool *spool, const char *folder, struct fault *fault) {
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/lock", folder);
    spool->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (spool->lock_fd < 0) {
        return fault_set(fault, RESULT_IO, "cannot open %s: %s", path, strerror(errno));
    }
    if (flock(spool->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return fault_set(fault, RESULT_BUSY, "another agent is using %s", folder);
    }
    return RESULT_OK;
}

enum result spool_open(const char *folder, const char *boot, int64_t max_bytes, struct spool **out,
                       struct fault *fault) {
    int64_t segment = max_bytes / SEGMENTS;
    segment = segment < SEGMENT_MIN_BYTES   ? SEGMENT_MIN_BYTES
              : segment > SEGMENT_MAX_BYTES ? SEGMENT_MAX_BYTES
                                            : segment;
    struct spool *spool = mem_alloc(sizeof *spool);
    *spool = (struct spool){.lock_fd = -1, .max_bytes = max_bytes};
    snprintf(spool->boot, sizeof spool->boot, "%s", boot);
    buf_init(&spool->gap, GAP_BYTES);

    enum result result = file_make_folder(folder, fault);
    if (result == RESULT_OK) {
        result = lock_folder(spool, folder, fault);
    }
    for (int i = 0; i < SPOOL_DISK_LANES && result == RESULT_OK; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s/%s", folder, lane_names[i]);
        result = lane_open(path, boot, segment, &spool->lanes[i], fault);
    }
    if (result != RESULT_OK) {
        spool_abandon(spool);
        return result;
    }
    *out = spool;
    return RESULT_OK;
}

void spool_abandon(struct spool *spool) {
    if (spool == NULL) {
        return;
    }
    for (int i = 0; i < SPOOL_LANES; i++) {
        lane_abandon(spool->lanes[i]);
    }
    if (spool->lock_fd >= 0) {
        close(spool->lock_fd);
    }
    buf_fini(&spool->gap);
    free(spool->spare_folder);
    free(spool);
}

void spool_close(struct spool *spool) {
    if (spool == NULL) {
        return;
    }
    for (int i = 0; i < SPOOL_LANES; i++) {
        lane_close(spool->lanes[i]);
        spool->lanes[i] = NULL;
    }
    spool_abandon(spool);
}

void spool_keep(struct spool *spool, bool is_kept) {
    for (int i = 0; i < SPOOL_DISK_LANES; i++) {
        lane_keep(spool->lanes[i], is_kept);
    }
}

/* ---- what may be asked of a lane that does not exist yet ---- */

uint64_t spool_last_seq(const struct spool *spool, enum spool_lane lane) {
    return spool->lanes[lane] == NULL ? 0 : lane_next_seq(spool->lanes[lane]) - 1;
}

uint64_t spool_acked_seq(const struct spool *spool, enum spool_lane lane) {
    return spool->lanes[lane] == NULL ? 0 : lane_acked_seq(spool->lanes[lane]);
}

uint64_t spool_found_seq(const struct spool *spool, enum spool_lane lane) {
    return spool->lanes[lane] == NULL ? 0 : lane_found_seq(spool->lanes[lane]);
}

int64_t spool_found_wall_ms(const struct spool *spool) {
    int64_t newest_ms = 0;
    for (int i = 0; i < SPOOL_LANES; i++) {
        int64_t ms = spool->lanes[i] == NULL ? 0 : lane_found_wall_ms(spool->lanes[i]);
        newest_ms = ms > newest_ms ? ms : newest_ms;
    }
    return newest_ms;
}

const char *spool_stream(const struct spool *spool, enum spool_lane lane) {
    return spool->lanes[lane] == NULL ? "" : lane_stream(spool->lanes[lane]);
}

/* Makes room for a record of lane `favoured`: urgent records never go for the sake of bulk ones. */
static bool drop_something(struct spool *spool, enum spool_lane favoured) {
    static const enum spool_lane order[] = {SPOOL_BULK, SPOOL_URGENT};
    for (size_t i = 0; i < (favoured == SPOOL_BULK ? 1 : SPOOL_LANES); i++) {
        struct lane *lane = spool->lanes[order[i]];
        uint64_t before = lane_dropped_count(lane);
        if (lane_drop_oldest(lane)) {
            log_warn("agent.spool", "spool_full", "lane=%s dropped=%llu", lane_names[order[i]],
                     (unsigned long long)(lane_dropped_count(lane) - before));
            return true;
        }
    }
    return false;
}

static bool is_over(const struct spool *spool, struct lane *lane, size_t bytes) {
    return lane_bytes(spool->lanes[SPOOL_URGENT]) + lane_bytes(spool->lanes[SPOOL_BULK]) + lane_cost(lane, bytes) >
           spool->max_bytes;
}

/* Keeps within the budget, and makes room when the disk has none. */
static enum result append_with_room(struct spool *spool, enum spool_lane which, const struct segment_record *record,
                                    enum gap_reason *why) {
    struct lane *lane = spool->lanes[which];
    *why = GAP_SPOOL_FULL;
    while (is_over(spool, lane, record->bytes)) {
        if (!drop_something(spool, which)) {
            return RESULT_FULL;
        }
    }
    *why = GAP_DISK;
    for (;;) {
        enum result result = lane_append(lane, record);
        if (result != RESULT_FULL || !drop_something(spool, which)) {
            return result;
        }
    }
}

/* ---- appending ---- */

enum result spool_append(struct spool *spool, enum topic_kind kind, struct moment now, const void *payload,
                         size_t bytes) {
    enum spool_lane which = spool_lane_of(kind);
    struct segment_record record = {
        .mono_ms = now.mono_ms, .wall_ms = now.wall_ms, .kind = kind, .payload = payload, .bytes = bytes};
    enum gap_reason why = GAP_DISK;
    if (bytes > CAP_PAYLOAD_BYTES) {
        return RESULT_TOO_BIG;
    }
    enum result result = RESULT_IO;
    if (spool_spare_may_use_disk(spool, now)) {
        result = append_with_room(spool, which, &record, &why);
        if (result == RESULT_OK) {
            spool_spare_end(spool);
        } else if (why == GAP_DISK) {
            spool_spare_begin(spool, now);
        }
    }
    if (result != RESULT_OK && why == GAP_DISK && spool_spare_append(spool, which, &record) == RESULT_OK) {
        spool->payload_bytes[which + SPOOL_DISK_LANES] += bytes;
        return RESULT_OK;
    }
    if (result != RESULT_OK) {
        lane_skip(spool->lanes[which], why, now.wall_ms);
        log_error("agent.spool", "record_lost", "lane=%s kind=%s why=%s", lane_names[which], topic_kind_name(kind),
                  result_name(result));
        return result;
    }
    spool->payload_bytes[which] += bytes;
    if (which == SPOOL_URGENT && lane_sync(spool->lanes[which]) != RESULT_OK) {
        log_warn("agent.spool", "urgent_unsynced", "kind=%s", topic_kind_name(kind)); /* a kill does not lose it */
    }
    return RESULT_OK;
}

/* How many records a power cut took is not known: only the range of numbers is. */
static void encode_gap(struct spool *spool, const struct lane_item *item, struct moment now) {
    bool is_counted = item->reason != GAP_POWER_CUT;
    struct event_message event = {
        .event_ms = now.wall_ms,
        .kind = EVENT_GAP,
        .severity = is_counted ? SEVERITY_WARNING : SEVERITY_INFO,
        .gap_count = is_counted ? item->seq - item->from + 1 : 0,
        .gap_first_ms = item->first_ms > 0 ? item->first_ms : now.wall_ms,
        .gap_last_ms = item->last_ms > 0 ? item->last_ms : now.wall_ms,
    };
    snprintf(event.text, sizeof event.text, "%s", gap_reason_text(item->reason));
    buf_reset(&spool->gap);
    event_encode(&event, &spool->gap);
}

enum result spool_read(struct spool *spool, enum spool_lane lane, uint64_t seq, struct moment now,
                       struct spool_message *out) {
    struct lane_item item;
    if (spool->lanes[lane] == NULL) {
        return RESULT_NOT_FOUND;
    }
    enum result result = lane_read(spool->lanes[lane], seq, &item);
    if (result != RESULT_OK) {
        return result;
    }
    *out = (struct spool_message){.kind = item.kind, .payload = item.payload, .bytes = item.bytes};
    out->stamp.seq = item.seq;
    out->stamp.from = item.from;
    out->stamp.mono_ms = item.mono_ms;
    out->stamp.wall_ms = item.wall_ms;
    memcpy(out->stamp.stream, lane_stream(spool->lanes[lane]), sizeof out->stamp.stream);
    memcpy(out->stamp.boot, item.boot, sizeof out->stamp.boot);
    if (item.is_gap) {
        encode_gap(spool, &item, now);
        out->kind = TOPIC_UP_EVENT;
        out->payload = spool->gap.data;
        out->bytes = spool->gap.count;
        out->stamp.mono_ms = now.mono_ms;
        out->stamp.wall_ms = now.wall_ms;
        memcpy(out->stamp.boot, spool->boot, sizeof out->stamp.boot);
    }
    return RESULT_OK;
}

int64_t spool_oldest_ms(struct spool *spool, enum spool_lane lane, struct moment now) {
    struct spool_message m;
    uint64_t seq = spool_acked_seq(spool, lane) + 1;
    if (seq > spool_last_seq(spool, lane) || spool_read(spool, lane, seq, now, &m) != RESULT_OK) {
        return 0;
    }
    bool is_this_boot = strcmp(m.stamp.boot, spool->boot) == 0;
    int64_t age_ms = is_this_boot ? now.mono_ms - m.stamp.mono_ms : now.wall_ms - m.stamp.wall_ms;
    return age_ms > 0 ? age_ms : 0;
}

enum result spool_find_stream(const struct spool *spool, const char *stream, enum spool_lane *out) {
    for (int i = 0; i < SPOOL_LANES; i++) {
        if (spool->lanes[i] != NULL && strcmp(stream, lane_stream(spool->lanes[i])) == 0) {
            *out = (enum spool_lane)i;
            return RESULT_OK;
        }
    }
    return RESULT_NOT_FOUND;
}

enum result spool_ack(struct spool *spool, enum spool_lane lane, uint64_t seq) {
    enum result result = lane_ack(spool->lanes[lane], seq);
    if (result == RESULT_CONFLICT) {
        log_error("agent.spool", "ack_ahead", "lane=%s acked=%llu last=%llu", lane_names[lane], (unsigned long long)seq,
                  (unsigned long long)spool_last_seq(spool, lane));
        lane_begin_anew(spool->lanes[lane]);
    }
    return result;
}

void spool_sync(struct spool *spool) {
    for (int i = 0; i < SPOOL_LANES; i++) {
        if (spool->lanes[i] != NULL && lane_sync(spool->lanes[i]) != RESULT_OK) {
            continue; /* logged; the lane goes on in a new file */
        }
    }
}

bool spool_tick(struct spool *spool) {
    bool has_more = false;
    for (int i = 0; i < SPOOL_LANES; i++) {
        has_more |= spool->lanes[i] != NULL && lane_tick(spool->lanes[i]);
    }
    return has_more;
}

struct spool_stats spool_stats(const struct spool *spool, enum spool_lane lane) {
    const struct lane *l = spool->lanes[lane];
    if (l == NULL) {
        return (struct spool_stats){.next_seq = 1};
    }
    return (struct spool_stats){.next_seq = lane_next_seq(l),
                                .acked_seq = lane_acked_seq(l),
                                .bytes = lane_bytes(l),
                                .dropped_count = lane_dropped_count(l),
                                .payload_bytes = spool->payload_bytes[lane],
                                .written_bytes = lane_written_bytes(l),
                                .sync_count = lane_sync_count(l)};
}
