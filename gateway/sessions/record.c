/* Writes a transcript: the cast line of a frame first, then its line in the .jsonl, each with one write(2), before the
 * caller relays the frame. So after a crash every whole .jsonl line has its cast line, and at most a cast line that
 * nothing names is left over (recover.c cuts it).
 *
 * Owned by a relay, runs on the edge thread, blocks for as long as the page cache takes a write. No buffering of our
 * own: two writes cost some microseconds a frame and are the whole difference between "relayed" and "recorded and
 * relayed". A failed write is cut off again and ends the recording for good: fsync is never retried as if nothing had
 * happened. */
#include "sessions/record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/digest.h"
#include "sessions/escrow.h"
#include "sessions/heads.h"
#include "sessions/seal.h"
#include "sessions/vault_file.h"

enum { DEFAULT_COLUMNS = 80, DEFAULT_ROWS = 24 };

struct record {
    struct vault_writer *cast_file, *jsonl_file, *heads_file;
    const struct key *seal_key; /* NULL: no heads */
    const struct box_key *escrow_key;
    struct buf escrow; /* of the line under way */
    struct {           /* the last head */
        uint64_t number, n, bytes;
        int64_t t_ms;
    } head;
    bool has_failed, is_finished;
    int64_t cap_bytes;
    struct transcript_head about;
    struct transcript_sums sums;
    struct digest *cast_digest, *jsonl_digest; /* of what was written; NULL: not from the beginning */
    struct buf cast, jsonl;                    /* the lines under way */
};

static struct record *record_make(int64_t cap_bytes) {
    struct record *r = mem_alloc(sizeof *r);
    r->cap_bytes = cap_bytes;
    buf_init(&r->cast, TRANSCRIPT_LINE_BYTES);
    buf_init(&r->jsonl, TRANSCRIPT_LINE_BYTES);
    buf_init(&r->escrow, ESCROW_CHARS);
    return r;
}

void record_close(struct record *record) {
    if (record == NULL) {
        return;
    }
    vault_writer_close(record->cast_file);
    vault_writer_close(record->jsonl_file);
    vault_writer_close(record->heads_file);
    buf_wipe(&record->cast);
    buf_wipe(&record->jsonl);
    buf_fini(&record->escrow);
    digest_free(record->cast_digest);
    digest_free(record->jsonl_digest);
    free(record);
}

/* Cuts what was half written, so that both files end with the last good frame. */
static enum result fail(struct record *r, struct fault *fault) {
    struct fault cut;
    r->has_failed = true;
    fault_prefix(fault, "the transcript cannot be written");
    if (vault_writer_cut_back(r->cast_file, &cut) != RESULT_OK ||
        vault_writer_cut_back(r->jsonl_file, &cut) != RESULT_OK) {
        fault_prefix(fault, "and what was half written cannot be cut");
    }
    return RESULT_IO;
}

/* What was begun and cannot be gone on with. */
static void take_away(const struct record *r, const char *base) {
    char path[TRANSCRIPT_PATH_BYTES + 8];
    snprintf(path, sizeof path, "%s.jsonl", base);
    unlink(path);
    snprintf(path, sizeof path, "%s.cast", base);
    if (r->cast_file != NULL) {
        unlink(path);
    }
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
    snprintf(r->about.session, sizeof r->about.session, "%s", options->session);
    snprintf(r->about.device, sizeof r->about.device, "%s", options->device);
    text_copy(r->about.engineer, sizeof r->about.engineer, options->engineer);
    text_copy(r->about.subject, sizeof r->about.subject, options->subject);
    r->about.ticket = options->ticket;
    r->about.capabilities = options->capabilities;
    r->about.started_ms = options->wall_ms;
    transcript_head_print(&r->about, &r->jsonl);
    transcript_sums_begin(&r->sums, options->session, options->device, options->wall_ms);
    if ((result = vault_writer_create(options->vault, base, ".jsonl", &r->jsonl_file, fault)) != RESULT_OK) {
        goto out;
    }
    if ((result = vault_writer_create(options->vault, base, ".cast", &r->cast_file, fault)) != RESULT_OK ||
        (result = vault_writer_append(r->jsonl_file, r->jsonl.data, r->jsonl.count, fault)) != RESULT_OK) {
        take_away(r, base);
        goto out;
    }
    r->seal_key = options->seal_key;
    r->escrow_key = options->escrow;
    if (r->seal_key != NULL &&
        (result = vault_writer_create(NULL, base, ".heads", &r->heads_file, fault)) != RESULT_OK) {
        take_away(r, base);
        goto out;
    }
    transcript_sums_head(&r->sums, &r->jsonl);
    r->cast_digest = digest_new();
    r->jsonl_digest = digest_new();
    digest_add(r->jsonl_digest, r->jsonl.data, r->jsonl.count);
    *out = r;
    r = NULL;
out:
    record_close(r);
    return result;
}

