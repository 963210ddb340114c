/* The other payloads of the wire: JSON objects, small, decoded all or nothing with a fault that names the field.
 * Encoders write what decoders read; unknown members are ignored (a newer peer may send more). */
#pragma once
#include <stdint.h>

#include "fieldline/bytes.h"
#include "fieldline/caps.h"

/* MQTT 5 user properties of every `up` message: which record of which stream this is.
 * stream  UUID made with the spool; two per agent, one a lane (urgent: birth event reply; bulk: tele log)
 * seq     1, 2, 3, ...; never a hole
 * from    first seq that this message stands for (= seq; smaller in a gap record, which covers what was dropped)
 * clock   "BOOT MONO WALL": boot id, milliseconds since the boot (asleep or not) and of the wall clock. The three were
 *         read together when the message was made, so that a clock that jumped can be told from time that passed.
 * A birth that introduces a device at each connection stands outside of the streams: it has neither stream nor seq, but
 * the clock of the moment of sending, which tells the true offset of this boot's clock. */
#define WIRE_STREAM "stream"
#define WIRE_SEQ    "seq"
#define WIRE_FROM   "from"
#define WIRE_CLOCK  "clock"

struct wire_stamp {
    char stream[CAP_UUID_BYTES + 1];
    uint64_t seq, from;
    char boot[CAP_UUID_BYTES + 1];
    int64_t mono_ms, wall_ms;
};
enum { WIRE_CLOCK_CHARS = CAP_UUID_BYTES + 2 * 20 };
void wire_clock_print(const struct wire_stamp *stamp, char out[WIRE_CLOCK_CHARS + 1]);
/* Takes one user property into a stamp that began as zeros; what has another name is left alone. Returns what is wrong
 * with it, a static text, or NULL. */
const char *wire_stamp_take(struct wire_stamp *stamp, const char *key, size_t key_chars, const char *value,
                            size_t chars);
/* After the last one: fills in `from`. *has_stream: stream and seq are there. */
const char *wire_stamp_end(struct wire_stamp *stamp, bool *has_stream);

/* RFC 5424 severities, 0 emergency .. 7 debug. */
enum {
    SEVERITY_EMERGENCY,
    SEVERITY_ALERT,
    SEVERITY_CRITICAL,
    SEVERITY_ERROR,
    SEVERITY_WARNING,
    SEVERITY_NOTICE,
    SEVERITY_INFO,
    SEVERITY_DEBUG
};
const char *severity_name(int severity); /* "emerg" .. "debug" */

/* event: {"t":ms,"kind":"fault","code":"E17","active":true,"severity":3,"text":"..."}
 *        {"t":ms,"kind":"gap","count":120,"first":ms,"last":ms,"severity":4,"text":"spool full"}
 * kind: fault call gap info. code and active belong to a fault, and must be there; severity and text may be missing. */
enum event_kind {
    EVENT_FAULT, /* a fault code appeared (active) or went away */
    EVENT_CALL,  /* the owner calls for service; text is theirs */
    EVENT_GAP,   /* the agent had to drop records: count, first_ms..last_ms, text = reason */
    EVENT_INFO
};
struct event_message {
    int64_t event_ms;
    enum event_kind kind;
    char code[CAP_CODE_BYTES + 1]; /* "" unless EVENT_FAULT */
    bool active;
    int severity;
    char text[CAP_EVENT_TEXT_BYTES + 1];
    uint64_t gap_count;
    int64_t gap_first_ms, gap_last_ms;
};
const char *event_kind_name(enum event_kind kind);
FL_CHECK enum result event_decode(const void *payload, size_t bytes, struct event_message *out, struct fault *fault);
void event_encode(const struct event_message *event, struct buf *out);

/* log: {"logs":[{"t":ms,"sev":3,"fac":3,"app":"compressor","msg":"...","cut":true}]} */
struct log_record {
    int64_t event_ms;
    int severity, facility;
    bool is_cut;
    char app[CAP_LOG_APP_BYTES + 1];
    char text[CAP_LOG_TEXT_BYTES + 1];
};
FL_CHECK enum result logs_decode(const void *payload, size_t bytes, struct log_record *out, size_t room, size_t *count,
                                 struct fault *fault);
