/* The running hash over one direction of a session, and the statement that the product signs.
 *
 * A chain, not a tree: frames come in one order, nobody needs a proof for one frame alone, and 40 bytes of state are
 * all a small product keeps. Each frame enters through its own hash (leaf), so that a transcript may hold a secret
 * frame's leaf instead of its bytes and still verify. The session's id and the direction are in head 0: chains cannot
 * be swapped. */
#include "fieldline/session.h"

#include <string.h>

#include "fieldline/number.h"
#include "src/hash.h"

void chain_begin(struct chain *c, enum direction dir, const char *session) {
    struct buf seed;
    buf_init(&seed, 1024);
    buf_printf(&seed, SESSION_PROTOCOL "/%s/%s", dir == DIRECTION_UP ? "up" : "down", session);
    *c = (struct chain){0};
    sha256(buf_text(&seed), seed.count, c->head);
    buf_fini(&seed);
}

void chain_leaf(const struct frame *frame, uint8_t out[SHA256_BYTES]) {
    sha256_pair(&frame->channel, 1, frame->bytes, frame->count, out);
}

void chain_add_leaf(struct chain *c, const uint8_t leaf[SHA256_BYTES]) {
    uint8_t head[SHA256_BYTES];
    sha256_pair(c->head, sizeof c->head, leaf, SHA256_BYTES, head);
    memcpy(c->head, head, sizeof head);
    c->count++;
}

void chain_add(struct chain *c, const struct frame *frame) {
    uint8_t leaf[SHA256_BYTES];
    chain_leaf(frame, leaf);
    chain_add_leaf(c, leaf);
}

static void statement_line(const char *dir, const struct chain *c, struct buf *out) {
    char hex[SHA256_HEX_BYTES];
    hex_encode(c->head, sizeof c->head, hex);
    buf_printf(out, "%s %llu %s\n", dir, (unsigned long long)c->count, hex);
}

void chain_statement(const char *session, const struct chain *up, const struct chain *down, struct buf *out) {
    buf_printf(out, "%s\n%s\n", SESSION_PROTOCOL, session);
    statement_line("up", up, out);
    statement_line("down", down, out);
}

static bool expect(struct cursor *c, const char *text) {
    const uint8_t *bytes;
    size_t count = strlen(text);
    return cursor_take(c, count, &bytes) && memcmp(bytes, text, count) == 0;
}

static bool read_line(struct cursor *c, const char *dir, struct chain *out) {
    if (!expect(c, dir) || !expect(c, " "))
        return false;
    const uint8_t *space = c->left > 0 ? memchr(c->at, ' ', c->left) : NULL;
    if (!space)
        return false;
    const uint8_t *digits, *hex;
    size_t chars = (size_t)(space - c->at);
    int64_t count;
    if (!cursor_take(c, chars, &digits) || !number_i64((const char *)digits, chars, 0, INT64_MAX, &count))
        return false;
    if (digits[0] == '-' || (digits[0] == '0' && chars > 1)) /* one number, one text */
        return false;
    if (!expect(c, " ") || !cursor_take(c, SHA256_HEX_BYTES - 1, &hex) || !expect(c, "\n"))
        return false;
    out->count = (uint64_t)count;
    return hex_decode((const char *)hex, SHA256_HEX_BYTES - 1, out->head, sizeof out->head);
}

enum result chain_statement_parse(const char *text, size_t chars, const char *session, struct chain *up,
                                  struct chain *down) {
    struct cursor c = cursor_of(text, chars);
    struct chain read_up, read_down;
    if (!expect(&c, SESSION_PROTOCOL "\n") || !expect(&c, session) || !expect(&c, "\n") ||
        !read_line(&c, "up", &read_up) || !read_line(&c, "down", &read_down) || c.left > 0)
        return RESULT_BAD_INPUT;
    *up = read_up;
    *down = read_down;
    return RESULT_OK;
}
