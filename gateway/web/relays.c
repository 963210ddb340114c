/* The edge's remote sessions (see relays.h). The relay decides; this file gives it clocks, sockets and a place in a
 * list, and passes its two pieces of news (live, ended) on to the desk as changes that nobody waits for. A relay calls
 * back while it is being called (send, close, event); none of those calls goes back into it: closing only marks the
 * socket, and a relay that is over is freed at the next tick.
 *
 * A leg lives as long as its socket. Whoever lets go first tells the other: the relay by ops.close (then leg->leg is
 * NULL and the socket closes when its queue is empty), the socket by `gone` (then the relay is told with relay_detach).
 */
#include "web/relays.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "web/invites.h"
#include "web/revocation.h"
#include "rules/pack_holder.h"
#include "web/driver.h"
#include "web/pool.h"
#include "web/socket.h"

/* fdatasync waits for the disk, not for a processor: two of them merge into one commit of its journal. */
enum { DISK_THREADS = 2, DISK_QUEUE = 2 * RELAYS_MAX /* both files of each */ };
enum { JOIN_MS = 60 * 1000 /* a session to which its engineer does not come is over */ };

struct room {
    struct relay *relay;
    struct driver *driver;     /* NULL: none works here */
    const struct packs *packs; /* whose pack the relay looks at; of the holder; NULL: of the options */
    struct room *next;
};
struct relays {
    const struct web_options *options;
    struct figures *figures;
    struct invites *invites;
    struct key *seal_key;
    struct pool *disk; /* its threads put recordings on the disk */
    struct room *first;
    size_t count;
};
struct leg {
    struct socket *socket;
    struct relay_leg *leg; /* NULL: the relay has let go */
};

/* ---- a leg between its socket and its relay ---- */

static void leg_send(void *self, bool is_text, const void *bytes, size_t count) {
    struct leg *leg = self;
    socket_send(leg->socket, is_text, bytes, count);
}

static void leg_close(void *self, const char *reason) {
    struct leg *leg = self;
    leg->leg = NULL;
    socket_close(leg->socket, 1000, reason);
}

static size_t leg_pending(const void *self) {
    const struct leg *leg = self;
    return socket_pending(leg->socket);
}

static const struct relay_leg_ops leg_ops = {.send = leg_send, .close = leg_close, .pending = leg_pending};

static void on_opened(void *self) {
    (void)self;
}

static void on_message(void *self, bool is_text, const uint8_t *bytes, size_t count) {
    struct leg *leg = self;
    if (leg->leg != NULL) {
        relay_receive(leg->leg, is_text, bytes, count, clock_mono_ms());
    }
}

static void on_drained(void *self) {
    struct leg *leg = self;
    if (leg->leg != NULL) {
        relay_drained(leg->leg, clock_mono_ms());
    }
}

static void on_gone(void *self) {
    struct leg *leg = self;
    if (leg->leg != NULL) {
        relay_detach(leg->leg, clock_mono_ms());
    }
    free(leg);
}

static const struct socket_ops socket_ops = {
    .opened = on_opened, .message = on_message, .drained = on_drained, .gone = on_gone};

/* ---- the list ---- */

static enum result open_nothing(void *self, void **context, struct fault *fault) {
    (void)self;
    (void)fault;
    *context = NULL;
    return RESULT_OK;
}

static void close_nothing(void *self, void *context) {
    (void)self;
    (void)context;
}

static bool submit_flush(void *self, void (*run)(void *context, void *flush), void *flush) {
    const struct relays *relays = self;
    return pool_submit(relays->disk, run, flush) == RESULT_OK;
}

