/* The lines of a recorded session: printing, parsing, and the sums that run over them. No file is touched here:
 * record.c writes, transcript_reader.c reads.
 *
 * A parser here accepts exactly what the printer beside it writes: it takes a line apart, prints what it understood,
 * and compares. So there is one spelling of every frame, and a changed byte shows as itself, not first as a broken hash
 * somewhere later. A control frame's JSON is kept as it came, last in its line, and `len` says where it ends; the
 * alternative, a string with every quote escaped, was left because people read these files. */
#include "sessions/transcript.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/json.h"
#include "fieldline/json_pull.h"
#include "fieldline/number.h"

static const char *const dir_names[] = {[TRANSCRIPT_UP] = "up", [TRANSCRIPT_DOWN] = "down", [TRANSCRIPT_GATE] = "gate"};
static const char data_mark[] = ",\"data\":", escrow_mark[] = ",\"escrow\":\"";

/* ---- printing ---------------------------------------------------------------------------------------------------- */

void transcript_head_print(const struct transcript_head *head, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "transcript", TRANSCRIPT_FORMAT);
    jo_str(&j, "session", head->session);
    jo_str(&j, "device", head->device);
    jo_int(&j, "ticket", head->ticket);
    jo_str(&j, "engineer", head->engineer);
    jo_str(&j, "subject", head->subject);
    capabilities_write(&j, "capabilities", head->capabilities);
    jo_int(&j, "started_ms", head->started_ms);
    jo_end(&j);
    buf_add_u8(out, '\n');
}

size_t transcript_data_chars(const struct transcript_line *line) {
    size_t bytes = line->frame_bytes;
    return line->channel == CHANNEL_STREAM ? 2 + bytes / 3 * 4 + (bytes % 3 == 0 ? 0 : bytes % 3 + 1) : bytes;
}

void transcript_line_print(const struct transcript_line *line, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_int(&j, "n", (int64_t)line->n);
    jo_str(&j, "dir", dir_names[line->dir]);
    jo_int(&j, "t_ms", line->t_ms);
    jo_int(&j, "ch", line->channel);
    jo_str(&j, "by", line->by);
    if (line->has_cast) {
        jo_int(&j, "cast", (int64_t)line->cast);
    }
    jo_int(&j, "len", (int64_t)line->frame_bytes);
    if (line->has_leaf) {
        char hex[SHA256_HEX_BYTES];
        hex_encode(line->leaf, SHA256_BYTES, hex);
        jo_str(&j, "leaf", hex);
    }
    if (line->escrow != NULL) {
        jo_strn(&j, "escrow", line->escrow, line->escrow_chars);
    }
    if (line->has_data) {
        jo_raw(&j, "data", line->data, transcript_data_chars(line));
    }
    jo_end(&j);
    buf_add_u8(out, '\n');
}

void transcript_cast_print(const struct transcript_cast *cast, struct buf *out) {
    buf_printf(out, "[%lld.%03d,\"%c\",", (long long)(cast->t_ms / 1000), (int)(cast->t_ms % 1000), cast->kind);
    json_quote(out, cast->text, cast->count);
    buf_str(out, "]\n");
}

void transcript_cast_head_print(const struct transcript_head *head, int columns, int rows, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_int(&j, "version", 2);
    jo_int(&j, "width", columns);
    jo_int(&j, "height", rows);
    jo_int(&j, "timestamp", head->started_ms / 1000);
    jo_str(&j, "title", head->subject);
    jo_object(&j, "env");
    jo_str(&j, "TERM", "xterm-256color");
    jo_str(&j, "SHELL", "/bin/sh");
    jo_end(&j);
    jo_end(&j);
    buf_add_u8(out, '\n');
}

/* ---- parsing ----------------------------------------------------------------------------------------------------- */

