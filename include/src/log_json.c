/* The text form is what callers write (one printf), so the JSON form is made from it: key=value pairs become members,
 * other words are collected in "text". Every value is a string: a key that is a number in one line and a word in the
 * next breaks the indexes of those who collect logs. A key of ours that is taken already gets an underscore.
 *
 * On the stack and without allocation, because it has to work when there is no memory; a line that does not fit loses
 * its last members. */
#include "src/log_json.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/bytes.h"
#include "fieldline/log.h"

enum { TAIL_BYTES = sizeof ",\"cut\":\"yes\"}", WORDS_BYTES = 1024 };

struct writer {
    char *out;
    size_t count, room; /* room: without the tail */
    bool is_cut;
};

static void put(struct writer *w, const char *bytes, size_t count) {
    if (w->is_cut || w->count + count > w->room) {
        w->is_cut = true;
        return;
    }
    memcpy(w->out + w->count, bytes, count);
    w->count += count;
}

/* One character, which may be several bytes long; returns how many were used. What is not UTF-8 becomes U+FFFD. */
static size_t put_char(struct writer *w, const char *at, size_t left) {
    const unsigned char c = (unsigned char)*at;
    char escape[8];
    if (c == '"' || c == '\\') {
        put(w, (char[]){'\\', (char)c}, 2);
    } else if (c < 0x20 || c == 0x7f) {
        put(w, escape, (size_t)snprintf(escape, sizeof escape, "\\u%04x", c));
    } else if (c < 0x80) {
        put(w, at, 1);
    } else {
        const size_t length = c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
        if (length <= left && utf8_valid(at, length)) {
            put(w, at, length);
            return length;
        }
        put(w, "\xef\xbf\xbd", 3);
    }
    return 1;
}

static void put_string(struct writer *w, const char *text, size_t count) {
    put(w, "\"", 1);
    for (size_t at = 0; at < count && !w->is_cut;)
        at += put_char(w, text + at, count - at);
    put(w, "\"", 1);
}

/* All of it or nothing: what was begun and does not fit is taken back. */
static void put_member(struct writer *w, const char *key, size_t key_count, bool is_marked, const char *value,
                       size_t count) {
    const size_t before = w->count;
    put(w, before > 1 ? ",\"" : "\"", before > 1 ? 2 : 1);
    put(w, key, key_count);
    put(w, "_", is_marked ? 1 : 0);
    put(w, "\":", 2);
    put_string(w, value, count);
    if (w->is_cut)
        w->count = before;
}

static void put_ours(struct writer *w, const char *key, const char *value) {
    put_member(w, key, strlen(key), false, value, strlen(value));
}

static bool is_taken(const char *key, size_t count) {
    static const char *const ours[] = {"time", "level", "area", "id", "text", "cut"};
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (strlen(ours[i]) == count && memcmp(ours[i], key, count) == 0)
            return true;
    return false;
}

/* ---- reading the message */

static size_t key_length(const char *at) {
    size_t count = 0;
    while ((at[count] >= 'a' && at[count] <= 'z') || (count > 0 && (at[count] == '_' || at[count] == '.')) ||
           (count > 0 && at[count] >= '0' && at[count] <= '9'))
        count++;
    return count > 0 && at[count] == '=' ? count : 0;
}

static int hex_digit(char c) {
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character after a backslash, as log_text wrote it; moves *at behind it. */
static char unescape(const char **at) {
    const char c = *(*at)++;
    if (c == 'x' && hex_digit((*at)[0]) >= 0 && hex_digit((*at)[1]) >= 0) {
        const int value = hex_digit((*at)[0]) * 16 + hex_digit((*at)[1]);
        *at += 2;
        return (char)value;
    }
    return c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
}

/* Copies the value at *at, quoted or not, and moves behind it. One that is cut off ends where the message does. */
static size_t take_value(const char **at, char *out, size_t room) {
    size_t count = 0;
    const bool is_quoted = **at == '"';
    *at += is_quoted;
    while (**at && (is_quoted ? **at != '"' : **at != ' ')) {
        char c = *(*at)++;
        if (is_quoted && c == '\\' && **at)
            c = unescape(at);
        if (count < room)
            out[count++] = c;
    }
    *at += is_quoted && **at == '"';
    return count;
}

static void put_message(struct writer *w, const char *at) {
    char value[LOG_LINE_BYTES], words[WORDS_BYTES];
    size_t word_count = 0;
    while (*at) {
        const size_t key_count = key_length(at);
        if (*at == ' ') {
            at++;
        } else if (key_count > 0) {
            const char *key = at;
            at += key_count + 1;
            const size_t count = take_value(&at, value, sizeof value);
            put_member(w, key, key_count, is_taken(key, key_count), value, count);
        } else {
            const size_t count = strcspn(at, " ");
            const size_t gap = word_count > 0 ? 1 : 0;
            if (word_count + gap + count <= sizeof words) {
                memcpy(words + word_count, " ", gap);
                memcpy(words + word_count + gap, at, count);
                word_count += gap + count;
            }
            at += count;
        }
    }
    if (word_count > 0)
        put_member(w, "text", 4, false, words, word_count);
}

size_t log_json_print(const struct log_parts *parts, char *out, size_t room) {
    struct writer w = {.out = out, .room = room - TAIL_BYTES};
    put(&w, "{", 1);
    put_ours(&w, "time", parts->time);
    put_ours(&w, "level", parts->level);
    put_ours(&w, "area", parts->area);
    put_ours(&w, "id", parts->id);
    put_message(&w, parts->message);
    const char *tail = w.is_cut ? ",\"cut\":\"yes\"}" : "}";
    memcpy(out + w.count, tail, strlen(tail));
    return w.count + strlen(tail);
}
