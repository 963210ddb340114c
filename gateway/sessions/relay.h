/* One live session at the gateway: pure logic between its legs. One leg is the product; one person's leg types (the
 * engineer of the grant, or to whom he handed the keyboard), others watch, moderate, talk. No socket, no thread: the
 * edge (gateway/web) owns the sockets, calls in, and gives each leg three operations.
 *
 * The order of work is the promise: a message is decoded and checked, then written to the transcript, and only then
 * sent to the other legs. When writing fails the session ends with "recording_failed" and the message goes nowhere.
 *
 * Life: relay_new (a granted session waits for its product) -> relay_attach_product (token, certificate; opens the
 * transcript) -> hello -> event LIVE -> ... -> relay_end, product's session.ended, deadline, loss -> transcript sealed,
 * legs closed -> event ENDED, or FAILED when it was never live -> relay_is_over: free it.
 *
 * All times are milliseconds of one monotonic clock, given by the caller; `wall_ms` at birth dates the transcript. */
#pragma once
#include <stdint.h>

#include "fieldline/keys.h"
#include "fieldline/session.h"
#include "sessions/flush.h"
#include "sessions/session_event.h"

struct pack; /* rules/pack.h */
struct relay;
struct vault;
struct box_key;
struct relay_leg; /* owned by the relay; dead after relay_detach or after its ops.close was called */

struct relay_leg_ops {
    /* Queues one WebSocket message; copies the bytes; must not call back into the relay. */
    void (*send)(void *leg_self, bool is_text, const void *bytes, size_t count);
    /* The relay has let go of this leg: close the connection after what is queued has left. Do not detach it. */
    void (*close)(void *leg_self, const char *reason);
    /* Bytes queued and not yet written to the socket. */
    size_t (*pending)(const void *leg_self);
};

enum {
    RELAY_WINDOW_BYTES = 64 * 1024,  /* terminal output the product may have under way to the slowest typing leg */
    RELAY_LEG_BYTES = 1024 * 1024,   /* a person's leg with more than this queued is too slow and dropped */
    RELAY_STREAM_BYTES = 768 * 1024, /* queued for a leg and under way to it on all its streams */
    RELAY_INPUT_BYTES = 64 * 1024,   /* typed, and waiting for the product's credit; beyond: refused, not recorded */
    RELAY_LEGS = 16,                 /* people on one session */
    RELAY_CALLS = 16,                /* JSON-RPC requests under way */
    RELAY_STRIKES = 20,              /* refused messages after which a person's leg is closed */
    RELAY_TICK_MS = 250              /* call relay_tick at least this often */
};

struct relay_options {
    char session[CAP_UUID_BYTES + 1], device[CAP_DEVICE_ID_BYTES + 1];
    char engineer[SESSION_NAME_BYTES + 1]; /* types until he hands the keyboard over */
    char subject[200];                     /* the ticket's */
    char approver[SESSION_NAME_BYTES + 1]; /* a second person who approved it; "": nobody */
    bool needs_moderator;                  /* it may only go on while a supervisor or the approver watches */
    int64_t ticket;
    uint8_t token_sha256[SHA256_BYTES];
    uint32_t capabilities; /* granted; hello says what is left after consent */
    int64_t expect_ms;     /* the product must dial in within this, */
    int64_t duration_ms;   /* and the session ends after this */
    int64_t idle_ms;       /* without a message from the engineer; 0: 15 minutes */
    int64_t rejoin_ms;     /* without a typing leg, once one was there; 0: 30 s */
    int64_t join_ms;       /* without a typing leg from the start; 0: 2 minutes */
    int64_t grace_ms;      /* without the product, when it can come back; 0: 30 s */
    int64_t moderator_ms;  /* without a moderator, once one was there, when it needs one; 0: 1 minute */
    int64_t record_bytes;  /* cap of the transcript; 0: 1 GiB */
    /* NULL: recordings are not encrypted. */
    const struct vault *vault;
    const struct box_key *escrow;
    const struct pack *pack; /* of the model, for what it allows to be set; borrowed; NULL: nothing */
    const char *transcript_dir;
    struct flusher flusher;     /* puts the transcript on the disk; all zero: the caller's thread waits for it */
    const struct key *seal_key; /* Ed25519, borrowed */
    /* LIVE once; then ENDED once, or FAILED once when it never was live. Must not call back into the relay. */
    void (*event)(void *self, const char *session, const struct session_event *event);
    /* Why this guest's link holds no longer ("revoked", "expired"), NULL while it does. NULL: there are no guests. */
    const char *(*guest_gone)(void *self, const char *invite);
    /* Prints the JSON array of STUN and TURN servers for this person. NULL: none. */
    void (*ice_servers)(void *self, const char *name, struct buf *out);
    void *self;
};
struct relay *relay_new(const struct relay_options *options, int64_t mono_ms, int64_t wall_ms);
/* Closes legs that are left (reason "gateway_stopping") and seals what is recorded, without an event. */
void relay_free(struct relay *relay);

