/* The spool: everything the gateway has not acknowledged yet, on disk, bounded in bytes.
 *
 * Two lanes, each a stream of its own: urgent (birth, event, reply) and bulk (tele, log). A record is safe from a kill
 * when spool_append returns; from a power cut at once in the urgent lane, in the bulk lane once spool_tick was called
 * twice after it (what is acknowledged before that never needs the disk). When
 * space runs out the oldest bulk records go first, whole segments at a time, then the oldest urgent ones; what is gone
 * is read back as one gap event. When the disk takes nothing at all, memory does for a while. No network here, no
 * clock: the caller says what time it is. */
#pragma once
#include "fieldline/message.h"
#include "fieldline/topic.h"
#include "wall.h"

/* Each lane has a spare in memory, a stream of its own: it takes what the disk does not (full, read-only, broken), and
 * is left again when it is empty, or full, and the disk takes records. */
enum spool_lane {
    SPOOL_URGENT,
    SPOOL_BULK,
    SPOOL_SPARE_URGENT,
    SPOOL_SPARE_BULK,
    SPOOL_LANES,
    SPOOL_DISK_LANES = SPOOL_SPARE_URGENT
};
enum { SPOOL_SPARE_BYTES = 1024 * 1024, SPOOL_DISK_AGAIN_MS = 10 * 1000 };
const char *spool_lane_name(enum spool_lane lane);
bool spool_lane_is_bulk(enum spool_lane lane);
/* The lane that messages of this kind (up/...) travel in while the disk takes them. */
enum spool_lane spool_lane_of(enum topic_kind kind);

/* A message as it goes out. */
struct spool_message {
    struct wire_stamp stamp;
    enum topic_kind kind;
    const uint8_t *payload; /* until the next call on the spool */
    size_t bytes;
};
struct spool_stats {
    uint64_t next_seq, acked_seq;
    int64_t bytes;          /* on disk */
    uint64_t dropped_count; /* records, since the spool was made */
    uint64_t payload_bytes; /* taken since the start */
    uint64_t written_bytes; /* to files since the start; most of it is overwritten before it reaches the disk */
    uint64_t sync_count;    /* times that something was forced to the disk since the start */
};

struct spool;
/* RESULT_BUSY: another agent holds the folder. Makes the folder (its parent must exist). */
FL_CHECK enum result spool_open(const char *folder, const char *boot, int64_t max_bytes, struct spool **out,
                                struct fault *fault);
void spool_keep(struct spool *spool, bool is_kept); /* see lane_keep */
void spool_close(struct spool *spool);
void spool_abandon(struct spool *spool); /* as if killed (tests) */

/* Where the spares may be: a folder in memory (tmpfs), so that a kill does not lose them. Without it, or when it takes
 * nothing either, what the disk does not take is lost and becomes a gap. What an earlier run left there is found. */
void spool_set_spare(struct spool *spool, const char *folder);
/* false while the spares are in use; `why`: what the disk said. */
bool spool_disk_is_well(const struct spool *spool, const char **why);

/* The number it got is spool_last_seq of its lane afterwards. When the disk takes it in no way, the record is lost, its
 * number becomes a gap, and the result says so. */
FL_CHECK enum result spool_append(struct spool *spool, enum topic_kind kind, struct moment now, const void *payload,
                                  size_t bytes);
uint64_t spool_last_seq(const struct spool *spool, enum spool_lane lane);
/* The last number that may be sent now: what is in a spare is newer than what the disk had, and older than what the
 * disk got afterwards. */
uint64_t spool_sendable_seq(const struct spool *spool, enum spool_lane lane);
uint64_t spool_acked_seq(const struct spool *spool, enum spool_lane lane);
uint64_t spool_found_seq(const struct spool *spool, enum spool_lane lane); /* at opening */
/* When the newest record that was found was made; 0: there was none. */
int64_t spool_found_wall_ms(const struct spool *spool);
const char *spool_stream(const struct spool *spool, enum spool_lane lane);
/* The message that stands for `seq`: a record, or a gap event for seq and more. RESULT_NOT_FOUND: not used yet. */
FL_CHECK enum result spool_read(struct spool *spool, enum spool_lane lane, uint64_t seq, struct moment now,
                                struct spool_message *out);
/* How long the oldest record that is not acknowledged has waited; 0: there is none, or it cannot be told. Reads it. */
int64_t spool_oldest_ms(struct spool *spool, enum spool_lane lane, struct moment now);
/* Whose stream is it? RESULT_NOT_FOUND: none of ours. */
FL_CHECK enum result spool_find_stream(const struct spool *spool, const char *stream, enum spool_lane *out);
/* Up to seq is committed. RESULT_CONFLICT: never used here: this disk is older than the gateway's memory; the lane has
 * begun a new stream with what is not acknowledged. */
FL_CHECK enum result spool_ack(struct spool *spool, enum spool_lane lane, uint64_t seq);
/* To the disk, unless it is acknowledged. */
void spool_sync(struct spool *spool);
/* Half of the durability interval is over: see lane_tick. true: there is more to watch. */
bool spool_tick(struct spool *spool);
struct spool_stats spool_stats(const struct spool *spool, enum spool_lane lane);
