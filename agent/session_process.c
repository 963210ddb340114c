/* Starts and ends fieldline-session. Everything that it needs goes through its standard input in one piece, so that the
 * token is in no argument list and no environment; its descriptor 3 is the end of a socket with live lines, one line a
 * packet, so that a slow reader loses whole lines and never half of one. Loop thread only. */
#include "session_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "child.h"
#include "fieldline/log.h"
#include "fieldline/number.h"
#include "reaper.h"
#include "session_grant.h"
#include "version.h"

enum { IDLE_MS = 15 * 60 * 1000, KILL_MS = 200 };

struct session_process {
    struct loop *loop;
    session_exit_fn *on_exit;
    void *self;
    struct child child;
    bool is_adopted; /* not our child: it cannot be reaped */
    int tap_fd;      /* -1: none */
    session_watch_fn *on_watch;
    struct loop_timer grace;
};

static void process_free(struct session_process *p) {
    loop_disarm(p->loop, &p->grace);
    if (p->tap_fd >= 0) {
        loop_unwatch(p->loop, p->tap_fd);
        close(p->tap_fd);
    }
    free(p);
}

static void on_exit_of_child(void *self, uint32_t events) {
    struct session_process *p = self;
    session_exit_fn *on_exit = p->on_exit;
    void *owner = p->self;
    (void)events;
    loop_unwatch(p->loop, p->child.pid_fd);
    int status = 0;
    if (p->is_adopted) {
        close(p->child.pid_fd);
    } else {
        status = child_reap(&p->child);
    }
    process_free(p);
    on_exit(owner, status);
}

/* To its whole group; of an adopted one through the pidfd first, because its number may be somebody else's by now. */
static void signal_group(struct session_process *p, int signal_number) {
    if (!p->is_adopted) {
        child_signal(&p->child, signal_number);
    } else if (syscall(SYS_pidfd_send_signal, p->child.pid_fd, signal_number, NULL, 0) == 0) {
        kill(-p->child.pid, signal_number);
    }
}

/* With all that it has started, while the tree still shows it: of a process that was adopted, what it leaves does not
 * become ours but init's. Stopped first, so that nothing new is made meanwhile. */
static void kill_all(struct session_process *p) {
    if (syscall(SYS_pidfd_send_signal, p->child.pid_fd, SIGSTOP, NULL, 0) == 0) {
        size_t left = reaper_kill_below(p->child.pid, KILL_MS);
        log_warn("agent.launcher", "session_process_killed", "pid=%d left=%zu", (int)p->child.pid, left);
    }
    signal_group(p, SIGKILL);
}

static void on_grace(void *self) {
    kill_all(self);
}

static struct session_port *list_ports(const struct agent_config *config, size_t *count) {
    size_t rows = 0;
    for (const struct agent_forward *f = config->forwards; f != NULL; f = f->next) {
        rows++;
    }
    struct session_port *ports = mem_alloc((rows + 1) * sizeof *ports);
    *count = 0;
    for (const struct agent_forward *f = config->forwards; f != NULL; f = f->next) {
        ports[(*count)++] = (struct session_port){.name = f->name,
                                                  .host = f->host,
                                                  .port = f->port,
                                                  .kind = f->kind,
                                                  .bytes_max = f->bytes_max,
                                                  .connections_max = f->connections_max,
                                                  .is_view_only = f->is_view_only};
    }
    return ports;
}

