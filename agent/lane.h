/* One lane of the spool: a stream of records numbered 1, 2, 3, ... in segment files, and how far the gateway has
 * acknowledged it. Pure file logic: no clock, no network, no policy about which lane gives way (spool.c).
 *
 * Every number up to lane_next_seq()-1 stands for a message for ever: when its record is gone (dropped, unreadable,
 * lost in a power cut), lane_read answers with the hole instead, which goes out as a gap record. So the wire never has
 * a hole, whatever happened to the files. */
#pragma once
#include "lane_state.h"
#include "segment.h"

struct lane;
struct lane_item {
    uint64_t from, seq; /* on the wire */
    bool is_gap;        /* then only reason and first_ms..last_ms count (both 0 when nothing is known) */
    enum gap_reason reason;
    int64_t first_ms, last_ms;
    char boot[CAP_UUID_BYTES + 1];
    int64_t mono_ms, wall_ms;
    enum topic_kind kind;
    const uint8_t *payload; /* until the next call on the lane */
    size_t bytes;
};

/* Makes the folder and the stream when there is none. `boot` is this boot's id: a different one in the state, without
 * an orderly close, means that power was cut. */
FL_CHECK enum result lane_open(const char *folder, const char *boot, int64_t segment_bytes, struct lane **out,
                               struct fault *fault);
/* Syncs and marks the lane as closed in order. */
void lane_close(struct lane *lane);
/* Lets go of the files and writes nothing: what a SIGKILL does (tests). */
void lane_abandon(struct lane *lane);

const char *lane_stream(const struct lane *lane);
uint64_t lane_next_seq(const struct lane *lane);  /* that the next record gets */
uint64_t lane_acked_seq(const struct lane *lane); /* 0: none */
uint64_t lane_found_seq(const struct lane *lane); /* the last whole record, or acknowledged one, when it was opened */
int64_t lane_found_wall_ms(const struct lane *lane); /* when the last whole record was made; 0: there was none */
int64_t lane_bytes(const struct lane *lane);         /* of all segments */
uint64_t lane_dropped_count(const struct lane *lane);
uint64_t lane_written_bytes(const struct lane *lane); /* to files since it was opened, state included */
uint64_t lane_sync_count(const struct lane *lane);    /* times that something was forced to the disk */

/* RESULT_IO or RESULT_FULL: nothing was added and no number was used. Reaches the page cache: survives a kill, and a
 * power cut once lane_sync came by. */
FL_CHECK enum result lane_append(struct lane *lane, const struct segment_record *record);
/* Uses up the next number for a record that could not be written. */
void lane_skip(struct lane *lane, enum gap_reason reason, int64_t wall_ms);
/* Bytes that one more record of this size would add to the disk. */
int64_t lane_cost(const struct lane *lane, size_t bytes);
/* What stands for `seq`. RESULT_NOT_FOUND: not used yet; RESULT_IO: cannot be told now, try again. */
FL_CHECK enum result lane_read(struct lane *lane, uint64_t seq, struct lane_item *out);
/* Everything up to seq is committed. RESULT_CONFLICT: it was never used here, the files are older than the gateway's
 * memory (a restored disk); see lane_begin_anew. A lower number than before is fine and changes nothing. */
FL_CHECK enum result lane_ack(struct lane *lane, uint64_t seq);
/* Unless told so, a file whose records are all acknowledged is begun anew in place. Kept, they can be sent again to a
 * gateway that was restored from a backup, and everything that passes goes to the disk. */
void lane_keep(struct lane *lane, bool is_kept);
/* Drops the oldest segment; false when only the one that is being written is left. */
bool lane_drop_oldest(struct lane *lane);
/* A new stream id; what is not acknowledged is numbered from 1 again. */
void lane_begin_anew(struct lane *lane);
/* To the disk, unless all is acknowledged. A segment whose sync failed is not written to any more. */
FL_CHECK enum result lane_sync(struct lane *lane);
/* Half of the durability interval is over: what was there at the last call and is not acknowledged yet goes to the
 * disk. true: there is more to watch, call again. */
bool lane_tick(struct lane *lane);
