/* The edge's life: makes its parts in the order in which they are used, starts the thread, stops, frees in reverse; and
 * the few functions that other threads call, each of which only puts something into the mailbox.
 *
 * Threads: the edge thread (libwebsockets: all connections, all relays), `reader_threads` readers, two password
 * threads, one that looks again at logins. What they share is in struct api, thread safe by itself; everything else in
 * struct web is the edge thread's, and that of whoever calls web_start and web_stop while no edge thread runs. */
#include "web/web.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "web/conn.h"
#include "web/edge.h"
#include "web/invites.h"
#include "web/live.h"
#include "web/relays.h"
#include "web/revocation.h"
#include "web/server.h"
#include "web/socket.h"

/* ---- the edge thread ---- */

static void on_wake(void *self) {
    struct web *web = self;
    server_wake(web->server);
}

static void on_news(void *self, const struct live_news *news) {
    struct web *web = self;
    live_tell(web->live, news);
}

static void on_missed(void *self) {
    struct web *web = self;
    live_missed(web->live);
}

static void forget_login(struct web *web, const uint8_t login[SHA256_BYTES]) {
    ws_tickets_forget(web->tickets, login);
    sockets_close_login(web, login);
}

static void on_change_done(struct web *web, const struct change *change) {
    if (change->verb == CHANGE_LOGOUT && change->status < 400) {
        const char *hex = NULL;
        uint8_t login[SHA256_BYTES];
        if (json_string(change->body, "login", SHA256_HEX_BYTES, &hex, NULL) == RESULT_OK &&
            hex_decode(hex, strlen(hex), login, sizeof login)) {
            forget_login(web, login);
        }
    }
    if (change->connection != 0) {
        http_answer(web, change->connection, api_response_of(change, &web->options));
    }
}

static void serve_letter(struct web *web, struct letter *letter) {
    switch (letter->kind) {
    case LETTER_RESPONSE:
        http_answer(web, letter->exchange, letter->response);
        letter->response = NULL;
        break;
    case LETTER_CHANGE: on_change_done(web, letter->change); break;
    case LETTER_EXPECT: relays_expect(web->relays, &letter->session); break;
    case LETTER_KILL: relays_kill(web->relays, letter->session.session, letter->reason); break;
    case LETTER_DRIVE: relays_drive(web->relays, letter->drive); break;
    case LETTER_LOGIN_GONE: forget_login(web, letter->login); break;
    case LETTER_RIGHT_GONE: sockets_close_session(web, letter->login, letter->session.session); break;
    }
    letter_free(letter);
}

void web_serve_mail(struct web *web) {
    for (struct letter *letter = mailbox_take(web->mailbox); letter != NULL;) {
        struct letter *next = letter->next;
        serve_letter(web, letter);
        letter = next;
    }
    mailbox_take_news(web->mailbox, on_news, on_missed, web);
    if (atomic_load(&web->is_stopping) && web->give_up_mono_ms == 0) {
        web->give_up_mono_ms = clock_mono_ms() + WEB_STOP_MS;
        relays_end_all(web->relays, "gateway_stopping");
        web_tick(web);
    }
}

static void recheck(struct web *web, const struct socket_login *login) {
    struct api_recheck *job = mem_alloc(sizeof *job);
    *job = (struct api_recheck){.api = &web->api, .login = *login};
    if (pool_submit(web->checks, api_recheck, job) != RESULT_OK) {
        free(job); /* it is behind; the next round asks again */
    }
}

void web_check_revoked(struct web *web) {
    if (web->revocation == NULL) {
        return;
    }
    if (revocation_refresh(web->revocation, clock_wall_ms())) {
        relays_check_certificates(web->relays, web->revocation);
    }
    if (web->options.is_crl_stale != NULL) {
        *web->options.is_crl_stale = revocation_is_stale(web->revocation);
    }
}

void web_tick(struct web *web) {
    int64_t mono_ms = clock_mono_ms();
    atomic_store(&web->alive_mono_ms, mono_ms);
    relays_tick(web->relays);
    if (web->give_up_mono_ms != 0) {
        if (mono_ms >= web->give_up_mono_ms) {
            relays_give_up(web->relays);
            relays_tick(web->relays);
        }
        web->is_over = relays_count(web->relays) == 0 || mono_ms >= web->give_up_mono_ms;
    } else if (mono_ms >= web->recheck_mono_ms) {
        web->recheck_mono_ms = mono_ms + WEB_RECHECK_MS;
        sockets_each_login(web, recheck);
        web_check_revoked(web);
    }
}

static void *edge_main(void *self) {
    struct web *web = self;
    while (!web->is_over) {
        server_serve(web->server);
    }
    return NULL;
}

/* ---- life ---- */

static enum result open_reader(void *self, void **context, struct fault *fault) {
    struct web *web = self;
    struct reader *reader = NULL;
    enum result result = reader_open(web->options.store_path, &reader, fault);
    *context = reader;
    return result;
}

static void close_reader(void *self, void *context) {
    (void)self;
    reader_close(context);
}

static enum result start_pools(struct web *web, struct fault *fault) {
    struct pool_options options = {.name = "web-reader",
                                   .threads = (size_t)web->options.reader_threads,
                                   .queue = WEB_READER_QUEUE,
                                   .open = open_reader,
                                   .close = close_reader,
                                   .self = web};
    enum result result = pool_new(&options, &web->readers, fault);
    if (result == RESULT_OK) {
        options.name = "web-password";
        options.threads = WEB_PASSWORD_THREADS;
        options.queue = WEB_PASSWORD_QUEUE;
        result = pool_new(&options, &web->passwords, fault);
    }
    if (result == RESULT_OK) { /* nothing that people ask for may keep a lost right alive */
        options.name = "web-check";
        options.threads = 1;
        options.queue = WEB_CHECK_QUEUE;
        result = pool_new(&options, &web->checks, fault);
    }
    web->api.readers = web->readers;
    web->api.passwords = web->passwords;
    return result;
}

