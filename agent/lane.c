/* A spool lane: segments, positions and holes.
 *
 * Only the newest segment is written; it is never dropped and grows to segment_bytes before the next is begun. Files
 * are deleted when acknowledged or dropped. While everything is acknowledged, the next record overwrites the first of
 * the newest file: a product on a good link writes the same one or two pages of the page cache again and again, and the
 * kernel's write-back (every half minute) finds those and not all that passed. Truncating at each acknowledgement
 * would spare even those, but then a kill would leave no record that tells which number comes next; punching holes
 * behind a growing end costs the file system more than it spares. What survives what: a kill loses nothing that
 * lane_append returned OK for. A power cut loses at most what came after the last lane_sync; the numbers it may have
 * used are skipped at the next start (they may have reached the gateway, and a number must never mean two things):
 * `reserved` in the state is synced ahead of use. Finding out what an earlier run left is lane_open.c's. Reading keeps
 * a cursor, because it is sequential but for a go-back. Acknowledgements are not written down by themselves: each
 * record says how far they were. Loop thread. */
#include "lane.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "lane_private.h"

enum { STATE_SLOT_BYTES = 512 };

void lane_segment_path(const struct lane *lane, uint64_t first_seq, char out[PATH_MAX]) {
    snprintf(out, PATH_MAX, "%s/%016llx.seg", lane->folder, (unsigned long long)first_seq);
}

bool lane_write_state(struct lane *lane) {
    lane->state.next = lane->next_seq;
    if (lane_state_write(lane->state_fd, &lane->state) != RESULT_OK) {
        log_warn("agent.spool", "state_unwritten", "lane=%s why=%s", log_text(lane->folder), strerror(errno));
        return false;
    }
    lane->state_is_old = false;
    lane->written_bytes += STATE_SLOT_BYTES;
    return true;
}

/* ---- segments ---- */

struct segment *lane_add_segment(struct lane *lane, uint64_t first_seq, const char *boot, int64_t bytes) {
    struct segment *s = mem_alloc(sizeof *s);
    *s = (struct segment){.first_seq = first_seq, .bytes = bytes};
    memcpy(s->boot, boot, sizeof s->boot);
    if (lane->newest == NULL) {
        lane->oldest = s;
    } else {
        lane->newest->next = s;
    }
    lane->newest = s;
    lane->bytes += bytes;
    return s;
}

static void delete_oldest(struct lane *lane) {
    char path[PATH_MAX];
    struct segment *s = lane->oldest;
    if (lane->cursor.segment == s) {
        lane_forget_reader(lane);
    }
    lane_segment_path(lane, s->first_seq, path);
    if (unlink(path) != 0) {
        log_warn("agent.spool", "segment_undeleted", "file=%s why=%s", log_text(path), strerror(errno));
    }
    lane->oldest = s->next;
    lane->bytes -= s->bytes;
    free(s);
}

static bool disk_is_full(void) {
    return errno == ENOSPC || errno == EDQUOT;
}

/* The newest segment has no record and is not ours to write to: the new one gets its name. */
static void remove_empty_newest(struct lane *lane) {
    struct segment **at = &lane->oldest, *before = NULL, *s = lane->newest;
    if (s == NULL || s->first_seq != lane->next_seq) {
        return;
    }
    for (; *at != s; at = &(*at)->next) {
        before = *at;
    }
    lane_forget_reader(lane);
    *at = NULL;
    lane->newest = before;
    lane->bytes -= s->bytes;
    free(s);
}

static enum result write_head(struct lane *lane, int fd) {
    struct buf text;
    struct segment_head head = {.first_seq = lane->next_seq};
    memcpy(head.stream, lane->state.stream, sizeof head.stream);
    memcpy(head.boot, lane->boot, sizeof head.boot);
    buf_init(&text, SEGMENT_HEADER_BYTES);
    segment_build_head(&head, &text);
    ssize_t put = pwrite(fd, text.data, text.count, 0);
    buf_fini(&text);
    if (put == SEGMENT_HEADER_BYTES) {
        return RESULT_OK;
    }
    return put >= 0 || disk_is_full() ? RESULT_FULL : RESULT_IO;
}

static void finish_writing(struct lane *lane) {
    if (lane->write_fd < 0) {
        return;
    }
    if (lane->is_unsynced && lane_has_unacked(lane) && fdatasync(lane->write_fd) != 0) {
        log_error("agent.spool", "sync_failed", "lane=%s why=%s", log_text(lane->folder), strerror(errno));
    }
    lane->is_unsynced = false;
    close(lane->write_fd);
    lane->write_fd = -1;
}

