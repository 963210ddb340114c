/* The inside of `struct web`: what the files of this folder share. Only web.c makes and frees it. */
#pragma once
#include <pthread.h>
#include <stdatomic.h>

#include "web/api.h"
#include "web/asset.h"
#include "web/pool.h"

struct exchange;
struct socket;
struct live;
struct relays;
struct revocation;
struct server;

struct web {
    struct web_options options;
    /* shared by threads; each thread safe or read-only */
    struct api api;
    struct figures figures;
    struct mailbox *mailbox;
    struct throttle *throttle;
    struct ws_tickets *tickets;
    struct invites *invites;
    struct assets *assets;
    struct pool *readers, *passwords, *checks;
    struct server *server;
    bool is_public; /* listens on an address that is not loopback */
    atomic_bool is_stopping;
    atomic_int_fast64_t alive_mono_ms;
    pthread_t thread;
    bool has_thread;
    /* the edge thread's */
    struct exchange *exchanges; /* hash by id */
    uint64_t last_exchange;
    struct socket *sockets; /* list */
    struct live *live;
    struct relays *relays;
    struct revocation *revocation; /* NULL: there is no list */
    int64_t recheck_mono_ms;       /* when login sessions of open sockets are looked at next */
    int64_t give_up_mono_ms;       /* stopping: when products have had their time; 0: not stopping yet */
    bool is_over;
};
enum {
    WEB_TICK_MS = 250,
    WEB_RECHECK_MS = 2000,  /* a login that ended closes its WebSockets within this, a revoked product's session too */
    WEB_STOP_MS = 2000,     /* for products to countersign */
    WEB_READER_QUEUE = 256, /* requests that wait for a reader; more: 503 */
    WEB_CHECK_QUEUE = 4096, /* rechecks of logins behind open sockets; more: the next round asks */
    WEB_PASSWORD_THREADS = 2, /* argon2 computations at once */
    WEB_PASSWORD_QUEUE = 32
};
/* Called by the server, on the edge thread. */
void web_serve_mail(struct web *web);
void web_tick(struct web *web);
/* Looks whether another revocation list is there; if so, ends what rests on a certificate that it names. */
void web_check_revoked(struct web *web);