static void print_grant(const struct agent_config *config, const struct session_order *order, struct buf *out) {
    size_t count = 0;
    for (const struct agent_diagnostic *d = config->diagnostics; d != NULL; d = d->next) {
        count++;
    }
    struct session_diagnostic *rows = mem_alloc((count + 1) * sizeof *rows);
    struct session_grant grant = {.session = order->session,
                                  .device = config->device,
                                  .agent = AGENT_VERSION,
                                  .url = order->url,
                                  .token = order->token,
                                  .ca = config->session_gateway_ca,
                                  .cert = config->cert,
                                  .key = config->key,
                                  .capabilities = order->capabilities,
                                  .consent_method = order->consent_method,
                                  .consent_by = order->consent_by,
                                  .consent_statement = order->consent_statement,
                                  .consent_signature = order->consent_signature,
                                  .consent_key = order->consent_key,
                                  .consent_point = order->consent_point,
                                  .consent_at_ms = order->consent_at_ms,
                                  .consent_until_ms = order->consent_at_ms + order->duration_ms,
                                  .duration_ms = order->duration_ms,
                                  .idle_ms = IDLE_MS,
                                  .observe_least_ms = config->observe_least_ms,
                                  .shell = config->session_shell,
                                  .shell_user = config->session_shell_user,
                                  .diagnostics = rows,
                                  .files_roots = config->files_roots};
    grant.ports = list_ports(config, &grant.port_count);
    for (const struct agent_diagnostic *d = config->diagnostics; d != NULL; d = d->next) {
        rows[grant.diagnostic_count++] = (struct session_diagnostic){.name = d->name,
                                                                     .title = d->title,
                                                                     .argv = d->argv,
                                                                     .limit_ms = d->time_limit_ms,
                                                                     .args = d->args,
                                                                     .in_bundle = d->in_bundle};
    }
    if ((order->capabilities & CAPABILITY_BIT(CAPABILITY_CONFIGURE)) != 0) {
        grant.parameters = config->parameters; /* borrowed */
    }
    session_grant_print(&grant, out);
    free(grant.ports);
    free(rows);
}

/* A pipe that holds the whole grant, so that writing it cannot block. */
static bool hand_over(struct child *child, const struct buf *grant) {
    bool is_given = !grant->overflow && fcntl(child->input_fd, F_SETPIPE_SZ, 2 * SESSION_GRANT_BYTES) > 0 &&
                    write(child->input_fd, grant->data, grant->count) == (ssize_t)grant->count;
    close(child->input_fd);
    child->input_fd = -1;
    return is_given;
}

static enum result start_child(const struct agent_config *config, int tap_fd, const struct buf *grant,
                               struct child *out, struct fault *fault) {
    static char *const env[] = {(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                (char *)"LANG=C.UTF-8", NULL};
    char *argv[] = {config->session_program, NULL};
    struct child_options options = {
        .argv = argv, .env = env, .wants_input = true, .is_detached = true, .extra_fd = tap_fd};
    struct child child;
    enum result result = child_start(&options, &child, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (!hand_over(&child, grant)) {
        child_signal(&child, SIGKILL);
        (void)child_reap(&child);
        return fault_set(fault, RESULT_IO, "%s could not be given its grant", config->session_program);
    }
    *out = child;
    return RESULT_OK;
}

enum result session_process_start(struct loop *loop, const struct agent_config *config,
                                  const struct session_order *order, session_exit_fn *on_exit, void *self,
                                  struct session_process **out, struct fault *fault) {
    struct session_process *p = mem_alloc(sizeof *p);
    int tap[2] = {-1, -1};
    struct buf grant;
    enum result result;
    *p = (struct session_process){.loop = loop, .on_exit = on_exit, .self = self};
    buf_init(&grant, SESSION_GRANT_BYTES);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, tap) != 0) {
        result = fault_set(fault, RESULT_IO, "no socket for live lines: %s", strerror(errno));
        goto out;
    }
    print_grant(config, order, &grant);
    if ((result = start_child(config, tap[1], &grant, &p->child, fault)) != RESULT_OK) {
        goto out;
    }
    if (loop_watch(loop, p->child.pid_fd, EPOLLIN, on_exit_of_child, p) != RESULT_OK) {
        child_signal(&p->child, SIGKILL);
        (void)child_reap(&p->child);
        result = fault_set(fault, RESULT_FULL, "too many descriptors are watched");
        goto out;
    }
    p->tap_fd = tap[0];
    tap[0] = -1;
    *out = p;
    p = NULL;
out:
    buf_wipe(&grant);
    free(p);
    if (tap[0] >= 0) {
        close(tap[0]);
    }
    if (tap[1] >= 0) {
        close(tap[1]);
    }
    return result;
}

