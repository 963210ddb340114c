/* Reads a recorded session frame by frame, both files in step, and keeps the same sums as the writer did.
 *
 * Owned by whoever verifies, recovers or reports; any thread; blocks on the disk. The files may be anything: every line
 * has a cap, every field is checked, and the first thing that is wrong ends the reading with the frame's number. */
#include "sessions/transcript_reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lines {
    const char *ending; /* for faults */
    struct vault_stream *stream;
    const uint8_t *at; /* of the stream's piece: what is left */
    size_t left;
    uint64_t number; /* of the last line read */
    struct buf line; /* with its newline */
};

struct transcript_reader {
    struct lines jsonl, cast;
    struct buf text; /* of the last cast line */
    struct transcript_head head;
    struct transcript_sums sums;
};

static enum result lines_open(struct lines *lines, const struct vault *vault, const char *base, const char *ending,
                              struct fault *fault) {
    lines->ending = ending;
    buf_init(&lines->line, TRANSCRIPT_LINE_BYTES);
    return vault_stream_open(vault, base, ending, &lines->stream, fault);
}

static void lines_close(struct lines *lines) {
    vault_stream_close(lines->stream);
    buf_wipe(&lines->line);
}

/* The end of the file: between two lines, or inside one. */
static enum result lines_end(struct lines *lines, enum result result, struct fault *fault) {
    return result == RESULT_NOT_FOUND && lines->line.count > 0
               ? fault_set(fault, RESULT_CORRUPT, "%s line %llu is torn", lines->ending,
                           (unsigned long long)lines->number + 1)
               : result;
}

/* RESULT_NOT_FOUND: the end of the file, at the end of a line. */
static enum result lines_next(struct lines *lines, struct fault *fault) {
    buf_reset(&lines->line);
    for (;;) {
        const uint8_t *end = lines->left > 0 ? memchr(lines->at, '\n', lines->left) : NULL;
        size_t count = end != NULL ? (size_t)(end - lines->at) + 1 : lines->left;
        buf_add(&lines->line, lines->at, count);
        if (lines->line.overflow) {
            return fault_set(fault, RESULT_CORRUPT, "%s line %llu is too long", lines->ending,
                             (unsigned long long)lines->number + 1);
        }
        if (end != NULL) {
            lines->at += count;
            lines->left -= count;
            lines->number++;
            return RESULT_OK;
        }
        lines->left = 0;
        enum result result = vault_stream_next(lines->stream, &lines->at, &lines->left, fault);
        if (result != RESULT_OK) {
            return lines_end(lines, result, fault);
        }
    }
}

static const char *lines_text(struct lines *lines) {
    return buf_text(&lines->line);
}

static size_t lines_chars(const struct lines *lines) {
    return lines->line.count - 1;
}

enum result transcript_reader_open(const struct vault *vault, const char *base, struct transcript_reader **out,
                                   struct fault *fault) {
    struct transcript_reader *r = mem_alloc(sizeof *r);
    enum result result;
    buf_init(&r->text, CAP_FRAME_BYTES + 1);
    if ((result = lines_open(&r->jsonl, vault, base, ".jsonl", fault)) != RESULT_OK ||
        (result = lines_open(&r->cast, vault, base, ".cast", fault)) != RESULT_OK) {
        goto out;
    }
    result = lines_next(&r->jsonl, fault);
    if (result == RESULT_NOT_FOUND) {
        result = fault_set(fault, RESULT_CORRUPT, ".jsonl is empty");
    }
    if (result == RESULT_OK) {
        result = transcript_head_parse(lines_text(&r->jsonl), lines_chars(&r->jsonl), &r->head, fault);
    }
    if (result != RESULT_OK) {
        goto out;
    }
    const char *name = base + strlen(base) - CAP_UUID_BYTES;
    if (strlen(base) < CAP_UUID_BYTES || strcmp(r->head.session, name) != 0) {
        result = fault_set(fault, RESULT_CORRUPT, "the file says that it is session %s", r->head.session);
        goto out;
    }
    transcript_sums_begin(&r->sums, r->head.session, r->head.device, r->head.started_ms);
    transcript_sums_head(&r->sums, &r->jsonl.line);
    *out = r;
    r = NULL;
out:
    transcript_reader_close(r);
    return result;
}

void transcript_reader_close(struct transcript_reader *reader) {
    if (reader == NULL) {
        return;
    }
    lines_close(&reader->jsonl);
    lines_close(&reader->cast);
    buf_wipe(&reader->text);
    free(reader);
}

const struct transcript_head *transcript_reader_head(const struct transcript_reader *reader) {
    return &reader->head;
}

const struct transcript_sums *transcript_reader_sums(const struct transcript_reader *reader) {
    return &reader->sums;
}

/* The kind of cast line that a frame must name. */
static char kind_expected(const struct transcript_line *line) {
    if (line->cast == 1) {
        return 'h';
    }
    if (line->channel == CHANNEL_CONTROL) {
        return 'r';
    }
    return line->dir == TRANSCRIPT_UP ? 'o' : 'i';
}