static enum result start_thread(struct web *web, struct fault *fault) {
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    web->has_thread = pthread_create(&web->thread, NULL, edge_main, web) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!web->has_thread) {
        return fault_set(fault, RESULT_IO, "no thread for the edge");
    }
    pthread_setname_np(web->thread, "web-edge");
    return RESULT_OK;
}

static bool is_public(const struct web_options *options) {
    return options->listen == NULL || !is_loopback_address(options->listen);
}

static enum result start_parts(struct web *web, struct fault *fault) {
    web->throttle = throttle_new();
    web->tickets = ws_tickets_new();
    web->invites = invites_new();
    web->live = live_new();
    web->mailbox = mailbox_new(on_wake, web);
    web->api = (struct api){.options = &web->options,
                            .mailbox = web->mailbox,
                            .throttle = web->throttle,
                            .tickets = web->tickets,
                            .invites = web->invites,
                            .figures = &web->figures};
    enum result result = assets_load(web->options.console_dir, &web->assets, fault);
    if (result == RESULT_OK) {
        result = relays_new(&web->options, &web->figures, web->invites, &web->relays, fault);
    }
    if (result == RESULT_OK) {
        result = server_open(web, &web->server, fault);
    }
    if (result == RESULT_OK && web->options.device_crl != NULL) {
        result =
            revocation_open(web->options.device_crl, web->options.device_ca, clock_wall_ms(), &web->revocation, fault);
    }
    if (result == RESULT_OK) {
        result = start_pools(web, fault);
    }
    return result == RESULT_OK ? start_thread(web, fault) : result;
}

enum result web_start(const struct web_options *options, struct web **out, struct fault *fault) {
    struct fault local = {0};
    fault = fault == NULL ? &local : fault;
    if (options->reader_threads < 1 || options->reader_threads > 64) {
        return fault_set(fault, RESULT_BAD_INPUT, "reader_threads is %d, expected 1 to 64", options->reader_threads);
    }
    enum result result = ice_check(&options->ice, fault);
    if (result != RESULT_OK) {
        return result;
    }
    struct web *web = mem_alloc(sizeof *web);
    web->options = *options;
    random_bytes(web->options.owner_secret, sizeof web->options.owner_secret);
    web->is_public = is_public(options);
    atomic_store(&web->alive_mono_ms, clock_mono_ms());
    result = start_parts(web, fault);
    if (result != RESULT_OK) {
        web_free(web);
        return result;
    }
    log_info("web", "listening", "people=%d products=%d console_files=%zu", web_port(web), web_session_port(web),
             assets_count(web->assets));
    *out = web;
    return RESULT_OK;
}

void web_stop(struct web *web) {
    if (web == NULL || atomic_exchange(&web->is_stopping, true)) {
        return;
    }
    if (web->has_thread) {
        server_wake(web->server);
        pthread_join(web->thread, NULL);
        web->has_thread = false;
    }
    pool_free(web->readers);
    pool_free(web->passwords);
    pool_free(web->checks);
    web->readers = web->passwords = web->checks = NULL;
    if (web->mailbox != NULL) {
        mailbox_close(web->mailbox);
    }
    relays_free(web->relays); /* before the sockets: a relay lets go of its legs, not the other way round */
    web->relays = NULL;
    server_close(web->server);
    web->server = NULL;
}

void web_free(struct web *web) {
    if (web == NULL) {
        return;
    }
    web_stop(web);
    revocation_free(web->revocation);
    mailbox_free(web->mailbox);
    assets_free(web->assets);
    live_free(web->live);
    ws_tickets_free(web->tickets);
    invites_free(web->invites);
    throttle_free(web->throttle);
    free(web);
}

int web_port(const struct web *web) {
    return web->server == NULL ? 0 : server_people_port(web->server);
}

int web_session_port(const struct web *web) {
    return web->server == NULL ? 0 : server_products_port(web->server);
}

/* ---- from any thread ---- */

int64_t web_alive_mono_ms(const struct web *web) {
    return atomic_load(&web->alive_mono_ms);
}

void web_change_done(struct web *web, struct change *change) {
    struct letter *letter = letter_new(LETTER_CHANGE);
    letter->change = change;
    mailbox_put(web->mailbox, letter);
}

void web_notify(struct web *web, const char *kind, const char *id, const char *device) {
    struct live_news news = {0};
    snprintf(news.kind, sizeof news.kind, "%s", kind);
    snprintf(news.id, sizeof news.id, "%s", id);
    snprintf(news.device, sizeof news.device, "%s", device == NULL ? "" : device);
    mailbox_tell(web->mailbox, &news);
}

void web_session_expect(struct web *web, const struct web_session *session) {
    struct letter *letter = letter_new(LETTER_EXPECT);
    letter->session = *session;
    mailbox_put(web->mailbox, letter);
}

void web_session_kill(struct web *web, const char *session, const char *reason) {
    struct letter *letter = letter_new(LETTER_KILL);
    snprintf(letter->session.session, sizeof letter->session.session, "%s", session);
    snprintf(letter->reason, sizeof letter->reason, "%s", reason);
    mailbox_put(web->mailbox, letter);
}

void web_session_drive(struct web *web, const struct web_drive *drive) {
    struct letter *letter = letter_new(LETTER_DRIVE);
    letter->drive = mem_alloc(sizeof *drive);
    *letter->drive = *drive;
    mailbox_put(web->mailbox, letter);
}
