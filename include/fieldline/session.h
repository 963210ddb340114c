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
 *                               become U+FFFD at the product, so the asciicast line and the frame hold the same text
 *   0x02 terminal secret  down  16 random bytes, then input typed while ECHO is off. The salt makes the frame's hash
 *                               impossible to guess; the transcript keeps the hash alone
 *   0x03 stream           both  u16 big endian: number of the stream, then 1 to CAP_STREAM_BYTES bytes of it
 *   0xfe acknowledgement  both  product's leg only. u64 big endian: so many frames of your chain have I. In no chain
 *   0xff credit           both  channel byte, u32 big endian: the sender of this may be sent so many bytes more on that
 *                               channel; for 0x03: channel byte, u16 stream, u32. Belongs to one leg; not in the chain,
 *                               not in the transcript. The terminal (0x01, which counts for 0x02 without its salt) and
 *                               each stream have credit: none at the opening, void at the close. The terminal of a
 *                               person's leg may do without; then the queue of its socket counts
 *
 * A stream is opened by the engineer's side, which numbers it (1, 2, 3, ... never used twice in a session; a tool's leg
 * from STREAM_OF_TOOLS on), with one of the calls marked (s) below; its use is that call's. It is over with
 * stream.closed, the product's last word on it.
 *
 * Control methods, gateway -> product (the gateway adds "by": the user's name, so the product countersigns who asked):
 *   terminal.open {cols,rows,term?}  terminal.resize {cols,rows}  terminal.close {}
 *   terminal.typist {}                            from here on, terminal input is this person's ("by")
 *   diagnose.list {} -> {diagnostics:[{name,title,in_bundle,args:[{name,type,least?,most?,choices?,initial?}]}]}
 *   diagnose.run {name,args?,run?}   -> {exit,truncated,timed_out,cancelled,took_ms}  run: a number to cancel it by
 *   diagnose.cancel {run}            -> {}
 *   diagnose.bundle {stream} (s)     -> {name,size,sha256,results:[{name,exit,..}]}   all that belong to it, a .tar.gz
 *   observe.start {interval_ms?,metrics?,log?:{severity?,app?,contains?,last?}} -> {interval_ms}
 *       a second one changes it; metrics: beginnings of names; last: log lines from before
 *   observe.stop {}
 *   configure.list {} -> {parameters:[{name,value|fault,type,unit,writable,min,..}],rules:["a > b"],
 *                         confirm_s:{min,max},has_health,change?:{change,by,confirm_by_ms}}
 *   configure.set {values:{name:value},confirm_s} -> {change,before:{..},after:{..},confirm_by_ms}
 *   configure.confirm {change}       -> {}        configure.revert {change} -> {values:{..}}
 *       change: a UUID; a duration is a number of seconds; by itself reverted: configure.reverted, and an event
 *   file.roots {} -> {roots:[{name,may_read,may_write,limit,left}]}      bytes of one file, and left in this session
 *   file.list {root,path,after?} -> {entries:[{name,kind,size,mtime_ms}],truncated,left_out?}
 *       by name; kind: file, folder, link, other; after: a name to go on from
 *   file.get {stream,root,path,offset?,size?,mtime_ms?} (s) -> {size,mtime_ms,offset}
 *       bytes up; stream.closed has sha256, of the whole file. An offset needs size and time of the file begun with
 *   file.put {stream,root,path,size,sha256,offset?,replace?} (s) -> {offset}
 *       bytes down from the answer's offset on; it is not above the one asked for, which says that an upload goes on
 *   forward.list {} -> {ports:[{name,kind}]}      kind: tcp, http
 *   forward.open {stream,name} (s) -> {}          bytes both ways
 *   screen.list {} -> {screens:[{name,view_only}]}
 *   screen.open {stream,name,view_only} (s) -> {} RFB both ways; what breaks view_only the product drops
 *   stream.finish {stream}                        no more bytes down (file.put: it is whole; a port: half closed)
 *   stream.close {stream}                         -> stream.closed follows
 *   session.end {reason}
 *   notice.show {text}                            who is there, what they say: a line for the product's side
 * product -> gateway:
 *   session.hello {session,agent,capabilities,deadline_s,resume?,
 *                  consent:{method,by,at_ms,until_ms,statement?,signature?,key?,point?}}
 *       the first frame; statement: what the owner has signed (owner.h), point: with which key
 *   terminal.closed {exit,signal}    terminal.echo {on}
 *   observe.sample {t,values:{"metric/part":v}}   observe.log {t,sev,app,msg}
 *   diagnose.output {id,text}                     of a run under way; all that it prints comes so
 *   configure.reverted {change,why,values}        the product took a change back by itself
 *   configure.health {change,is_good,text}        while a change waits to be confirmed
 *   stream.closed {stream,reason,up_bytes,down_bytes,sha256?}   reason: done, closed, refused, failed, limit,
 *                                                 changed, full
 *   session.ended {reason,children_left}          the last frame of the up chain
 *   session.countersign {text,signature}          not in the chain; text is chain_statement(), signature is base64url
 * both, on the product's leg, in no chain ("When the link breaks" in deploy/README.md):
 *   session.ticket {token,grace_s}                gateway -> product: with this, once, you may come back
 *   session.resume {session,up,down}              product -> gateway, the first message of a connection that came back:
 *                                                 how many frames of each chain it has (sent, received)
 *   session.resumed {up,down}                     the answer; each side sends again what the other lacks
 *   session.synced {}                             all of that is here, and said was what may be sent: credit that came
 *                                                 before it is absolute, what comes after it is more
 * people -> gateway (in no chain; a table in gateway/sessions/relay_people.c says which part may send which):
 *   stream.next {} -> {stream}                    the least that a new one of this leg may have (tools share a row)
 *   session.end {}  session.freeze {}  session.thaw {}  session.offer {to}  session.take {}
 *   chat.say {text}  call.join {media} -> {people,ice_servers}  call.leave {}  call.signal {to,data}
 * gateway -> people only (recorded, not in the product's chains):
 *   session.state {state,reason,capabilities,seconds_left,to,part,may,may_type,terminal_open,cols?,rows?,frozen,
 *                  frozen_by,next_stream}         part: typist, watcher, moderator, guest, tool; frozen: "", moderator,
 *                                                 no_moderator; next_stream: the lowest number a stream may have
 *   session.error {code,text}
 *   session.people {people:[{name,part,may_type,in_call}],offered}      offered: to whom the keyboard is, or ""
 *   chat.said {by,text,t_ms}
 *   terminal.open {cols,rows,by}  terminal.resize {cols,rows,by}        what the typist did, for who watches
 * gateway -> people only, not recorded: call.signal {from,data}
 * the gateway's notes for the record alone:
 *   session.joined {by,part}  session.left {by,part,seconds}  session.frozen {by,why}  session.thawed {by,why}
 *   session.offered {by,to}  session.taken {by,from}
 *   session.away {ms}  session.back {ms}          the product's link is lost, for so long at most; was, for so long
 *   transcript.hole {from_ms,to_ms,text}          what the product showed or did meanwhile is not in this recording. To
 *                                                 the end of the session; from = to when only its beginning is known
 *   transcript.recovered {why,cut_cast_bytes,cut_jsonl_bytes,missing_frames}      after a crash of the gateway
 *   call.started {by,media}  call.changed {by,media}  call.left {by,seconds,media}      media: audio, video, screen */
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
    CAPABILITY_SCREEN, /* stands after forward on the ladder; last here, because stores hold the bits */
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

enum channel {
    CHANNEL_CONTROL = 0x00,
    CHANNEL_TERMINAL = 0x01,
    CHANNEL_TERMINAL_SECRET = 0x02,
    CHANNEL_STREAM = 0x03,
    CHANNEL_ACK = 0xfe,
    CHANNEL_CREDIT = 0xff
};
enum { SECRET_SALT_BYTES = 16, STREAM_HEAD_BYTES = 2, STREAM_OF_TOOLS = 0x8000 };
enum direction { DIRECTION_UP, DIRECTION_DOWN };

/* One WebSocket message. `bytes` points into the caller's buffer. */
struct frame {
    uint8_t channel;
    const uint8_t *bytes;
    size_t count;
};
/* Checks a received message: known channel, allowed in this direction, size within CAP_FRAME_BYTES, UTF-8 where the
 * channel is text, a whole salt, a whole credit, a stream's number and at least a byte. */
FL_CHECK enum result frame_decode(bool is_text, enum direction dir, const uint8_t *message, size_t bytes,
                                  struct frame *out, struct fault *fault);
void frame_encode(uint8_t channel, const void *bytes, size_t count, struct buf *out); /* binary messages */
struct credit {
    uint8_t channel;
    uint16_t stream; /* 0 unless channel is CHANNEL_STREAM */
    uint32_t bytes;  /* 1 to CAP_CREDIT_BYTES */
};
FL_CHECK enum result credit_decode(const struct frame *frame, struct credit *out);
void credit_encode(const struct credit *credit, struct buf *out); /* the whole message */
FL_CHECK enum result frame_ack_decode(const struct frame *frame, uint64_t *frames);
void frame_ack_encode(uint64_t frames, struct buf *out); /* the whole message */
/* Of a frame that frame_decode has let pass: its stream's number; the bytes follow after STREAM_HEAD_BYTES. */
uint16_t stream_number(const struct frame *frame);
void stream_encode(uint16_t stream, const void *bytes, size_t count, struct buf *out); /* the whole message */

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
