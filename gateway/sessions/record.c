/* Writes a transcript: the cast line of a frame first, then its line in the .jsonl, each with one write(2), before the
 * caller relays the frame. So after a crash every whole .jsonl line has its cast line, and at most a cast line that
 * nothing names is left over (recover.c cuts it).
 *
 * Owned by a relay, runs on the edge thread, blocks for as long as the page cache takes a write. No buffering of our
 * own: two writes cost some microseconds a frame and are the whole difference between "relayed" and "recorded and
 * relayed". A failed write is cut off again and ends the recording for good: fsync is never retried as if nothing had
 * happened. */
#include "sessions/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DEFAULT_COLUMNS = 80, DEFAULT_ROWS = 24 };

struct record {
    int cast_fd, jsonl_fd;
    bool is_dirty, has_failed, is_finished;
    int64_t cap_bytes;
    struct transcript_head head;
    struct transcript_sums sums;
    struct buf cast, jsonl; /* the lines under way */
};

static struct record *record_make(int64_t cap_bytes) {
    struct record *r = mem_alloc(sizeof *r);
    r->cast_fd = r->jsonl_fd = -1;
    r->cap_bytes = cap_bytes;
    buf_init(&r->cast, TRANSCRIPT_LINE_BYTES);
    buf_init(&r->jsonl, TRANSCRIPT_LINE_BYTES);
    return r;
}

void record_close(struct record *record) {
    if (record == NULL) {
        return;
    }
    if (record->cast_fd >= 0) {
        close(record->cast_fd);
    }
    if (record->jsonl_fd >= 0) {
        close(record->jsonl_fd);
    }
    buf_fini(&record->cast);
    buf_fini(&record->jsonl);
    free(record);
}

/* Cut at a character, never inside one. */
static void copy_text(char *to, size_t room, const char *from) {
    size_t chars = strlen(from);
    chars = chars < room ? chars : utf8_cut(from, room - 1);
    memcpy(to, from, chars);
    to[chars] = '\0';
}

static enum result open_file(const char *base, const char *ending, int flags, int *fd, struct fault *fault) {
    char path[TRANSCRIPT_PATH_BYTES + 8];
    snprintf(path, sizeof path, "%s%s", base, ending);
    *fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0600);
    return *fd >= 0 ? RESULT_OK : fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
}