enum result relays_new(const struct web_options *options, struct figures *figures, struct invites *invites,
                       struct relays **out, struct fault *fault) {
    struct key *key = NULL;
    enum result result = key_read_private(options->seal_key, &key, fault);
    if (result != RESULT_OK) {
        fault_prefix(fault, "seal key");
        return result;
    }
    struct relays *relays = mem_alloc(sizeof *relays);
    relays->options = options;
    relays->figures = figures;
    relays->invites = invites;
    relays->seal_key = key;
    const struct pool_options disk = {
        .name = "web-disk", .threads = DISK_THREADS, .queue = DISK_QUEUE, .open = open_nothing, .close = close_nothing};
    result = pool_new(&disk, &relays->disk, fault);
    if (result != RESULT_OK) {
        relays_free(relays);
        return result;
    }
    *out = relays;
    return RESULT_OK;
}

/* What became of a job's step, on its way to the desk. */
static void tick_driver(struct relays *relays, struct room *room, int64_t mono_ms) {
    struct change *change;
    if (room->driver != NULL && driver_tick(room->driver, mono_ms, &change)) {
        driver_free(room->driver);
        room->driver = NULL;
        relays->options->submit(relays->options->self, change);
    }
}

static void free_room(struct relays *relays, struct room *room) {
    invites_forget(relays->invites, relay_session(room->relay));
    relay_free(room->relay);
    tick_driver(relays, room, clock_mono_ms()); /* it was closed with the others */
    driver_free(room->driver);
    if (relays->options->holder != NULL) {
        pack_holder_return(relays->options->holder, room->packs);
    }
    free(room);
    relays->count--;
    atomic_fetch_sub(&relays->figures->sessions, 1);
}

void relays_free(struct relays *relays) {
    if (relays == NULL) {
        return;
    }
    while (relays->first != NULL) {
        struct room *room = relays->first;
        relays->first = room->next;
        free_room(relays, room);
    }
    pool_free(relays->disk); /* after the rooms: each waits for what it has under way */
    key_free(relays->seal_key);
    free(relays);
}

/* The relay's news, on their way to the desk. */
static void on_event(void *self, const char *session, const struct session_event *event) {
    struct relays *relays = self;
    struct change *change = change_new(event->kind == SESSION_EVENT_LIVE ? CHANGE_SESSION_LIVE : CHANGE_SESSION_ENDED);
    snprintf(change->id, sizeof change->id, "%s", session);
    snprintf(change->by.name, sizeof change->by.name, "gateway");
    struct buf text;
    buf_init(&text, 64 * 1024);
    session_event_print(event, &text);
    if (json_parse(buf_text(&text), text.count, &change->body, NULL) != RESULT_OK) {
        die("web.relays", "a session event does not parse");
    }
    buf_fini(&text);
    relays->options->submit(relays->options->self, change);
}

static const char *guest_gone(void *self, const char *invite) {
    struct relays *relays = self;
    return invites_gone(relays->invites, invite, clock_mono_ms());
}

static void print_ice_servers(void *self, const char *name, struct buf *out) {
    const struct relays *relays = self;
    ice_print(&relays->options->ice, name, clock_wall_ms(), out);
}

static struct relay *find(const struct relays *relays, const char *session) {
    for (struct room *room = relays->first; room != NULL; room = room->next) {
        if (strcmp(relay_session(room->relay), session) == 0) {
            return room->relay;
        }
    }
    return NULL;
}

static void tell_impossible(struct relays *relays, const struct web_session *session, const char *text) {
    log_error("web.relays", "session_refused", "session=%s device=%s text=%s", session->session, session->device,
              log_text(text));
    struct session_event event = {.kind = SESSION_EVENT_FAILED, .at_ms = clock_wall_ms()};
    snprintf(event.why, sizeof event.why, "busy");
    snprintf(event.text, sizeof event.text, "%s", text);
    on_event(relays, session->session, &event);
}