static enum result read_cast(struct transcript_reader *r, struct transcript_entry *e, struct fault *fault) {
    struct transcript_cast cast;
    char expected = kind_expected(&e->line);
    if (e->line.cast != r->cast.number + 1) {
        return fault_set(fault, RESULT_CORRUPT, "it names .cast line %llu, but the next one is %llu",
                         (unsigned long long)e->line.cast, (unsigned long long)r->cast.number + 1);
    }
    enum result result = lines_next(&r->cast, fault);
    if (result == RESULT_NOT_FOUND) {
        return fault_set(fault, RESULT_CORRUPT, ".cast line %llu is missing", (unsigned long long)e->line.cast);
    }
    if (result != RESULT_OK) {
        return result;
    }
    e->cast_kind = expected;
    if (expected == 'h') {
        return e->line.channel == CHANNEL_CONTROL
                   ? transcript_cast_head_parse(lines_text(&r->cast), lines_chars(&r->cast), fault)
                   : fault_set(fault, RESULT_CORRUPT, "a terminal frame names the cast's header");
    }
    result = transcript_cast_parse(lines_text(&r->cast), lines_chars(&r->cast), &cast, &r->text, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (cast.kind != expected || cast.t_ms != e->line.t_ms) {
        return fault_set(fault, RESULT_CORRUPT, ".cast line %llu has another kind or time than its frame",
                         (unsigned long long)e->line.cast);
    }
    if (e->line.channel == CHANNEL_TERMINAL && cast.count != e->line.frame_bytes) {
        return fault_set(fault, RESULT_CORRUPT, ".cast line %llu has %zu bytes, its frame had %zu",
                         (unsigned long long)e->line.cast, cast.count, e->line.frame_bytes);
    }
    return RESULT_OK;
}

/* The bytes of a stream's frame; one spelling only. */
static bool decode_stream(struct transcript_reader *r, const struct transcript_line *line) {
    size_t chars = transcript_data_chars(line);
    struct buf again;
    buf_reset(&r->text);
    if (line->data[0] != '"' || line->data[chars - 1] != '"' ||
        !base64url_decode(line->data + 1, chars - 2, &r->text) || r->text.count != line->frame_bytes) {
        return false;
    }
    buf_init(&again, chars + 1);
    base64url_encode(r->text.data, r->text.count, &again);
    bool is_same = again.count == chars - 2 && memcmp(again.data, line->data + 1, again.count) == 0;
    buf_fini(&again);
    return is_same;
}

/* Finds the frame's bytes and its leaf. */
static enum result fill(struct transcript_reader *r, struct transcript_entry *e, struct fault *fault) {
    if (e->line.has_leaf) {
        memcpy(e->leaf, e->line.leaf, SHA256_BYTES);
        return RESULT_OK;
    }
    if (e->line.channel == CHANNEL_STREAM && !decode_stream(r, &e->line)) {
        return fault_set(fault, RESULT_CORRUPT, "the bytes of the stream are not spelled as they were written");
    }
    e->bytes = e->line.channel == CHANNEL_CONTROL ? (const uint8_t *)e->line.data : r->text.data;
    e->count = e->line.frame_bytes;
    chain_leaf(&(struct frame){.channel = e->line.channel, .bytes = e->bytes, .count = e->count}, e->leaf);
    return RESULT_OK;
}

static enum result read_frame(struct transcript_reader *r, struct transcript_entry *e, struct fault *fault) {
    enum result result = lines_next(&r->jsonl, fault);
    if (result != RESULT_OK) {
        return result;
    }
    result = transcript_line_parse(lines_text(&r->jsonl), lines_chars(&r->jsonl), &e->line, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (e->line.n != r->sums.frames + 1) {
        return fault_set(fault, RESULT_CORRUPT, "it is numbered %llu", (unsigned long long)e->line.n);
    }
    if (e->line.t_ms < r->sums.last_t_ms) {
        return fault_set(fault, RESULT_CORRUPT, "its time goes backwards");
    }
    if (e->line.has_cast && (result = read_cast(r, e, fault)) != RESULT_OK) {
        return result;
    }
    if ((result = fill(r, e, fault)) != RESULT_OK) {
        return result;
    }
    transcript_sums_add(&r->sums, &e->line, e->line.dir == TRANSCRIPT_GATE ? NULL : e->leaf, &r->jsonl.line,
                        e->line.has_cast ? &r->cast.line : NULL);
    return RESULT_OK;
}

enum result transcript_reader_next(struct transcript_reader *r, struct transcript_entry *out, struct fault *fault) {
    *out = (struct transcript_entry){0};
    enum result result = read_frame(r, out, fault);
    if (result == RESULT_CORRUPT) {
        fault_prefix(fault, "frame %llu", (unsigned long long)r->sums.frames + 1);
    }
    if (result != RESULT_NOT_FOUND) {
        return result;
    }
    result = lines_next(&r->cast, fault);
    if (result == RESULT_OK) {
        return fault_set(fault, RESULT_CORRUPT, ".cast line %llu belongs to no frame",
                         (unsigned long long)r->cast.number);
    }
    return result;
}