/* Is `printed` this line and its newline? Frees it. */
static enum result must_equal(struct buf *printed, const char *line, size_t chars, struct fault *fault) {
    bool same = !printed->overflow && printed->count == chars + 1 && memcmp(printed->data, line, chars) == 0;
    buf_fini(printed);
    return same ? RESULT_OK : fault_set(fault, RESULT_CORRUPT, "the line is not spelled as it was written");
}

static enum result head_of_json(const struct json *object, struct transcript_head *out, struct fault *fault) {
    char format[sizeof TRANSCRIPT_FORMAT];
    enum result result;
    if ((result = json_copy(object, "transcript", format, sizeof format, fault)) != RESULT_OK ||
        (result = json_copy(object, "session", out->session, sizeof out->session, fault)) != RESULT_OK ||
        (result = json_copy(object, "device", out->device, sizeof out->device, fault)) != RESULT_OK ||
        (result = json_integer(object, "ticket", 0, INT64_MAX / 2, &out->ticket, fault)) != RESULT_OK ||
        (result = json_copy(object, "engineer", out->engineer, sizeof out->engineer, fault)) != RESULT_OK ||
        (result = json_copy(object, "subject", out->subject, sizeof out->subject, fault)) != RESULT_OK ||
        (result = capabilities_read(object, "capabilities", &out->capabilities, fault)) != RESULT_OK ||
        (result = json_integer(object, "started_ms", 0, INT64_MAX / 2, &out->started_ms, fault)) != RESULT_OK) {
        return result;
    }
    if (strcmp(format, TRANSCRIPT_FORMAT) != 0 || !uuid_valid(out->session)) {
        return fault_set(fault, RESULT_CORRUPT, "this is no " TRANSCRIPT_FORMAT);
    }
    return RESULT_OK;
}

enum result transcript_head_parse(const char *line, size_t chars, struct transcript_head *out, struct fault *fault) {
    struct transcript_head head = {0};
    struct json *object = NULL;
    struct buf printed;
    enum result result = json_parse(line, chars, &object, fault);
    if (result == RESULT_OK) {
        result = head_of_json(object, &head, fault);
    }
    json_free(object);
    if (result != RESULT_OK) {
        return RESULT_CORRUPT;
    }
    buf_init(&printed, TRANSCRIPT_LINE_BYTES);
    transcript_head_print(&head, &printed);
    result = must_equal(&printed, line, chars, fault);
    if (result == RESULT_OK) {
        *out = head;
    }
    return result;
}

static bool dir_parse(const char *name, enum transcript_dir *out) {
    for (size_t i = 0; i < sizeof dir_names / sizeof *dir_names; i++) {
        if (strcmp(name, dir_names[i]) == 0) {
            *out = (enum transcript_dir)i;
            return true;
        }
    }
    return false;
}

/* Which members a frame of each channel has. */
static bool is_sound(const struct transcript_line *line) {
    switch (line->channel) {
    case CHANNEL_CONTROL: return line->has_data && !line->has_leaf && line->escrow == NULL;
    case CHANNEL_TERMINAL:
        return line->dir != TRANSCRIPT_GATE && line->has_cast && !line->has_data && !line->has_leaf &&
               line->escrow == NULL;
    case CHANNEL_TERMINAL_SECRET:
        return line->dir == TRANSCRIPT_DOWN && line->has_leaf && !line->has_data && !line->has_cast &&
               line->frame_bytes >= SECRET_SALT_BYTES;
    case CHANNEL_STREAM:
        return line->dir != TRANSCRIPT_GATE && line->has_leaf != line->has_data && !line->has_cast &&
               line->escrow == NULL && line->frame_bytes > STREAM_HEAD_BYTES;
    default: return false;
    }
}

