/* The life of one terminal: bytes both ways, the ECHO flag, the end. How its shell is started: shell.c.
 *
 * ECHO is asked of the terminal itself (tcgetattr on the master) before every frame of output, because a program turns
 * it off before it prints its prompt, and every ECHO_MS besides, because not every program prints one. "Off" means off
 * in line mode: an editor or a shell that reads key by key echoes by itself and hides nothing. What is typed faster
 * than the news travels to the gateway is not masked; a person cannot.
 *
 * The end has two halves that come in either order: the shell exits, the output is read to its end. */
#include "session/pty.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "fieldline/caps.h"
#include "session/clean.h"
#include "reaper.h"
#include "session/shell.h"

enum {
    ECHO_MS = 50,
    DRAIN_MS = 300, /* after the shell's exit, for output that a background job keeps open */
    DRAIN_NO_CREDIT_MS = 2000,
    SWEEP_MS = 1000,
    READ_BYTES = CAP_FRAME_BYTES / CLEAN_GROWTH - 8,
    LEAST_CREDIT = 32
};

struct pty {
    struct loop *loop;
    const struct pty_events *events;
    void *self;
    struct shell shell;
    struct loop_timer echo_timer, end_timer;
    struct cleaner cleaner;
    struct buf output, input;
    int64_t credit_bytes;
    bool is_echo_on, has_exited, is_drained, is_paused;
};

static void pty_free(struct pty *pty) {
    loop_disarm(pty->loop, &pty->echo_timer);
    loop_disarm(pty->loop, &pty->end_timer);
    loop_unwatch(pty->loop, pty->shell.master_fd);
    loop_unwatch(pty->loop, pty->shell.pid_fd);
    (void)reaper_kill(pty->shell.pid, SWEEP_MS);
    shell_reap(&pty->shell);
    buf_wipe(&pty->input);
    buf_wipe(&pty->output);
    free(pty);
}

static void finish(struct pty *pty) {
    const struct pty_events *events = pty->events;
    void *self = pty->self;
    struct shell_end end = shell_end(&pty->shell);
    buf_reset(&pty->output);
    cleaner_end(&pty->cleaner, &pty->output);
    if (pty->output.count > 0 && pty->credit_bytes >= (int64_t)pty->output.count) {
        events->output(self, pty->output.data, pty->output.count);
    }
    pty_free(pty);
    events->closed(self, end.status, end.signal_number);
}

void pty_kill(struct pty *pty) {
    if (pty != NULL) {
        pty_free(pty);
    }
}

static void check_echo(struct pty *pty) {
    struct termios mode;
    if (tcgetattr(pty->shell.master_fd, &mode) != 0) {
        return;
    }
    bool is_on = (mode.c_lflag & ECHO) != 0 || (mode.c_lflag & ICANON) == 0;
    if (is_on != pty->is_echo_on) {
        pty->is_echo_on = is_on;
        pty->events->echo(pty->self, is_on);
    }
}

static void on_echo_timer(void *self) {
    struct pty *pty = self;
    check_echo(pty);
    loop_arm(pty->loop, &pty->echo_timer, ECHO_MS, on_echo_timer, pty);
}

static void on_master(void *self, uint32_t events);

/* A terminal that is not read is not watched either: a hang-up would be reported for ever. */
static void watch(struct pty *pty) {
    uint32_t wanted = (pty->is_paused ? 0 : EPOLLIN) | (pty->input.count > 0 ? EPOLLOUT : 0);
    if (pty->is_drained || wanted == 0) {
        loop_unwatch(pty->loop, pty->shell.master_fd);
    } else if (loop_watch(pty->loop, pty->shell.master_fd, wanted, on_master, pty) != RESULT_OK) {
        shell_signal(&pty->shell, SIGKILL);
    }
}

static void on_end_timer(void *self) {
    finish(self);
}

static void on_drained(struct pty *pty) {
    pty->is_drained = true;
    watch(pty);
    if (pty->has_exited) {
        loop_arm(pty->loop, &pty->end_timer, 0, on_end_timer, pty);
    }
}