/* The product dials in, or comes back with a ticket. Refuses: a wrong token (RESULT_NOT_FOUND: try the next relay),
 * another device's certificate, or with a ticket another one than before (RESULT_DENIED), a token used before
 * (RESULT_CONFLICT), too late (RESULT_EXPIRED), no recording possible (RESULT_IO; the relay is over then).
 * `certificate_pem` is the peer's, as the TLS layer has verified it; copied. */
FL_CHECK enum result relay_attach_product(struct relay *relay, const char *token, const char *device,
                                          const char *certificate_pem, const struct relay_leg_ops *ops, void *leg_self,
                                          int64_t mono_ms, struct relay_leg **out, struct fault *fault);
/* A person joins; who holds the keyboard types, everyone else watches or moderates. A person is there once: a second
 * connection takes over from the first, which is closed ("replaced"). May be called before the product is there. */
enum { RELAY_GUEST_WATCH = 1 << 0, RELAY_GUEST_CALL = 1 << 1, RELAY_GUEST_CHAT = 1 << 2 };
struct relay_person {
    const char *name;
    bool is_driver;     /* no person: works through a job in the name of one */
    bool is_tool;       /* a further connection of who types, for files and ports: takes over from nothing */
    bool may_type;      /* role and qualification allow it; the granted engineer may in any case */
    bool may_moderate;  /* role allows it; the granted engineer may not in any case */
    bool is_guest;      /* from a link, not logged in */
    unsigned guest_may; /* RELAY_GUEST_ bits */
    const char *invite; /* id of the guest's link; NULL: no guest */
};
FL_CHECK enum result relay_attach_person(struct relay *relay, const struct relay_person *person,
                                         const struct relay_leg_ops *ops, void *leg_self, int64_t mono_ms,
                                         struct relay_leg **out, struct fault *fault);
/* The connection is gone (it was not closed by ops.close). */
void relay_detach(struct relay_leg *leg, int64_t mono_ms);

/* One whole WebSocket message. May end the session and close legs, this one too. */
void relay_receive(struct relay_leg *leg, bool is_text, const void *message, size_t bytes, int64_t mono_ms);
/* What was queued on this leg has shrunk: gives the product new credit. */
void relay_drained(struct relay_leg *leg, int64_t mono_ms);
void relay_tick(struct relay *relay, int64_t mono_ms);
/* Somebody wants it to end: the product is asked to, and has 10 s. `why` is a code of session_why_text(); `by` a name.
 */
void relay_end(struct relay *relay, const char *why, const char *by, int64_t mono_ms);

/* The product's certificate was revoked, "certificate_revoked": it is asked to end and has 1 s for it; then its leg is
 * closed. It does not come back. */
void relay_revoke(struct relay *relay, int64_t mono_ms);

const char *relay_session(const struct relay *relay);
const char *relay_device(const struct relay *relay);
const char *relay_certificate(const struct relay *relay); /* the product's, PEM; NULL: it has not come yet */
/* Does it wait for this product with this token? */
bool relay_expects(const struct relay *relay, const char *token, const char *device);
bool relay_is_live(const struct relay *relay);
bool relay_is_over(const struct relay *relay);
const char *relay_engineer(const struct relay *relay); /* of the grant */