/* All or an error; an interrupted or short write goes on. */
static bool write_all(int fd, const struct buf *line) {
    for (size_t done = 0; done < line->count;) {
        ssize_t n = write(fd, line->data + done, line->count - done);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

/* Cuts what was half written, so that the files end with the last good frame. */
static enum result fail(struct record *r, struct fault *fault) {
    enum result result = fault_set(fault, RESULT_IO, "the transcript cannot be written: %s", strerror(errno));
    r->has_failed = true;
    if (ftruncate(r->cast_fd, (off_t)r->sums.cast_bytes) != 0 ||
        ftruncate(r->jsonl_fd, (off_t)r->sums.jsonl_bytes) != 0) {
        fault_prefix(fault, "and what was half written cannot be cut");
    }
    return result;
}

enum result record_open(const struct record_options *options, struct record **out, struct fault *fault) {
    char base[TRANSCRIPT_PATH_BYTES];
    struct record *r = record_make(options->cap_bytes);
    int chars = snprintf(base, sizeof base, "%s/%s", options->dir, options->session);
    enum result result;
    if (chars < 0 || (size_t)chars >= sizeof base - 8) {
        result = fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", options->dir);
        goto out;
    }
    snprintf(r->head.session, sizeof r->head.session, "%s", options->session);
    snprintf(r->head.device, sizeof r->head.device, "%s", options->device);
    copy_text(r->head.engineer, sizeof r->head.engineer, options->engineer);
    copy_text(r->head.subject, sizeof r->head.subject, options->subject);
    r->head.ticket = options->ticket;
    r->head.capabilities = options->capabilities;
    r->head.started_ms = options->wall_ms;
    transcript_head_print(&r->head, &r->jsonl);
    transcript_sums_begin(&r->sums, options->session, options->device, options->wall_ms);
    if ((result = open_file(base, ".jsonl", O_CREAT | O_EXCL, &r->jsonl_fd, fault)) != RESULT_OK) {
        goto out;
    }
    if ((result = open_file(base, ".cast", O_CREAT | O_EXCL, &r->cast_fd, fault)) == RESULT_OK &&
        !write_all(r->jsonl_fd, &r->jsonl)) {
        result = fault_set(fault, RESULT_IO, "%s.jsonl: %s", base, strerror(errno));
    }
    if (result != RESULT_OK) {
        char path[TRANSCRIPT_PATH_BYTES + 8];
        snprintf(path, sizeof path, "%s.jsonl", base);
        unlink(path);
        snprintf(path, sizeof path, "%s.cast", base);
        if (r->cast_fd >= 0) {
            unlink(path);
        }
        goto out;
    }
    transcript_sums_head(&r->sums, &r->jsonl);
    r->is_dirty = true;
    *out = r;
    r = NULL;
out:
    record_close(r);
    return result;
}

enum result record_resume(const char *base, const struct transcript_head *head, const struct transcript_sums *sums,
                          struct record **out, struct fault *fault) {
    struct record *r = record_make(INT64_MAX);
    enum result result;
    r->head = *head;
    r->sums = *sums;
    if ((result = open_file(base, ".jsonl", 0, &r->jsonl_fd, fault)) == RESULT_OK &&
        (result = open_file(base, ".cast", 0, &r->cast_fd, fault)) == RESULT_OK) {
        *out = r;
        r = NULL;
    }
    record_close(r);
    return result;
}

/* Writes r->cast (when it has anything) and the line. `leaf` NULL: the gateway's own. */
static enum result append(struct record *r, struct transcript_line *line, const uint8_t *leaf, struct fault *fault) {
    if (r->has_failed || r->is_finished) {
        return fault_set(fault, RESULT_IO, "the transcript is not written any more");
    }
    line->n = r->sums.frames + 1;
    line->has_cast = r->cast.count > 0;
    line->cast = r->sums.cast_lines + 1;
    buf_reset(&r->jsonl);
    transcript_line_print(line, &r->jsonl);
    if (r->cast.overflow || r->jsonl.overflow) {
        return fault_set(fault, RESULT_TOO_BIG, "a frame is too big to be recorded");
    }
    uint64_t bytes = r->sums.cast_bytes + r->sums.jsonl_bytes + r->cast.count + r->jsonl.count;
    if (bytes > (uint64_t)r->cap_bytes) {
        return fault_set(fault, RESULT_FULL, "the transcript has reached its largest size, %lld bytes",
                         (long long)r->cap_bytes);
    }
    if ((line->has_cast && !write_all(r->cast_fd, &r->cast)) || !write_all(r->jsonl_fd, &r->jsonl)) {
        return fail(r, fault);
    }
    transcript_sums_add(&r->sums, line, leaf, &r->jsonl, line->has_cast ? &r->cast : NULL);
    r->is_dirty = true;
    return RESULT_OK;
}

/* Time never runs backwards in a transcript, whatever the caller's clock did. */
static int64_t at(const struct record *r, int64_t t_ms) {
    return t_ms < r->sums.last_t_ms ? r->sums.last_t_ms : t_ms;
}

static void begin_line(struct record *r, struct transcript_line *line, enum transcript_dir dir, const char *by,
                       int64_t t_ms) {
    *line = (struct transcript_line){.dir = dir, .t_ms = at(r, t_ms)};
    copy_text(line->by, sizeof line->by, by);
    buf_reset(&r->cast);
}

enum result record_frame(struct record *r, enum direction dir, const struct frame *frame, const char *by, int64_t t_ms,
                         struct fault *fault) {
    struct transcript_line line;
    uint8_t leaf[SHA256_BYTES];
    begin_line(r, &line, dir == DIRECTION_UP ? TRANSCRIPT_UP : TRANSCRIPT_DOWN, by, t_ms);
    chain_leaf(frame, leaf);
    line.channel = frame->channel;
    line.frame_bytes = frame->count;
    switch (frame->channel) {
    case CHANNEL_CONTROL:
        line.has_data = true;
        line.data = (const char *)frame->bytes;
        break;
    case CHANNEL_TERMINAL:
        if (r->sums.cast_lines == 0) {
            return fault_set(fault, RESULT_CONFLICT, "terminal bytes before terminal.open");
        }
        transcript_cast_print(&(struct transcript_cast){.t_ms = line.t_ms,
                                                        .kind = dir == DIRECTION_UP ? 'o' : 'i',
                                                        .text = (const char *)frame->bytes,
                                                        .count = frame->count},
                              &r->cast);
        break;
    case CHANNEL_TERMINAL_SECRET:
        line.has_leaf = true;
        memcpy(line.leaf, leaf, sizeof leaf);
        break;
    default: return fault_set(fault, RESULT_BAD_INPUT, "channel %u is not recorded", frame->channel);
    }
    return append(r, &line, leaf, fault);
}

enum result record_stream(struct record *r, enum direction dir, const struct frame *frame, const char *by,
                          bool keeps_bytes, int64_t t_ms, struct fault *fault) {
    struct transcript_line line;
    uint8_t leaf[SHA256_BYTES];
    struct buf coded;
    buf_init(&coded, 2 * CAP_FRAME_BYTES);
    begin_line(r, &line, dir == DIRECTION_UP ? TRANSCRIPT_UP : TRANSCRIPT_DOWN, by, t_ms);
    chain_leaf(frame, leaf);
    line.channel = frame->channel;
    line.frame_bytes = frame->count;
    if (keeps_bytes) {
        buf_add_u8(&coded, '"');
        base64url_encode(frame->bytes, frame->count, &coded);
        buf_add_u8(&coded, '"');
        line.has_data = true;
        line.data = buf_text(&coded);
    } else {
        line.has_leaf = true;
        memcpy(line.leaf, leaf, sizeof leaf);
    }
    enum result result = append(r, &line, leaf, fault);
    buf_fini(&coded);
    return result;
}

enum result record_size(struct record *r, const struct frame *frame, const char *by, int columns, int rows,
                        int64_t t_ms, struct fault *fault) {
    struct transcript_line line;
    uint8_t leaf[SHA256_BYTES];
    char text[32];
    begin_line(r, &line, TRANSCRIPT_DOWN, by, t_ms);
    chain_leaf(frame, leaf);
    line.has_data = true;
    line.data = (const char *)frame->bytes;
    line.frame_bytes = frame->count;
    if (r->sums.cast_lines == 0) {
        transcript_cast_head_print(&r->head, columns, rows, &r->cast);
    } else {
        int chars = snprintf(text, sizeof text, "%dx%d", columns, rows);
        transcript_cast_print(
            &(struct transcript_cast){.t_ms = line.t_ms, .kind = 'r', .text = text, .count = (size_t)chars}, &r->cast);
    }
    return append(r, &line, leaf, fault);
}

enum result record_note(struct record *r, const char *json, size_t bytes, int64_t t_ms, struct fault *fault) {
    struct transcript_line line;
    begin_line(r, &line, TRANSCRIPT_GATE, "", t_ms);
    line.has_data = true;
    line.data = json;
    line.frame_bytes = bytes;
    return append(r, &line, NULL, fault);
}

enum result record_sync(struct record *r, struct fault *fault) {
    if (r->has_failed) {
        return fault_set(fault, RESULT_IO, "the transcript is not written any more");
    }
    if (r->is_dirty && (fdatasync(r->cast_fd) != 0 || fdatasync(r->jsonl_fd) != 0)) {
        r->has_failed = true;
        return fault_set(fault, RESULT_IO, "the transcript cannot be put on the disk: %s", strerror(errno));
    }
    r->is_dirty = false;
    return RESULT_OK;
}

enum result record_finish(struct record *r, int64_t t_ms, struct fault *fault) {
    static const char note[] = "{\"jsonrpc\":\"2.0\",\"method\":\"transcript.no_terminal\",\"params\":{}}";
    enum result result = RESULT_OK;
    if (r->sums.cast_lines == 0) {
        struct transcript_line line;
        begin_line(r, &line, TRANSCRIPT_GATE, "", t_ms);
        line.has_data = true;
        line.data = note;
        line.frame_bytes = sizeof note - 1;
        transcript_cast_head_print(&r->head, DEFAULT_COLUMNS, DEFAULT_ROWS, &r->cast);
        result = append(r, &line, NULL, fault);
    }
    if (result == RESULT_OK) {
        result = record_sync(r, fault);
    }
    r->is_finished = true;
    return result;
}

const struct transcript_sums *record_sums(const struct record *record) {
    return &record->sums;
}