/* Begins a new file for the record that comes next. */
static enum result begin_segment(struct lane *lane) {
    char path[PATH_MAX];
    lane_segment_path(lane, lane->next_seq, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0) {
        return disk_is_full() ? RESULT_FULL : RESULT_IO;
    }
    enum result result = write_head(lane, fd);
    if (result != RESULT_OK) {
        close(fd);
        unlink(path);
        return result;
    }
    remove_empty_newest(lane);
    finish_writing(lane);
    lane->write_fd = fd;
    lane->may_append = true;
    lane->folder_is_unsynced = true;
    lane->written_bytes += SEGMENT_HEADER_BYTES;
    lane_add_segment(lane, lane->next_seq, lane->boot, SEGMENT_HEADER_BYTES);
    return RESULT_OK;
}

enum result lane_open(const char *folder, const char *boot, int64_t segment_bytes, struct lane **out,
                      struct fault *fault) {
    struct lane *lane = mem_alloc(sizeof *lane);
    *lane = (struct lane){
        .folder = mem_strdup(folder), .segment_bytes = segment_bytes, .state_fd = -1, .write_fd = -1, .read_fd = -1};
    snprintf(lane->boot, sizeof lane->boot, "%s", boot);
    buf_init(&lane->room, LANE_ROOM_BYTES);
    enum result result = lane_recover(lane, fault);
    if (result != RESULT_OK) {
        lane_abandon(lane);
        return result;
    }
    *out = lane;
    return RESULT_OK;
}

void lane_abandon(struct lane *lane) {
    if (lane == NULL) {
        return;
    }
    lane_forget_reader(lane);
    if (lane->write_fd >= 0) {
        close(lane->write_fd);
    }
    if (lane->state_fd >= 0) {
        close(lane->state_fd);
    }
    while (lane->oldest != NULL) {
        struct segment *s = lane->oldest;
        lane->oldest = s->next;
        free(s);
    }
    buf_fini(&lane->room);
    free(lane->folder);
    free(lane);
}

void lane_close(struct lane *lane) {
    if (lane == NULL) {
        return;
    }
    bool is_safe = lane->write_fd < 0 || !lane_has_unacked(lane) || fdatasync(lane->write_fd) == 0;
    lane->state.is_closed = is_safe;
    if (!lane_write_state(lane) || fdatasync(lane->state_fd) != 0) {
        log_warn("agent.spool", "sync_failed", "lane=%s why=%s", log_text(lane->folder), strerror(errno));
    }
    lane_abandon(lane);
}

/* ---- running: inside, numbers are those of the files ---- */

const char *lane_stream(const struct lane *lane) {
    return lane->state.stream;
}
uint64_t lane_next_seq(const struct lane *lane) {
    return lane->next_seq - lane->state.base;
}
uint64_t lane_acked_seq(const struct lane *lane) {
    return lane->state.acked - lane->state.base;
}
uint64_t lane_found_seq(const struct lane *lane) {
    return lane->found_seq - lane->state.base;
}
int64_t lane_found_wall_ms(const struct lane *lane) {
    return lane->found_wall_ms;
}
int64_t lane_bytes(const struct lane *lane) {
    return lane->bytes;
}
uint64_t lane_dropped_count(const struct lane *lane) {
    return lane->state.dropped;
}
uint64_t lane_written_bytes(const struct lane *lane) {
    return lane->written_bytes;
}
uint64_t lane_sync_count(const struct lane *lane) {
    return lane->sync_count;
}

/* Where the next record goes in the newest segment: behind the others, or over them when nobody needs them any more. */
static int64_t place_of_next(const struct lane *lane) {
    return lane_has_unacked(lane) || lane->is_kept ? lane->newest->bytes : SEGMENT_HEADER_BYTES;
}

void lane_keep(struct lane *lane, bool is_kept) {
    lane->is_kept = is_kept;
}

static bool fits_newest(const struct lane *lane, size_t bytes) {
    return lane->may_append && lane->newest != NULL &&
           place_of_next(lane) + SEGMENT_RECORD_BYTES + (int64_t)bytes <= lane->segment_bytes;
}

int64_t lane_cost(const struct lane *lane, size_t bytes) {
    int64_t record = SEGMENT_RECORD_BYTES + (int64_t)bytes;
    return fits_newest(lane, bytes) ? place_of_next(lane) + record - lane->newest->bytes
                                    : record + SEGMENT_HEADER_BYTES;
}

