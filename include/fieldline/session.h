/* Remote sessions, as both ends and the engineer's console speak them: WebSocket subprotocol "fieldline.session.1".
 *
 * Two legs: product <-> gateway (the product's session process dials out to wss://GATEWAY/session/v1 with its device
 * certificate and `Authorization: Bearer <one-time token>`), and engineer <-> gateway (/api/v1/sessions/ID/ws).
 * A text message is one JSON-RPC 2.0 object (channel 0). A binary message is one channel byte and its bytes.
 * "down" goes to the product, "up" comes from it.
 *
 *   channel               dir   bytes
 *   0x00 control          both  (text messages; the byte does not appear on the wire, only in the chain)
 *   0x01 terminal         both  UTF-8 text (NUL may be in it), never cut inside a character; invalid bytes of a program
 *                               become U+FFFD at the product, so that the asciicast line and the frame hold the same
 * text 0x02 terminal secret  down  16 random bytes, then input typed while ECHO is off. The salt makes the frame's hash
 *                               impossible to guess; the transcript keeps the hash alone
 *   0xff credit           both  channel byte, u32 big endian: the sender of this may be sent so many bytes more on that
 *                               channel. Belongs to one leg; not in the chain, not in the transcript. Only the terminal
 *                               has credit (0x01, which counts for 0x02 without its salt): none at terminal.open, void
 * at terminal.closed. A person's leg may do without; then the queue of its socket counts
 *
 * Control methods, gateway -> product (the gateway adds "by": the user's name, so the product countersigns who asked):
 *   terminal.open {cols,rows,term?}  terminal.resize {cols,rows}  terminal.close {}
 *   diagnose.run {name,args?}        -> {exit,output,truncated,took_ms}
 *   observe.start {}  observe.stop {}
 *   session.end {reason}
 * product -> gateway:
 *   session.hello {session,agent,capabilities,consent:{method,by,at_ms,until_ms},deadline_s}   the first frame
 *   terminal.closed {exit,signal}    terminal.echo {on}
 *   observe.sample {t,values:{"metric/part":v}}   observe.log {t,sev,app,msg}
 *   session.ended {reason,children_left}          the last frame of the up chain
 *   session.countersign {text,signature}          not in the chain; text is chain_statement(), signature is base64url
 * gateway -> engineer only (recorded, not in the product's chains):
 *   session.state {state,reason,capabilities,seconds_left}     session.error {code,text} */
#pragma once
#include <stdint.h>

#include "fieldline/bytes.h"
#include "fieldline/caps.h"

#define SESSION_PROTOCOL "fieldline.session.1"
#define SESSION_PATH     "/session/v1"

/* The ladder. Each rung is granted, consented and recorded by itself. */
enum capability {
    CAPABILITY_OBSERVE,
    CAPABILITY_DIAGNOSE,
    CAPABILITY_CONFIGURE,
    CAPABILITY_FILES,
    CAPABILITY_FORWARD,
    CAPABILITY_UPDATE,
    CAPABILITY_SHELL,
    CAPABILITY_COUNT
};
#define CAPABILITY_BIT(c) (1u << (c))
const char *capability_name(enum capability c); /* "observe", ... */
FL_CHECK bool capability_parse(const char *text, enum capability *out);
/* "observe,shell" <-> bits; parse refuses unknown names and says which. */
FL_CHECK enum result capabilities_parse(const char *text, uint32_t *out, struct fault *fault);
void capabilities_print(uint32_t bits, struct buf *out);
/* The same as a JSON array of names, a member of an object. read refuses unknown names; an empty array is no bits. */
struct json;
struct json_out;
FL_CHECK enum result capabilities_read(const struct json *object, const char *key, uint32_t *out, struct fault *fault);
void capabilities_write(struct json_out *out, const char *key, uint32_t bits);

enum channel { CHANNEL_CONTROL = 0x00, CHANNEL_TERMINAL = 0x01, CHANNEL_TERMINAL_SECRET = 0x02, CHANNEL_CREDIT = 0xff };
enum { SECRET_SALT_BYTES = 16 };
enum direction { DIRECTION_UP, DIRECTION_DOWN };

/* One WebSocket message. `bytes` points into the caller's buffer. */
struct frame {
    uint8_t channel;
    const uint8_t *bytes;
    size_t count;
};
/* Checks a received message: known channel, allowed in this direction, size within CAP_FRAME_BYTES, UTF-8 where the
 * channel is text, a whole salt, a whole credit. */
FL_CHECK enum result frame_decode(bool is_text, enum direction dir, const uint8_t *message, size_t bytes,
                                  struct frame *out, struct fault *fault);
void frame_encode(uint8_t channel, const void *bytes, size_t count, struct buf *out); /* binary messages */
FL_CHECK enum result credit_decode(const struct frame *frame, uint8_t *channel, uint32_t *bytes);
void credit_encode(uint8_t channel, uint32_t bytes, struct buf *out);

/* The running hash over the frames of one direction: both ends keep one for each and must agree.
 *   leaf = SHA-256(channel || bytes)      head' = SHA-256(head || leaf)      head 0 = SHA-256("fieldline.session.1/"
 * dir "/" session) with dir "up" or "down". */
struct chain {
    uint8_t head[SHA256_BYTES];
    uint64_t count;
};
void chain_begin(struct chain *c, enum direction dir, const char *session);
void chain_leaf(const struct frame *frame, uint8_t out[SHA256_BYTES]);
void chain_add_leaf(struct chain *c, const uint8_t leaf[SHA256_BYTES]);
void chain_add(struct chain *c, const struct frame *frame);
/* What the product signs with its device key at the end: four lines
 *   fieldline.session.1\n<session>\nup <count> <hex>\ndown <count> <hex>\n */
void chain_statement(const char *session, const struct chain *up, const struct chain *down, struct buf *out);
FL_CHECK enum result chain_statement_parse(const char *text, size_t chars, const char *session, struct chain *up,
                                           struct chain *down);
