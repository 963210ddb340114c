/* fieldline-session: one remote session on a product, from its grant (one JSON object on the standard input) to its
 * end. Started by fieldline-agent; its exit status is an enum visit_exit. No options: there is nothing to choose. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "session/harden.h"
#include "session/link.h"
#include "reaper.h"
#include "session/visit.h"

enum { TAP_FD = 3, REDIAL_MS = 250, REDIAL_DOUBLINGS = 4 };

struct program {
    struct loop *loop;
    struct session_grant grant;
    struct key *key;
    struct link *link;
    struct visit *visit;
    struct loop_timer redial;
    char token[128]; /* of the next connection */
    int tries;       /* since the last one that held */
    int signal_fd;
    enum visit_exit exit;
};

/* The visit outlives its link: there may be another one after it. */
static void send_by_link(void *self, bool is_text, const void *bytes, size_t count) {
    struct program *p = self;
    if (p->link != NULL) { /* between two of them there is none */
        link_send(p->link, is_text, bytes, count);
    }
}

static size_t pending_in_link(const void *self) {
    const struct program *p = self;
    return p->link != NULL ? link_pending(p->link) : 0;
}

static void close_link(void *self) {
    struct program *p = self;
    if (p->link != NULL) {
        link_close(p->link);
    }
}

static const struct visit_link link_of_visit = {.send = send_by_link, .pending = pending_in_link, .close = close_link};

static void on_connected(void *self) {
    struct program *p = self;
    p->tries = 0;
    visit_connected(p->visit);
}

static void on_message(void *self, bool is_text, const void *bytes, size_t count) {
    visit_receive(((struct program *)self)->visit, is_text, bytes, count);
}

static void on_disconnected(void *self, bool is_refused, const char *why) {
    visit_disconnected(((struct program *)self)->visit, is_refused, why);
}

static const struct link_events link_events = {
    .connected = on_connected, .message = on_message, .disconnected = on_disconnected};

static void on_redial(void *self) {
    struct program *p = self;
    struct fault fault;
    link_free(p->link); /* first: libwebsockets does not like two contexts of which one is going */
    p->link = NULL;
    log_info("session", "redial", "try=%d", p->tries);
    if (link_open(p->loop, &p->grant, p->token, &link_events, p, &p->link, &fault) != RESULT_OK) {
        log_error("session", "redial_failed", "reason=%s", log_text(fault.text));
        visit_disconnected(p->visit, false, fault.text);
    }
}

/* Not from inside the old link's callback: it is freed then. A quarter of a second at first, five at most. */
static void on_lost(void *self, const char *token) {
    struct program *p = self;
    int64_t wait_ms = REDIAL_MS << (p->tries < REDIAL_DOUBLINGS ? p->tries : REDIAL_DOUBLINGS);
    uint32_t spread;
    random_bytes(&spread, sizeof spread);
    snprintf(p->token, sizeof p->token, "%s", token);
    p->tries++;
    loop_arm(p->loop, &p->redial, wait_ms / 2 + spread % (uint32_t)wait_ms, on_redial, p);
}

static void on_over(void *self, enum visit_exit exit) {
    struct program *p = self;
    p->exit = exit;
    loop_stop(p->loop);
}

static void on_signal(void *self, uint32_t events) {
    struct program *p = self;
    struct signalfd_siginfo info;
    (void)events;
    if (read(p->signal_fd, &info, sizeof info) == (ssize_t)sizeof info) {
        if (info.ssi_signo == SIGUSR1) {
            visit_stop_now(p->visit, "ended_by_owner");
        } else if (info.ssi_signo == SIGUSR2) {
            visit_stop_now(p->visit, "consent_withdrawn");
        } else {
            visit_stop(p->visit, "agent_stopping");
        }
    }
}

static enum result read_grant(struct session_grant *out, struct fault *fault) {
    char block[4096];
    struct buf text;
    ssize_t n;
    buf_init(&text, SESSION_GRANT_BYTES + 1);
    while ((n = read(STDIN_FILENO, block, sizeof block)) > 0 || (n < 0 && errno == EINTR)) {
        buf_add(&text, block, n > 0 ? (size_t)n : 0);
    }
    enum result result = n < 0           ? fault_set(fault, RESULT_IO, "the grant cannot be read: %s", strerror(errno))
                         : text.overflow ? fault_set(fault, RESULT_TOO_BIG, "the grant is too long")
                                         : session_grant_parse(buf_text(&text), text.count, out, fault);
    wipe(block, sizeof block);
    buf_wipe(&text);
    return result;
}

static enum result watch_signals(struct program *p, struct fault *fault) {
    sigset_t ours;
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGUSR1); /* session_process_stop: the owner ends it */
    sigaddset(&ours, SIGUSR2); /* the owner's consent does not hold any more */
    signal(SIGPIPE, SIG_IGN);
    if (sigprocmask(SIG_BLOCK, &ours, NULL) != 0 || (p->signal_fd = signalfd(-1, &ours, SFD_CLOEXEC)) < 0 ||
        loop_watch(p->loop, p->signal_fd, EPOLLIN, on_signal, p) != RESULT_OK) {
        return fault_set(fault, RESULT_IO, "signals cannot be watched: %s", strerror(errno));
    }
    return RESULT_OK;
}

static enum result set_up(struct program *p, int tap_fd, struct fault *fault) {
    enum result result;
    p->loop = loop_new();
    if ((result = reaper_start(fault)) != RESULT_OK || (result = watch_signals(p, fault)) != RESULT_OK ||
        (result = key_read_private(p->grant.key, &p->key, fault)) != RESULT_OK ||
        (result = link_open(p->loop, &p->grant, p->grant.token, &link_events, p, &p->link, fault)) != RESULT_OK) {
        return result;
    }
    struct visit_options options = {.grant = &p->grant,
                                    .key = p->key,
                                    .tap_fd = tap_fd,
                                    .link = &link_of_visit,
                                    .link_self = p,
                                    .over = on_over,
                                    .redial = on_lost,
                                    .self = p};
    p->visit = visit_new(p->loop, &options);
    return RESULT_OK;
}

int main(void) {
    struct program p = {.signal_fd = -1, .exit = VISIT_FAILED};
    struct fault fault = {""};
    int tap_fd = fcntl(TAP_FD, F_GETFD) >= 0 ? TAP_FD : -1;
    if (harden(tap_fd, &fault) != RESULT_OK) {
        log_error("session", "start_failed", "reason=%s", log_text(fault.text));
        return VISIT_FAILED;
    }
    if (read_grant(&p.grant, &fault) != RESULT_OK) {
        log_error("session", "bad_grant", "reason=%s", log_text(fault.text));
        return VISIT_BAD_GRANT;
    }
    if (set_up(&p, tap_fd, &fault) != RESULT_OK) {
        log_error("session", "start_failed", "reason=%s", log_text(fault.text));
    } else if (loop_run(p.loop) != RESULT_OK) {
        log_error("session", "loop_failed", "session=%s", p.grant.session);
    }
    loop_disarm(p.loop, &p.redial);
    wipe(p.token, sizeof p.token);
    visit_free(p.visit);
    link_free(p.link);
    key_free(p.key);
    if (p.signal_fd >= 0) {
        close(p.signal_fd);
    }
    loop_free(p.loop);
    session_grant_fini(&p.grant);
    return (int)p.exit;
}
