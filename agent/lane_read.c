/* Reading a lane: which message stands for a number?
 *
 * Sending is sequential but for a go-back, so a cursor remembers the file and the place behind the last record; any
 * other number is found by walking its segment from the start (a few megabytes at most, and only after a stall).
 * Whether a number has a record is decided by the files alone; the state's holes only say why it has none. A file that
 * cannot be opened for want of descriptors is not a hole: that is an error to try again. Loop thread. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "lane_private.h"

void lane_forget_reader(struct lane *lane) {
    if (lane->read_fd >= 0) {
        close(lane->read_fd);
    }
    lane->read_fd = -1;
    lane->cursor.segment = NULL;
}

static enum result open_reader(struct lane *lane, struct segment *s) {
    char path[PATH_MAX];
    lane_forget_reader(lane);
    lane_segment_path(lane, s->first_seq, path);
    lane->read_fd = open(path, O_RDONLY | O_CLOEXEC);
    if (lane->read_fd < 0) {
        bool is_gone = errno == ENOENT;
        log_error("agent.spool", "segment_unreadable", "file=%s why=%s", log_text(path), strerror(errno));
        return is_gone ? RESULT_NOT_FOUND : RESULT_IO;
    }
    lane->cursor.segment = s;
    lane->cursor.offset = SEGMENT_HEADER_BYTES;
    lane->cursor.after_seq = s->first_seq - 1;
    return RESULT_OK;
}

/* Behind damage to the next whole record; what lies between has become a hole. */
static enum result skip_damage(struct lane *lane, const struct segment *s) {
    log_error("agent.spool", "record_damaged", "lane=%s segment=%016llx offset=%lld", log_text(lane->folder),
              (unsigned long long)s->first_seq, (long long)lane->cursor.offset);
    return segment_resync(lane->read_fd, &lane->cursor.offset, &lane->room);
}

enum result lane_find_record(struct lane *lane, struct segment *s, uint64_t seq, struct segment_record *out) {
    enum result result = RESULT_OK;
    if (lane->cursor.segment != s || lane->cursor.after_seq >= seq) {
        result = open_reader(lane, s);
        if (result != RESULT_OK) {
            return result;
        }
    }
    while (result == RESULT_OK) {
        result = segment_read_record(lane->read_fd, &lane->cursor.offset, &lane->room, out);
        if (result == RESULT_CORRUPT) {
            result = skip_damage(lane, s);
        } else if (result == RESULT_OK) {
            lane->cursor.after_seq = out->seq;
            if (out->seq >= seq) {
                return RESULT_OK;
            }
        }
    }
    if (result == RESULT_IO) { /* a disk that fails here would hold up the lane for ever */
        log_error("agent.spool", "segment_unreadable", "lane=%s segment=%016llx", log_text(lane->folder),
                  (unsigned long long)s->first_seq);
    }
    lane_forget_reader(lane);
    return RESULT_NOT_FOUND;
}

/* Nothing is held from `seq` up to `to`. One gap has one reason. */
static void tell_gap(const struct lane *lane, uint64_t seq, uint64_t to, struct lane_item *out) {
    const struct lane_hole *hole = lane_state_hole(&lane->state, seq);
    uint64_t end = to;
    out->is_gap = true;
    out->reason = seq <= lane->state.acked ? GAP_DONE : GAP_DAMAGED;
    if (seq <= lane->state.acked && end > lane->state.acked) {
        end = lane->state.acked;
    }
    if (hole != NULL && seq > lane->state.acked) {
        end = hole->to < to ? hole->to : to;
        out->reason = hole->reason;
        out->first_ms = hole->first_ms;
        out->last_ms = hole->last_ms;
    } else {
        end = lane_state_hole_after(&lane->state, seq, end);
    }
    out->from = seq - lane->state.base;
    out->seq = end - lane->state.base;
}

enum result lane_read(struct lane *lane, uint64_t wire_seq, struct lane_item *out) {
    uint64_t seq = wire_seq + lane->state.base;
    struct segment *s = NULL;
    struct segment_record record;
    if (wire_seq == 0 || seq >= lane->next_seq) {
        return RESULT_NOT_FOUND;
    }
    for (struct segment *at = lane->oldest; at != NULL && at->first_seq <= seq; at = at->next) {
        s = at;
    }
    struct segment *after = s == NULL ? lane->oldest : s->next;
    uint64_t end = after == NULL ? lane->next_seq : after->first_seq; /* where the next segment begins */
    enum result result = s == NULL ? RESULT_NOT_FOUND : lane_find_record(lane, s, seq, &record);
    if (result == RESULT_IO) {
        return result;
    }
    bool is_gap = result == RESULT_NOT_FOUND || record.seq > seq;
    if (is_gap && lane->state_is_old && !lane_write_state(lane)) {
        return RESULT_IO; /* a gap that the disk does not know may not be told: its numbers would be used again */
    }
    *out = (struct lane_item){.from = wire_seq, .seq = wire_seq};
    if (result == RESULT_NOT_FOUND) {
        tell_gap(lane, seq, end - 1, out);
    } else if (record.seq > seq) {
        tell_gap(lane, seq, record.seq - 1, out);
    } else {
        memcpy(out->boot, s->boot, sizeof out->boot);
        out->mono_ms = record.mono_ms;
        out->wall_ms = record.wall_ms;
        out->kind = record.kind;
        out->payload = record.payload;
        out->bytes = record.bytes;
    }
    return RESULT_OK;
}