static enum result line_of_json(const struct json *object, struct transcript_line *out, struct fault *fault) {
    char dir[8], leaf[SHA256_HEX_BYTES];
    int64_t n, channel, count, cast;
    enum result result;
    if ((result = json_integer(object, "n", 1, INT64_MAX / 2, &n, fault)) != RESULT_OK ||
        (result = json_copy(object, "dir", dir, sizeof dir, fault)) != RESULT_OK ||
        (result = json_integer(object, "t_ms", 0, INT64_MAX / 2, &out->t_ms, fault)) != RESULT_OK ||
        (result = json_integer(object, "ch", 0, UINT8_MAX, &channel, fault)) != RESULT_OK ||
        (result = json_copy(object, "by", out->by, sizeof out->by, fault)) != RESULT_OK ||
        (result = json_integer(object, "len", 0, CAP_FRAME_BYTES, &count, fault)) != RESULT_OK) {
        return result;
    }
    if (!dir_parse(dir, &out->dir)) {
        return fault_set(fault, RESULT_CORRUPT, "'dir' is '%s', expected up, down or gate", dir);
    }
    out->n = (uint64_t)n;
    out->channel = (uint8_t)channel;
    out->frame_bytes = (size_t)count;
    if (json_get(object, "cast") != NULL) {
        if ((result = json_integer(object, "cast", 1, INT64_MAX / 2, &cast, fault)) != RESULT_OK) {
            return result;
        }
        out->has_cast = true;
        out->cast = (uint64_t)cast;
    }
    if (json_get(object, "leaf") != NULL) {
        if ((result = json_copy(object, "leaf", leaf, sizeof leaf, fault)) != RESULT_OK) {
            return result;
        }
        if (!hex_decode(leaf, strlen(leaf), out->leaf, SHA256_BYTES)) {
            return fault_set(fault, RESULT_CORRUPT, "'leaf' is no SHA-256 in hex");
        }
        out->has_leaf = true;
    }
    return RESULT_OK;
}

/* The members before `data`, which is not parsed here, as an object of their own. */
static enum result parse_members(const char *line, size_t chars, struct transcript_line *out, struct fault *fault) {
    struct json *object = NULL;
    struct buf members;
    buf_init(&members, TRANSCRIPT_LINE_BYTES);
    buf_add(&members, line, chars);
    if (out->has_data) {
        buf_add_u8(&members, '}');
    }
    enum result result = RESULT_CORRUPT;
    if (members.overflow) {
        (void)fault_set(fault, RESULT_CORRUPT, "the line is too long");
    } else if ((result = json_parse(buf_text(&members), members.count, &object, fault)) == RESULT_OK) {
        result = line_of_json(object, out, fault);
    }
    json_free(object);
    buf_fini(&members);
    return result == RESULT_OK ? RESULT_OK : RESULT_CORRUPT;
}