void relays_expect(struct relays *relays, const struct web_session *session) {
    if (find(relays, session->session) != NULL) {
        log_warn("web.relays", "session_expected_twice", "session=%s", session->session);
        return;
    }
    if (relays->count >= RELAYS_MAX) {
        tell_impossible(relays, session, "too many remote sessions are open on this gateway");
        return;
    }
    struct relay_options options = {.ticket = session->ticket,
                                    .capabilities = session->capabilities,
                                    .expect_ms = session->expect_s * 1000,
                                    .duration_ms = session->duration_s * 1000,
                                    .idle_ms = session->idle_s * 1000,
                                    .join_ms = JOIN_MS,
                                    .needs_moderator = session->needs_moderator,
                                    .grace_ms = relays->options->link_grace_ms,
                                    .moderator_ms = relays->options->moderator_grace_ms,
                                    .transcript_dir = relays->options->transcript_dir,
                                    .flusher = {.submit = submit_flush, .self = relays},
                                    .seal_key = relays->seal_key,
                                    .vault = relays->options->vault,
                                    .escrow = relays->options->escrow,
                                    .event = on_event,
                                    .guest_gone = guest_gone,
                                    .ice_servers = print_ice_servers,
                                    .self = relays};
    snprintf(options.session, sizeof options.session, "%s", session->session);
    snprintf(options.device, sizeof options.device, "%s", session->device);
    snprintf(options.engineer, sizeof options.engineer, "%s", session->engineer);
    snprintf(options.approver, sizeof options.approver, "%s", session->approver);
    snprintf(options.subject, sizeof options.subject, "%s", session->subject);
    memcpy(options.token_sha256, session->token_sha256, sizeof options.token_sha256);
    struct room *room = mem_alloc(sizeof *room);
    room->packs = relays->options->holder != NULL ? pack_holder_take(relays->options->holder) : NULL;
    const struct packs *packs = room->packs != NULL ? room->packs : relays->options->packs;
    options.pack = packs != NULL ? packs_find(packs, session->model) : NULL;
    room->relay = relay_new(&options, clock_mono_ms(), clock_wall_ms());
    room->next = relays->first;
    relays->first = room;
    relays->count++;
    atomic_fetch_add(&relays->figures->sessions, 1);
}

void relays_kill(struct relays *relays, const char *session, const char *reason) {
    struct relay *relay = find(relays, session);
    if (relay != NULL && !relay_is_over(relay)) {
        relay_end(relay, reason, "gateway", clock_mono_ms());
    }
}

static struct room *find_room(const struct relays *relays, const char *session) {
    for (struct room *room = relays->first; room != NULL; room = room->next) {
        if (strcmp(relay_session(room->relay), session) == 0) {
            return room;
        }
    }
    return NULL;
}

static void tell_not_driven(struct relays *relays, const char *session, const char *text) {
    struct change *change = change_new(CHANGE_JOB_RESULT);
    struct buf body;
    snprintf(change->id, sizeof change->id, "%s", session);
    snprintf(change->by.name, sizeof change->by.name, "gateway");
    buf_init(&body, 1024);
    struct json_out j = json_out(&body);
    jo_object(&j, NULL);
    jo_str(&j, "outcome", "failed");
    jo_str(&j, "text", text);
    jo_end(&j);
    if (json_parse(buf_text(&body), body.count, &change->body, NULL) != RESULT_OK) {
        change->body = NULL;
    }
    buf_fini(&body);
    relays->options->submit(relays->options->self, change);
}

void relays_drive(struct relays *relays, const struct web_drive *drive) {
    struct room *room = find_room(relays, drive->session);
    struct fault fault = {"the session is over"};
    bool is_free = room != NULL && room->driver == NULL && !relay_is_over(room->relay);
    if (!is_free || driver_start(room->relay, drive, clock_mono_ms(), &room->driver, &fault) != RESULT_OK) {
        tell_not_driven(relays, drive->session, fault.text);
    }
}

static void end_revoked(struct relays *relays, struct relay *relay) {
    log_warn("web.relays", "certificate_revoked", "session=%s device=%s", relay_session(relay), relay_device(relay));
    struct change *change = change_new(CHANGE_DEVICE_REVOKED);
    snprintf(change->id, sizeof change->id, "%s", relay_device(relay));
    snprintf(change->by.name, sizeof change->by.name, "gateway");
    relays->options->submit(relays->options->self, change);
    relay_revoke(relay, clock_mono_ms());
}

