/* The insides of a lane, shared by lane.c (writing, letting go), lane_read.c, lane_open.c and lane_sync.c. */
#pragma once
#include <limits.h>

#include "lane.h"

enum {
    LANE_RESERVE = 256, /* numbers that are synced ahead of use */
    LANE_ROOM_BYTES = SEGMENT_RECORD_BYTES + CAP_PAYLOAD_BYTES
};

struct segment {
    struct segment *next;
    uint64_t first_seq;
    int64_t bytes;
    char boot[CAP_UUID_BYTES + 1];
};

struct lane {
    char *folder;
    char boot[CAP_UUID_BYTES + 1];
    int64_t segment_bytes;
    int state_fd, write_fd, read_fd;
    struct lane_state state;
    struct segment *oldest, *newest;
    bool may_append; /* the newest is ours to write to: of this boot, not distrusted */
    bool is_unsynced, folder_is_unsynced, state_is_old;
    bool is_kept;                  /* what is acknowledged stays until its file is full; see lane_keep */
    bool lost_count;               /* opening found a newest file that does not tell which number is next */
    uint64_t next_seq, found_seq;  /* file seqs; the wire's are less by state.base */
    uint64_t synced_seq, aged_seq; /* on the disk for sure; the next number at the last lane_tick */
    int64_t bytes, found_wall_ms;
    uint64_t written_bytes, sync_count;
    struct buf room;
    struct { /* where reading goes on: the record at `offset` of `segment` is the first after `after_seq` */
        struct segment *segment;
        int64_t offset;
        uint64_t after_seq;
    } cursor;
};

/* The path of a segment file by its first number. */
void lane_segment_path(const struct lane *lane, uint64_t first_seq, char out[PATH_MAX]);
struct segment *lane_add_segment(struct lane *lane, uint64_t first_seq, const char *boot, int64_t bytes);
/* Something is not acknowledged yet. */
bool lane_has_unacked(const struct lane *lane);
/* Files that were made or deleted are so on the disk too. */
bool lane_sync_folder(const struct lane *lane);
/* Writes the state without syncing it; logs when that fails. */
bool lane_write_state(struct lane *lane);
/* Everything an earlier run left: segments, state, the next number. */
FL_CHECK enum result lane_recover(struct lane *lane, struct fault *fault);

void lane_forget_reader(struct lane *lane);
/* The first whole record numbered `seq` or higher in the segment. RESULT_NOT_FOUND: none; RESULT_IO: try again. */
FL_CHECK enum result lane_find_record(struct lane *lane, struct segment *s, uint64_t seq, struct segment_record *out);