/* Appends one record to a message under way (begin, add..., end); RESULT_FULL when it no longer fits (RESULT_TOO_BIG:
 * it fits no message of this cap). `out` of logs_pack_finish becomes the payload, "" when there are no records. */
struct logs_pack {
    struct buf body;
    size_t record_count;
};
void logs_pack_init(struct logs_pack *p, size_t cap_bytes);
void logs_pack_fini(struct logs_pack *p);
FL_CHECK enum result logs_pack_add(struct logs_pack *p, const struct log_record *record);
void logs_pack_finish(struct logs_pack *p, struct buf *out);

/* birth: {"t":ms,"model":"...","serial":"...","firmware":"...","agent":"1.0.0","boot":"uuid",
 *         "metrics":["a","b"],"capabilities":["observe"],"diagnostics":["disk"],"evidence_bytes":262144} */
enum { BIRTH_CAPABILITIES = 8, BIRTH_DIAGNOSTICS = 32 };
struct birth_message {
    int64_t event_ms;
    char model[CAP_MODEL_BYTES + 1], serial[CAP_SERIAL_BYTES + 1], firmware[CAP_VERSION_BYTES + 1];
    char agent[CAP_VERSION_BYTES + 1], boot[CAP_UUID_BYTES + 1];
    size_t metric_count;
    char (*metrics)[CAP_METRIC_BYTES + 1]; /* allocated by birth_decode; free with birth_fini */
    int64_t evidence_bytes;                /* what its recorder holds; 0 or missing: no evidence can be pulled */
    uint32_t capabilities;                 /* bits of enum capability (session.h); unknown names are ignored */
    size_t diagnostic_count;
    char diagnostics[BIRTH_DIAGNOSTICS][CAP_CODE_BYTES + 1];
};
FL_CHECK enum result birth_decode(const void *payload, size_t bytes, struct birth_message *out, struct fault *fault);
void birth_encode(const struct birth_message *birth, struct buf *out);
void birth_fini(struct birth_message *birth);

/* down/ack: {"stream":"uuid","seq":17}: everything of that stream up to 17 is committed. An agent whose stream is not
 * known yet gets seq 0. */
struct ack_message {
    char stream[CAP_UUID_BYTES + 1];
    uint64_t seq;
};
FL_CHECK enum result ack_decode(const void *payload, size_t bytes, struct ack_message *out, struct fault *fault);
void ack_encode(const struct ack_message *ack, struct buf *out);

/* down/cmd: {"id":"uuid","verb":"session.open","args":{...}}; up/reply: {"id":"uuid","ok":true,"result":{...}} or
 * {"id":"uuid","ok":false,"error":"denied","text":"..."}. `id` makes a command idempotent: a repeat gets the stored
 * reply. MQTT message expiry bounds its life. args/result are JSON texts inside `holder`. */
struct command_message {
    struct json *holder; /* owns what follows; free with command_fini */
    char id[CAP_UUID_BYTES + 1];
    char verb[CAP_CODE_BYTES + 1];
    const struct json *args;
};
FL_CHECK enum result command_decode(const void *payload, size_t bytes, struct command_message *out,
                                    struct fault *fault);
void command_encode(const char *id, const char *verb, const char *args_json, struct buf *out);
void command_fini(struct command_message *command);

struct reply_message {
    struct json *holder; /* free with reply_fini */
    char id[CAP_UUID_BYTES + 1];
    bool ok;
    const struct json *result;      /* when ok; may be NULL */
    char error[CAP_CODE_BYTES + 1]; /* when not ok: result_name() or a session reason */
    char text[CAP_EVENT_TEXT_BYTES + 1];
};
FL_CHECK enum result reply_decode(const void *payload, size_t bytes, struct reply_message *out, struct fault *fault);
void reply_encode_ok(const char *id, const char *result_json /* or NULL */, struct buf *out);
void reply_encode_error(const char *id, const char *error, const char *text, struct buf *out);
void reply_fini(struct reply_message *reply);