enum result transcript_line_parse(const char *line, size_t chars, struct transcript_line *out, struct fault *fault) {
    struct transcript_line parsed = {0};
    struct buf printed;
    size_t data_count = 0, members = chars;
    const char *mark = memmem(line, chars, data_mark, sizeof data_mark - 1);
    if (mark != NULL) {
        members = (size_t)(mark - line);
        parsed.has_data = true;
        parsed.data = mark + sizeof data_mark - 1;
        data_count = chars - members - (sizeof data_mark - 1);
        if (data_count == 0) {
            return fault_set(fault, RESULT_CORRUPT, "the line is cut short");
        }
        data_count--; /* the closing brace */
    }
    /* A quote inside a member's value is escaped, so this can only be the member. */
    const char *escrow = memmem(line, members, escrow_mark, sizeof escrow_mark - 1);
    if (escrow != NULL) {
        parsed.escrow = escrow + sizeof escrow_mark - 1;
        const char *end = memchr(parsed.escrow, '"', (size_t)(line + members - parsed.escrow));
        parsed.escrow_chars = end != NULL ? (size_t)(end - parsed.escrow) : 0;
    }
    enum result result = parse_members(line, members, &parsed, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (parsed.has_data && transcript_data_chars(&parsed) != data_count) {
        return fault_set(fault, RESULT_CORRUPT, "'len' is %zu, but the data has %zu characters", parsed.frame_bytes,
                         data_count);
    }
    if (!is_sound(&parsed)) {
        return fault_set(fault, RESULT_CORRUPT, "a frame of channel %u is not recorded like this", parsed.channel);
    }
    buf_init(&printed, TRANSCRIPT_LINE_BYTES);
    transcript_line_print(&parsed, &printed);
    result = must_equal(&printed, line, chars, fault);
    if (result == RESULT_OK) {
        *out = parsed;
    }
    return result;
}

static bool expect(struct json_pull *p, enum json_token token) {
    return json_pull_next(p) == token;
}

/* [seconds,"kind","text"] by the pull parser, because a terminal's text may hold NUL. */
static bool cast_tokens(const char *line, size_t chars, struct transcript_cast *out, char *text, size_t room) {
    struct json_pull p;
    double seconds;
    json_pull_init(&p, line, chars);
    if (!expect(&p, JSON_ARRAY) || !expect(&p, JSON_NUMBER) || !number_double(p.text, p.text_count, &seconds) ||
        !(seconds >= 0 && seconds < 1e9)) {
        return false;
    }
    out->t_ms = (int64_t)(seconds * 1000 + 0.5);
    if (!expect(&p, JSON_STRING) || p.text_count != 1 || strchr("oir", p.text[0]) == NULL) {
        return false;
    }
    out->kind = p.text[0];
    return expect(&p, JSON_STRING) && json_pull_unescape(&p, text, room, &out->count) && expect(&p, JSON_ARRAY_END) &&
           expect(&p, JSON_END);
}

enum result transcript_cast_parse(const char *line, size_t chars, struct transcript_cast *out, struct buf *text,
                                  struct fault *fault) {
    struct transcript_cast cast = {0};
    struct buf printed;
    char *plain = mem_alloc(CAP_FRAME_BYTES + 1);
    bool is_read = cast_tokens(line, chars, &cast, plain, CAP_FRAME_BYTES + 1);
    buf_reset(text);
    buf_add(text, plain, is_read ? cast.count : 0);
    free(plain);
    if (!is_read || text->overflow) {
        return fault_set(fault, RESULT_CORRUPT, "a cast line must be [seconds,\"o\"|\"i\"|\"r\",text]");
    }
    cast.text = buf_text(text);
    buf_init(&printed, TRANSCRIPT_LINE_BYTES);
    transcript_cast_print(&cast, &printed);
    enum result result = must_equal(&printed, line, chars, fault);
    if (result == RESULT_OK) {
        *out = cast;
    }
    return result;
}

enum result transcript_cast_head_parse(const char *line, size_t chars, struct fault *fault) {
    struct json *head = NULL;
    int64_t number;
    enum result result = json_parse(line, chars, &head, fault);
    if (result == RESULT_OK && !json_is_object(head)) {
        result = fault_set(fault, RESULT_CORRUPT, "the cast's first line must be an object");
    }
    if (result == RESULT_OK) {
        result = json_integer(head, "version", 2, 2, &number, fault);
    }
    json_free(head);
    return result == RESULT_OK ? RESULT_OK : RESULT_CORRUPT;
}

enum result transcript_base(const char *path, char out[TRANSCRIPT_PATH_BYTES], struct fault *fault) {
    static const char *const endings[] = {".cast", ".jsonl", ".seal", ""};
    size_t chars = strlen(path);
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
        size_t ending = strlen(endings[i]);
        if (chars < ending + CAP_UUID_BYTES || chars + sizeof ".jsonl" >= TRANSCRIPT_PATH_BYTES ||
            strcmp(path + chars - ending, endings[i]) != 0) {
            continue;
        }
        memcpy(out, path, chars - ending);
        out[chars - ending] = '\0';
        if (uuid_valid(out + chars - ending - CAP_UUID_BYTES)) {
            return RESULT_OK;
        }
    }
    return fault_set(fault, RESULT_BAD_INPUT, "%s: expected <session id>.cast, .jsonl or .seal", path);
}
