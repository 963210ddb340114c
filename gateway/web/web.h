/* The edge: HTTPS, WebSockets, the console's files, live sessions. One libwebsockets thread, plus a small pool of
 * reader threads with read-only store connections for everything that asks the store. The only folder that includes
 * libwebsockets. */
#pragma once
#include "fieldline/session.h"
#include "web/change.h"
#include "web/ice.h"

struct web;
struct packs;
struct reader;
struct pack_holder;
struct vault;
struct box_key;
struct mask;
struct web_options {    /* texts must outlive the web */
    const char *listen; /* IP address for people: HTTPS + WebSocket; NULL: every one of this machine */
    int port;           /* 0: any free one */
    const char *session_listen;
    int session_port; /* products dial in here; client certificate required */
    const char *server_cert, *server_key, *device_ca;
    const char *device_crl;                    /* revocation.h; NULL: no certificate is ever revoked */
    _Atomic bool *is_crl_stale;                /* set while the file cannot be used; NULL: nobody asks */
    const char *console_dir;                   /* built console files */
    const char *store_path;                    /* readers open it read-only */
    int64_t link_grace_ms, moderator_grace_ms; /* of sessions */
    const char *transcript_dir;
    const char *seal_key;         /* Ed25519 private key, PEM */
    const struct vault *vault;    /* keys of recordings; NULL: they are not encrypted */
    const struct mask *mask;      /* of what is shown; NULL: nothing is covered */
    const struct box_key *escrow; /* hidden input is sealed to it; NULL: it is not kept */
    const struct packs *packs;    /* what a request sees; taken from the holder for each */
    struct pack_holder *holder;   /* NULL: packs stay as they are */
    int reader_threads;
    int connections_per_address; /* 0: as many as there may be at all */
    bool needs_qualification;    /* even when nobody was ever given one (join_rights.h) */
    int64_t login_idle_ms, login_max_ms;
    uint8_t owner_secret[SHA256_BYTES]; /* of the passes of the owner's page (owner_pass.h); web_start makes it */
    struct ice_options ice;             /* of the help call */
    /* Takes over a change (any thread may call; must not block); the answer comes back through web_change_done. */
    void (*submit)(void *self, struct change *change);
    /* Writes the gateway's own figures in Prometheus text format (called on a reader thread). */
    void (*metrics)(void *self, struct buf *out);
    /* Writes how the gateway is as a JSON object and returns the HTTP status; must not block (called on the edge
     * thread). NULL: as well as the edge. */
    int (*health)(void *self, bool only_live, bool is_detailed, struct buf *out);
    /* Tries the rules folder on the stored past (called on a reader thread; may take seconds): an object. NULL: there
     * is none. */
    enum result (*trial)(void *self, struct reader *reader, const struct packs *in_use, struct json_out *out,
                         struct fault *fault);
    void *self;
};
FL_CHECK enum result web_start(const struct web_options *options, struct web **out, struct fault *fault);
/* Ends live sessions ("gateway_stopping": products have 2 s to countersign), seals them, closes connections, joins its
 * threads. `submit` is still called meanwhile. Afterwards the functions below may still be called and do nothing but
 * free what they are given: stop the web first, then who carries out its changes, then free it. */
void web_stop(struct web *web);
void web_free(struct web *web); /* stops it too when it was not */
int web_port(const struct web *web);
int web_session_port(const struct web *web);
/* When the edge thread last looked in (it does several times a second, whatever else it does). Any thread. */
int64_t web_alive_mono_ms(const struct web *web);

/* The rest may be called from any thread; each only queues and wakes the edge. */
void web_change_done(struct web *web, struct change *change); /* takes it back; answers and frees it */
/* Something changed: pushed to /live subscribers. kind: "device", "alarm", "ticket", "session". */
void web_notify(struct web *web, const char *kind, const char *id, const char *device);
/* A granted and consented session: the product may now dial in once with this token. */
struct web_session {
    char session[CAP_UUID_BYTES + 1], device[CAP_DEVICE_ID_BYTES + 1];
    char model[CAP_MODEL_BYTES + 1];
    uint8_t token_sha256[SHA256_BYTES];
    uint32_t capabilities;
    int64_t expect_s;   /* it must dial in within this */
    int64_t duration_s; /* and end after this */
    int64_t ticket;
    char engineer[64]; /* who may join as the one who types */
    char approver[64]; /* who approved it and may moderate it; "": nobody */
    bool needs_moderator;
    int64_t idle_s; /* ends after so much idleness; 0: the relay's own */
    char subject[200];
};
void web_session_expect(struct web *web, const struct web_session *session);
void web_session_kill(struct web *web, const char *session, const char *reason);
/* Somebody who is no person works in a live session (driver.h); a CHANGE_JOB_RESULT follows, once. */
struct web_drive {
    char session[CAP_UUID_BYTES + 1];
    char by[64];           /* the engineer of the grant */
    char values[4096 + 1]; /* of configure.set, an object */
    int64_t confirm_s, settle_s;
};
void web_session_drive(struct web *web, const struct web_drive *drive);