enum result record_resume(const struct vault *vault, const char *base, const struct transcript_head *head,
                          const struct transcript_sums *sums, struct record **out, struct fault *fault) {
    struct record *r = record_make(INT64_MAX);
    enum result result;
    r->about = *head;
    r->sums = *sums;
    if ((result = vault_writer_resume(vault, base, ".jsonl", &r->jsonl_file, fault)) == RESULT_OK &&
        (result = vault_writer_resume(vault, base, ".cast", &r->cast_file, fault)) == RESULT_OK) {
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
    vault_writer_mark(r->cast_file);
    vault_writer_mark(r->jsonl_file);
    if ((line->has_cast && vault_writer_append(r->cast_file, r->cast.data, r->cast.count, fault) != RESULT_OK) ||
        vault_writer_append(r->jsonl_file, r->jsonl.data, r->jsonl.count, fault) != RESULT_OK) {
        return fail(r, fault);
    }
    transcript_sums_add(&r->sums, line, leaf, &r->jsonl, line->has_cast ? &r->cast : NULL);
    if (r->jsonl_digest != NULL) {
        digest_add(r->jsonl_digest, r->jsonl.data, r->jsonl.count);
        digest_add(r->cast_digest, r->cast.data, line->has_cast ? r->cast.count : 0);
    }
    return RESULT_OK;
}

/* Time never runs backwards in a transcript, whatever the caller's clock did. */
static int64_t at(const struct record *r, int64_t t_ms) {
    return t_ms < r->sums.last_t_ms ? r->sums.last_t_ms : t_ms;
}

static void begin_line(struct record *r, struct transcript_line *line, enum transcript_dir dir, const char *by,
                       int64_t t_ms) {
    *line = (struct transcript_line){.dir = dir, .t_ms = at(r, t_ms)};
    text_copy(line->by, sizeof line->by, by);
    buf_reset(&r->cast);
}

static enum result keep_escrow(struct record *r, const struct frame *frame, struct transcript_line *line) {
    buf_reset(&r->escrow);
    enum result result = escrow_seal(r->escrow_key, r->sums.session, frame, line->leaf, &r->escrow);
    line->escrow = buf_text(&r->escrow);
    line->escrow_chars = r->escrow.count;
    return result;
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
        if (r->escrow_key != NULL && keep_escrow(r, frame, &line) != RESULT_OK) {
            return fault_set(fault, RESULT_IO, "hidden input cannot be put into escrow");
        }
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
        transcript_cast_head_print(&r->about, columns, rows, &r->cast);
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

static uint64_t text_bytes(const struct record *r) {
    return r->sums.cast_bytes + r->sums.jsonl_bytes;
}

static bool is_head_due(const struct record *r, int64_t t_ms) {
    return r->seal_key != NULL && r->sums.frames > r->head.n &&
           (t_ms - r->head.t_ms >= HEADS_EVERY_MS || text_bytes(r) - r->head.bytes >= HEADS_EVERY_BYTES);
}

/* Over what is on the disk. */
static enum result put_head(struct record *r, int64_t t_ms, struct fault *fault) {
    struct head head;
    enum result result = head_sign(&r->sums, r->head.number + 1, r->sums.started_ms + t_ms, r->seal_key, &head, fault);
    if (result != RESULT_OK) {
        return result;
    }
    buf_reset(&r->jsonl);
    head_print(&head, &r->jsonl);
    result = vault_writer_append(r->heads_file, r->jsonl.data, r->jsonl.count, fault);
    if (result == RESULT_OK) {
        result = vault_writer_sync(r->heads_file, fault);
    }
    r->head.number++;
    r->head.n = head.n;
    r->head.bytes = text_bytes(r);
    r->head.t_ms = t_ms;
    return result;
}

enum result record_sync(struct record *r, int64_t t_ms, struct fault *fault) {
    if (r->has_failed) {
        return fault_set(fault, RESULT_IO, "the transcript is not written any more");
    }
    enum result result = vault_writer_sync(r->cast_file, fault);
    if (result == RESULT_OK) {
        result = vault_writer_sync(r->jsonl_file, fault);
    }
    if (result == RESULT_OK && is_head_due(r, t_ms)) {
        result = put_head(r, t_ms, fault);
    }
    if (result != RESULT_OK) {
        r->has_failed = true;
        fault_prefix(fault, "the transcript cannot be put on the disk");
        return RESULT_IO;
    }
    return RESULT_OK;
}

enum result record_flush(struct record *r, const struct flusher *flusher, int64_t t_ms, struct fault *fault) {
    if (r->has_failed || is_head_due(r, t_ms)) {
        return record_sync(r, t_ms, fault);
    }
    enum result result = vault_writer_flush(r->cast_file, flusher, fault);
    if (result == RESULT_OK) {
        result = vault_writer_flush(r->jsonl_file, flusher, fault);
    }
    if (result != RESULT_OK) {
        r->has_failed = true;
        fault_prefix(fault, "the transcript cannot be put on the disk");
        return RESULT_IO;
    }
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
        transcript_cast_head_print(&r->about, DEFAULT_COLUMNS, DEFAULT_ROWS, &r->cast);
        result = append(r, &line, NULL, fault);
    }
    if (result == RESULT_OK) {
        result = record_sync(r, t_ms, fault);
    }
    r->is_finished = true;
    return result;
}

bool record_texts(struct record *r, struct seal_texts *out) {
    if (r->jsonl_digest == NULL) {
        return false;
    }
    digest_end(r->cast_digest, out->cast_sha256);
    digest_end(r->jsonl_digest, out->jsonl_sha256);
    r->cast_digest = r->jsonl_digest = NULL;
    return true;
}

const struct transcript_sums *record_sums(const struct record *record) {
    return &record->sums;
}
