/* Starts programs. fork and execve rather than posix_spawn, which can neither close what it does not know (close_range)
 * nor report which of its steps failed. Between the two only calls that are safe after a fork in a threaded program.
 *
 * The group is killed before its leader is reaped, because as long as the leader is a zombie its number, which is the
 * group's, cannot be anybody else's. */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fieldline/log.h"

/* What only the child uses, and what only we use. */
struct plumbing {
    int input[2], output[2], failure[2]; /* [0] read end */
};

static void close_fd(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

static void close_all(struct plumbing *p) {
    int *ends[] = {p->input, p->output, p->failure};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        close_fd(&ends[i][0]);
        close_fd(&ends[i][1]);
    }
}

static bool open_all(const struct child_options *options, struct plumbing *p) {
    *p = (struct plumbing){{-1, -1}, {-1, -1}, {-1, -1}};
    return (!options->wants_input || pipe2(p->input, O_CLOEXEC) == 0) &&
           (!options->wants_output || pipe2(p->output, O_CLOEXEC) == 0) && pipe2(p->failure, O_CLOEXEC) == 0;
}

static void default_signals(void) {
    sigset_t none;
    for (int i = 1; i < NSIG; i++) {
        signal(i, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* In the child. A pipe end that happens to be 0..3 already would be overwritten by dup2: all are moved up first. */
static bool arrange(const struct child_options *options, struct plumbing *p, int *failure) {
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    int in = fcntl(options->wants_input ? p->input[0] : null, F_DUPFD_CLOEXEC, 10);
    int out = fcntl(options->wants_output ? p->output[1] : STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    int extra = options->extra_fd >= 0 ? fcntl(options->extra_fd, F_DUPFD_CLOEXEC, 10) : -1;
    *failure = fcntl(p->failure[1], F_DUPFD_CLOEXEC, 10);
    if (in < 0 || out < 0 || *failure < 0 || (options->extra_fd >= 0 && extra < 0) || dup2(in, STDIN_FILENO) < 0 ||
        dup2(out, STDOUT_FILENO) < 0) {
        return false;
    }
    if (options->wants_output && options->joins_stderr && dup2(out, STDERR_FILENO) < 0) {
        return false;
    }
    /* execve closes the rest: it is marked, whoever opened it. */
    unsigned first_unnamed = extra >= 0 ? 4 : 3;
    return (extra < 0 || dup2(extra, 3) == 3) && close_range(first_unnamed, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

/* Its place among the processes: a group of its own in any case. */
static bool place(const struct child_options *options, pid_t parent) {
    if (options->is_detached) {
        return setsid() >= 0;
    }
    return setpgid(0, 0) == 0 && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

_Noreturn static void become(const struct child_options *options, struct plumbing *p, pid_t parent) {
    int failure = p->failure[1];
    default_signals();
    if (place(options, parent) && arrange(options, p, &failure)) {
        execve(options->argv[0], options->argv, options->env);
    }
    int why = errno;
    ssize_t ignored = write(failure, &why, sizeof why);
    (void)ignored;
    _exit(127);
}

/* The failure pipe closes by itself when execve succeeds. */
static int wait_for_exec(int fd) {
    int why = 0;
    ssize_t n;
    do {
        n = read(fd, &why, sizeof why);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof why ? why : 0;
}

enum result child_start(const struct child_options *options, struct child *out, struct fault *fault) {
    struct plumbing p;
    struct child child = {.pid = -1, .pid_fd = -1, .input_fd = -1, .output_fd = -1};
    pid_t parent = getpid();
    enum result result = RESULT_OK;
    if (!open_all(options, &p) || (child.pid = fork()) < 0) {
        result = fault_set(fault, RESULT_IO, "%s: %s", options->argv[0], strerror(errno));
        goto out;
    }
    if (child.pid == 0) {
        become(options, &p, parent);
    }
    close_fd(&p.failure[1]);
    int why = wait_for_exec(p.failure[0]);
    child.pid_fd = why == 0 ? pidfd_open(child.pid, 0) : -1;
    if (child.pid_fd < 0) {
        result = fault_set(fault, RESULT_IO, "%s: %s", options->argv[0], strerror(why != 0 ? why : errno));
        kill(child.pid, SIGKILL);
        waitpid(child.pid, NULL, 0);
        goto out;
    }
    child.input_fd = p.input[1];
    child.output_fd = p.output[0];
    p.input[1] = p.output[0] = -1;
    if ((child.input_fd >= 0 && fcntl(child.input_fd, F_SETFL, O_NONBLOCK) != 0) ||
        (child.output_fd >= 0 && fcntl(child.output_fd, F_SETFL, O_NONBLOCK) != 0)) {
        log_warn("agent.child", "nonblock_failed", "program=%s", log_text(options->argv[0]));
    }
    *out = child;
out:
    close_all(&p);
    return result;
}

void child_signal(const struct child *child, int signal_number) {
    kill(-child->pid, signal_number);
}

int child_reap(struct child *child) {
    siginfo_t info = {0};
    child_signal(child, SIGKILL);
    while (waitid(P_PIDFD, (id_t)child->pid_fd, &info, WEXITED) < 0 && errno == EINTR) {
    }
    close_fd(&child->pid_fd);
    close_fd(&child->input_fd);
    close_fd(&child->output_fd);
    child->pid = -1;
    return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}