static void read_output(struct pty *pty) {
    uint8_t bytes[READ_BYTES];
    size_t room = (size_t)(pty->credit_bytes / CLEAN_GROWTH) - sizeof pty->cleaner.held;
    ssize_t n = read(pty->shell.master_fd, bytes, room < sizeof bytes ? room : sizeof bytes);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (n <= 0) { /* EIO: nobody has the terminal open any more */
        on_drained(pty);
        return;
    }
    buf_reset(&pty->output);
    cleaner_add(&pty->cleaner, bytes, (size_t)n, &pty->output);
    check_echo(pty);
    if (pty->output.count > 0) {
        pty->credit_bytes -= (int64_t)pty->output.count;
        pty->events->output(pty->self, pty->output.data, pty->output.count);
    }
    pty->is_paused = pty->credit_bytes < LEAST_CREDIT;
}

static void write_input(struct pty *pty) {
    ssize_t n = write(pty->shell.master_fd, pty->input.data, pty->input.count);
    if (n <= 0) {
        return;
    }
    size_t taken = (size_t)n, left = pty->input.count - taken;
    memmove(pty->input.data, pty->input.data + taken, left);
    wipe(pty->input.data + left, taken);
    pty->input.count = left;
    pty->events->taken(pty->self, taken);
}

static void on_master(void *self, uint32_t events) {
    struct pty *pty = self;
    if ((events & EPOLLOUT) != 0 && pty->input.count > 0) {
        write_input(pty);
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0 && !pty->is_paused) {
        read_output(pty);
    }
    watch(pty);
}

static void on_shell_exit(void *self, uint32_t events) {
    struct pty *pty = self;
    (void)events;
    loop_unwatch(pty->loop, pty->shell.pid_fd);
    pty->has_exited = true;
    int64_t wait_ms = pty->is_drained ? 0 : pty->is_paused ? DRAIN_NO_CREDIT_MS : DRAIN_MS;
    loop_arm(pty->loop, &pty->end_timer, wait_ms, on_end_timer, pty);
}

enum result pty_open(struct loop *loop, const struct pty_options *options, const struct pty_events *events, void *self,
                     struct pty **out, struct fault *fault) {
    struct pty *pty = mem_alloc(sizeof *pty);
    *pty = (struct pty){.loop = loop, .events = events, .self = self, .is_echo_on = true, .is_paused = true};
    buf_init(&pty->output, CAP_FRAME_BYTES);
    buf_init(&pty->input, PTY_INPUT_BYTES);
    enum result result = shell_start(options, &pty->shell, fault);
    if (result != RESULT_OK) {
        buf_fini(&pty->output);
        buf_fini(&pty->input);
        free(pty);
        return result;
    }
    if (loop_watch(loop, pty->shell.pid_fd, EPOLLIN, on_shell_exit, pty) != RESULT_OK) {
        pty_free(pty);
        return fault_set(fault, RESULT_FULL, "too many descriptors are watched");
    }
    loop_arm(loop, &pty->echo_timer, ECHO_MS, on_echo_timer, pty);
    *out = pty;
    return RESULT_OK;
}

enum result pty_write(struct pty *pty, const void *bytes, size_t count) {
    if (pty->input.count + count > PTY_INPUT_BYTES) {
        return RESULT_FULL;
    }
    buf_add(&pty->input, bytes, count);
    watch(pty);
    return RESULT_OK;
}

void pty_credit(struct pty *pty, uint32_t bytes) {
    pty->credit_bytes += bytes;
    if (pty->credit_bytes > CAP_CREDIT_BYTES) {
        pty->credit_bytes = CAP_CREDIT_BYTES;
    }
    pty->is_paused = pty->credit_bytes < LEAST_CREDIT;
    watch(pty);
}

int64_t pty_room(const struct pty *pty) {
    return pty->credit_bytes;
}

void pty_resize(struct pty *pty, int columns, int rows) {
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = (unsigned short)rows};
    (void)ioctl(pty->shell.master_fd, TIOCSWINSZ, &size); /* the kernel tells the programs in it */
}

static void on_hung_up_too_long(void *self) {
    struct pty *pty = self;
    shell_signal(&pty->shell, SIGKILL); /* its exit ends the terminal */
}

void pty_hang_up(struct pty *pty) {
    if (pty->has_exited) {
        return;
    }
    shell_signal(&pty->shell, SIGHUP);
    shell_signal(&pty->shell, SIGCONT);
    loop_arm(pty->loop, &pty->end_timer, PTY_HANGUP_MS, on_hung_up_too_long, pty);
}