void relays_check_certificates(struct relays *relays, const struct revocation *revocation) {
    for (struct room *room = relays->first; room != NULL; room = room->next) {
        const char *pem = relay_certificate(room->relay);
        if (!relay_is_over(room->relay) && pem != NULL &&
            revocation_check(revocation, pem, strlen(pem), NULL) != RESULT_OK) {
            end_revoked(relays, room->relay);
        }
    }
}

void relays_turn_away(struct relays *relays, const char *token, const char *device) {
    for (struct room *room = relays->first; room != NULL; room = room->next) {
        if (relay_expects(room->relay, token, device)) {
            end_revoked(relays, room->relay);
        }
    }
}

void relays_end_all(struct relays *relays, const char *reason) {
    for (struct room *room = relays->first; room != NULL; room = room->next) {
        if (!relay_is_over(room->relay)) {
            relay_end(room->relay, reason, "gateway", clock_mono_ms());
        }
    }
}

/* A relay knows no time but the one it is told: telling it a later one is what "you have had your time" means. */
void relays_give_up(struct relays *relays) {
    enum { STEPS = 4, STEP_MS = 60 * 1000 };
    for (struct room *room = relays->first; room != NULL; room = room->next) {
        for (int step = 1; step <= STEPS && !relay_is_over(room->relay); step++) {
            relay_tick(room->relay, clock_mono_ms() + (int64_t)step * STEP_MS);
        }
    }
}

void relays_tick(struct relays *relays) {
    int64_t mono_ms = clock_mono_ms();
    for (struct room **at = &relays->first; *at != NULL;) {
        struct room *room = *at;
        if (!relay_is_over(room->relay)) {
            relay_tick(room->relay, mono_ms);
        }
        tick_driver(relays, room, mono_ms);
        if (relay_is_over(room->relay)) {
            *at = room->next;
            free_room(relays, room);
        } else {
            at = &room->next;
        }
    }
}

size_t relays_count(const struct relays *relays) {
    return relays->count;
}

enum result relays_join_product(struct relays *relays, const char *token, const char *device,
                                const char *certificate_pem, struct socket *socket, struct fault *fault) {
    struct leg *leg = mem_alloc(sizeof *leg);
    leg->socket = socket;
    enum result result = RESULT_NOT_FOUND;
    for (struct room *room = relays->first; room != NULL && result == RESULT_NOT_FOUND; room = room->next) {
        if (!relay_is_over(room->relay)) {
            result = relay_attach_product(room->relay, token, device, certificate_pem, &leg_ops, leg, clock_mono_ms(),
                                          &leg->leg, fault);
        }
    }
    if (result == RESULT_NOT_FOUND) {
        fault_set(fault, result, "no session expects this token");
    }
    if (result != RESULT_OK) {
        free(leg);
        return result;
    }
    socket_use(socket, &socket_ops, leg);
    return RESULT_OK;
}

enum result relays_join_person(struct relays *relays, const char *session, const struct relay_person *person,
                               struct socket *socket, struct fault *fault) {
    struct relay *relay = find(relays, session);
    if (relay == NULL || relay_is_over(relay)) {
        return fault_set(fault, RESULT_NOT_FOUND, "session %s is not live", session);
    }
    struct leg *leg = mem_alloc(sizeof *leg);
    leg->socket = socket;
    enum result result = relay_attach_person(relay, person, &leg_ops, leg, clock_mono_ms(), &leg->leg, fault);
    if (result != RESULT_OK) {
        free(leg);
        return result;
    }
    socket_use(socket, &socket_ops, leg);
    return RESULT_OK;
}

bool relays_is_engineer(const struct relays *relays, const char *session, const char *name) {
    const struct relay *relay = find(relays, session);
    return relay != NULL && strcmp(relay_engineer(relay), name) == 0;
}