static void use_number(struct lane *lane) {
    if (lane->next_seq++ < lane->state.reserved) {
        return;
    }
    lane->state.reserved = lane->next_seq + LANE_RESERVE;
    if (!lane_write_state(lane) || fdatasync(lane->state_fd) != 0) {
        log_warn("agent.spool", "reserve_unsynced", "lane=%s", log_text(lane->folder));
    }
}

/* The newest file ends here now. What it has behind is cut off; if that fails it counts for nothing, but nothing may
 * come behind it. */
static void set_end(struct lane *lane, int64_t end, bool is_cut) {
    struct segment *s = lane->newest;
    if (is_cut && ftruncate(lane->write_fd, end) != 0) {
        lane->may_append = false;
    }
    lane->bytes += end - s->bytes;
    s->bytes = end;
}

/* A reader that was somewhere in it finds the next record at the beginning. */
static void begin_file_anew(struct lane *lane) {
    if (lane->cursor.segment == lane->newest) {
        lane->cursor.offset = SEGMENT_HEADER_BYTES;
        lane->cursor.after_seq = lane->next_seq - 1;
    }
}

enum result lane_append(struct lane *lane, const struct segment_record *record) {
    if (!fits_newest(lane, record->bytes)) {
        enum result result = begin_segment(lane);
        if (result != RESULT_OK) {
            return result;
        }
    }
    struct segment_record numbered = *record;
    numbered.seq = lane->next_seq;
    numbered.acked_seq = lane->state.acked;
    segment_build_record(&numbered, &lane->room);
    int64_t place = place_of_next(lane), end = lane->newest->bytes;
    if (place < end) {
        begin_file_anew(lane);
    }
    ssize_t put = pwrite(lane->write_fd, lane->room.data, lane->room.count, place);
    if (put != (ssize_t)lane->room.count) {
        enum result result = put >= 0 || disk_is_full() ? RESULT_FULL : RESULT_IO;
        if (put > 0) {
            set_end(lane, place, true);
        }
        return result;
    }
    set_end(lane, place + put, place + put < end);
    lane->written_bytes += (uint64_t)put;
    lane->is_unsynced = true;
    use_number(lane);
    return RESULT_OK;
}

void lane_skip(struct lane *lane, enum gap_reason reason, int64_t wall_ms) {
    lane_state_add_hole(
        &lane->state,
        &(struct lane_hole){
            .from = lane->next_seq, .to = lane->next_seq, .reason = reason, .first_ms = wall_ms, .last_ms = wall_ms});
    lane->state.dropped++;
    use_number(lane);
    lane->state_is_old = !lane_write_state(lane); /* nothing else remembers this number; see lane_read */
}

/* ---- letting go ---- */

enum result lane_ack(struct lane *lane, uint64_t wire_seq) {
    uint64_t seq = wire_seq + lane->state.base;
    if (seq >= lane->next_seq) {
        return RESULT_CONFLICT;
    }
    if (seq <= lane->state.acked) {
        return RESULT_OK;
    }
    lane->state.acked = seq;
    lane_state_forget_holes(&lane->state, seq);
    bool is_deletable = lane->oldest != lane->newest && lane->oldest->next->first_seq <= seq + 1;
    if (is_deletable && lane_write_state(lane)) {
        while (lane->oldest != lane->newest && lane->oldest->next->first_seq <= seq + 1) {
            delete_oldest(lane);
        }
    }
    return RESULT_OK;
}

/* When a segment's first record was made; 0 when it cannot be read. */
static int64_t first_wall_ms(struct lane *lane, struct segment *s) {
    struct segment_record record;
    return lane_find_record(lane, s, s->first_seq, &record) == RESULT_OK ? record.wall_ms : 0;
}

bool lane_drop_oldest(struct lane *lane) {
    struct segment *s = lane->oldest;
    if (s == lane->newest) {
        return false;
    }
    uint64_t to = s->next->first_seq - 1;
    uint64_t from = s->first_seq > lane->state.acked ? s->first_seq : lane->state.acked + 1;
    if (from <= to) {
        struct lane_hole hole = {.from = from, .to = to, .reason = GAP_SPOOL_FULL};
        hole.first_ms = first_wall_ms(lane, s);
        hole.last_ms = first_wall_ms(lane, s->next);
        lane_state_add_hole(&lane->state, &hole);
        lane->state.dropped += to - from + 1;
        lane_write_state(lane);
    }
    delete_oldest(lane);
    return true;
}

void lane_begin_anew(struct lane *lane) {
    lane->state.base = lane->state.acked;
    uuid_make(lane->state.stream);
    if (!lane_write_state(lane) || fdatasync(lane->state_fd) != 0) {
        log_warn("agent.spool", "state_unsynced", "lane=%s", log_text(lane->folder));
    }
}