/* Whatever it says, what it may ask for is bounded; what is no question is not answered. */
static void on_tap(void *self, uint32_t events) {
    struct session_process *p = self;
    char text[TAP_WATCH_BYTES];
    struct tap_watch watch;
    struct fault fault;
    (void)events;
    ssize_t n = recv(p->tap_fd, text, sizeof text, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        loop_unwatch(p->loop, p->tap_fd); /* it ends */
    } else if (n > 0 && tap_watch_read(text, (size_t)n, &watch, &fault) == RESULT_OK) {
        p->on_watch(p->self, &watch);
    } else if (n > 0) {
        log_warn("agent.launcher", "bad_watch", "pid=%d reason=%s", (int)p->child.pid, log_text(fault.text));
    }
}

void session_process_on_watch(struct session_process *p, session_watch_fn *on_watch) {
    p->on_watch = on_watch;
    if (loop_watch(p->loop, p->tap_fd, EPOLLIN, on_tap, p) != RESULT_OK) {
        log_warn("agent.launcher", "no_live_lines", "pid=%d", (int)p->child.pid);
    }
}

pid_t session_process_pid(const struct session_process *p) {
    return p->child.pid;
}

void session_process_tap(struct session_process *p, const char *line, size_t bytes) {
    ssize_t ignored = p->tap_fd < 0 ? -1 : send(p->tap_fd, line, bytes, MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)ignored; /* full, or gone: this session loses the line */
}

void session_process_end(struct session_process *p) {
    signal_group(p, SIGTERM);
    loop_arm(p->loop, &p->grace, SESSION_END_GRACE_MS, on_grace, p);
}

void session_process_stop(struct session_process *p, enum session_stop why) {
    signal_group(p, why == SESSION_STOP_OWNER ? SIGUSR1 : SIGUSR2);
    loop_arm(p->loop, &p->grace, SESSION_STOP_GRACE_MS, on_grace, p);
}

/* ---- of an earlier run ---- */

/* Field 22 of /proc/PID/stat; the name in field 2 may hold blanks and brackets, so it is counted from its end. */
uint64_t session_process_started(pid_t pid) {
    char path[64], text[1024];
    int64_t ticks;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t bytes = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0) {
        close(fd);
    }
    text[bytes > 0 ? bytes : 0] = '\0';
    const char *at = strrchr(text, ')');
    for (int field = 2; at != NULL && field < 22; field++) {
        at = strchr(at + 1, ' ');
    }
    return at != NULL && number_i64(at + 1, strcspn(at + 1, " "), 1, INT64_MAX, &ticks) ? (uint64_t)ticks : 0;
}

enum result session_process_adopt(struct loop *loop, pid_t pid, uint64_t started, session_exit_fn *on_exit, void *self,
                                  struct session_process **out, struct fault *fault) {
    int pid_fd = (int)syscall(SYS_pidfd_open, pid, 0);
    if (pid_fd < 0 || started == 0 || session_process_started(pid) != started) {
        if (pid_fd >= 0) {
            close(pid_fd);
        }
        return fault_set(fault, RESULT_NOT_FOUND, "process %d has ended", (int)pid);
    }
    struct session_process *p = mem_alloc(sizeof *p);
    *p = (struct session_process){.loop = loop,
                                  .on_exit = on_exit,
                                  .self = self,
                                  .is_adopted = true,
                                  .tap_fd = -1,
                                  .child = {.pid = pid, .pid_fd = pid_fd, .input_fd = -1, .output_fd = -1}};
    if (loop_watch(loop, pid_fd, EPOLLIN, on_exit_of_child, p) != RESULT_OK) {
        close(pid_fd);
        free(p);
        return fault_set(fault, RESULT_FULL, "too many descriptors are watched");
    }
    *out = p;
    return RESULT_OK;
}

void session_process_leave(struct session_process *p, bool is_ended) {
    if (p == NULL) {
        return;
    }
    loop_unwatch(p->loop, p->child.pid_fd);
    if (is_ended) {
        struct pollfd exit = {.fd = p->child.pid_fd, .events = POLLIN};
        signal_group(p, SIGTERM);
        if (poll(&exit, 1, SESSION_END_GRACE_MS) != 1) {
            kill_all(p);
        }
    }
    if (is_ended && !p->is_adopted) {
        (void)child_reap(&p->child);
    } else {
        close(p->child.pid_fd);
    }
    process_free(p);
}
