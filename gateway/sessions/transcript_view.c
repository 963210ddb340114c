/* Masked views. A terminal's text comes in pieces, so what was shown and what was typed are each put together, masked
 * as a whole, and cut into the same pieces again; masking keeps every length. The strings in control frames are masked
 * one by one. Any thread; holds the file's text in memory, up to what `out` may hold. */
#include "sessions/transcript_view.h"

#include <stdlib.h>
#include <string.h>

static enum result load(const struct vault *vault, const char *base, const char *ending, struct buf *text,
                        struct fault *fault) {
    struct vault_stream *stream = NULL;
    const uint8_t *piece;
    size_t count;
    enum result result = vault_stream_open(vault, base, ending, &stream, fault);
    while (result == RESULT_OK && (result = vault_stream_next(stream, &piece, &count, fault)) == RESULT_OK) {
        buf_add(text, piece, count);
        if (text->overflow) {
            result =
                fault_set(fault, RESULT_TOO_BIG,
                          "the recording has more than %zu bytes: use 'fieldline-gateway transcript show'", text->cap);
        }
    }
    if (stream != NULL && (result == RESULT_NOT_FOUND || (result == RESULT_CORRUPT && vault_stream_is_torn(stream)))) {
        result = RESULT_OK;
    }
    vault_stream_close(stream);
    return result;
}

/* The next whole line, without its newline. */
static bool next_line(const struct buf *text, size_t *at, const char **line, size_t *chars) {
    const char *from = (const char *)text->data + *at;
    const char *end = *at < text->count ? memchr(from, '\n', text->count - *at) : NULL;
    if (end == NULL) {
        return false;
    }
    *line = from;
    *chars = (size_t)(end - from);
    *at += *chars + 1;
    return true;
}

struct typed_and_shown {
    struct buf shown, typed; /* all texts of 'o', of 'i' */
    size_t shown_at, typed_at;
};

static struct buf *side(struct typed_and_shown *t, char kind) {
    return kind == 'o' ? &t->shown : kind == 'i' ? &t->typed : NULL;
}

/* The first line is the header. */
static enum result gather(const struct buf *text, struct typed_and_shown *t, struct buf *plain, struct fault *fault) {
    struct transcript_cast cast;
    const char *line;
    size_t at = 0, chars;
    bool is_head = true;
    while (next_line(text, &at, &line, &chars)) {
        if (!is_head) {
            enum result result = transcript_cast_parse(line, chars, &cast, plain, fault);
            if (result != RESULT_OK) {
                return result;
            }
            if (side(t, cast.kind) != NULL) {
                buf_add(side(t, cast.kind), cast.text, cast.count);
            }
        }
        is_head = false;
    }
    return RESULT_OK;
}

static void print_cast(const struct buf *text, struct typed_and_shown *t, struct buf *plain, struct buf *out) {
    struct transcript_cast cast;
    const char *line;
    size_t at = 0, chars;
    bool is_head = true;
    while (next_line(text, &at, &line, &chars)) {
        struct buf *masked = NULL;
        if (!is_head && transcript_cast_parse(line, chars, &cast, plain, NULL) == RESULT_OK) {
            masked = side(t, cast.kind);
        }
        if (masked == NULL) {
            buf_add(out, line, chars + 1);
        } else {
            size_t *from = cast.kind == 'o' ? &t->shown_at : &t->typed_at;
            cast.text = (const char *)masked->data + *from;
            *from += cast.count;
            transcript_cast_print(&cast, out);
        }
        is_head = false;
    }
}

static enum result view_cast(const struct mask *mask, const struct buf *text, struct buf *out, size_t *covered,
                             struct fault *fault) {
    struct typed_and_shown t = {0};
    struct buf plain;
    buf_init(&t.shown, text->count + 1);
    buf_init(&t.typed, text->count + 1);
    buf_init(&plain, CAP_FRAME_BYTES + 1);
    enum result result = gather(text, &t, &plain, fault);
    if (result == RESULT_OK) {
        *covered = mask_apply(mask, (char *)t.shown.data, t.shown.count);
        *covered += mask_apply(mask, (char *)t.typed.data, t.typed.count);
        print_cast(text, &t, &plain, out);
    }
    buf_wipe(&t.shown);
    buf_wipe(&t.typed);
    buf_wipe(&plain);
    return result;
}

static void view_line(const struct mask *mask, const char *line, size_t chars, struct buf *data, struct buf *out,
                      size_t *covered) {
    struct transcript_line parsed;
    size_t found = 0;
    buf_reset(data);
    if (transcript_line_parse(line, chars, &parsed, NULL) == RESULT_OK && parsed.channel == CHANNEL_CONTROL) {
        found = mask_json(mask, parsed.data, parsed.frame_bytes, data);
    }
    if (found == 0) {
        buf_add(out, line, chars + 1);
        return;
    }
    parsed.data = buf_text(data);
    parsed.frame_bytes = data->count;
    transcript_line_print(&parsed, out);
    *covered += found;
}

enum result transcript_view(const struct vault *vault, const struct mask *mask, const char *base, const char *ending,
                            struct buf *out, size_t *covered, struct fault *fault) {
    struct buf text, data;
    const char *line;
    size_t at = 0, chars;
    *covered = 0;
    buf_init(&text, out->cap);
    buf_init(&data, TRANSCRIPT_LINE_BYTES);
    enum result result = load(vault, base, ending, &text, fault);
    if (result == RESULT_OK && strcmp(ending, ".cast") == 0) {
        result = view_cast(mask, &text, out, covered, fault);
    } else if (result == RESULT_OK) {
        while (next_line(&text, &at, &line, &chars)) {
            view_line(mask, line, chars, &data, out, covered);
        }
    }
    if (result == RESULT_OK && out->overflow) {
        result = fault_set(fault, RESULT_TOO_BIG, "the recording has more than %zu bytes", out->cap);
    }
    buf_wipe(&text);
    buf_wipe(&data);
    return result;
}
