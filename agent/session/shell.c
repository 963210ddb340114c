/* Starts the shell of a terminal. The steps of login(1) that matter here: a new session, the terminal as its
 * controlling one, the user, the home directory, a fresh environment. PDEATHSIG ends it with us, should we be killed:
 * what a SIGKILL of the session process can leave behind is only what detached itself on purpose. */
#include "session/shell.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "session/account.h"

enum { ENV_ROWS = 9, PTS_BYTES = 64 };

/* Everything that the child needs, made before the fork. */
struct plan {
    struct account account;
    char pts[PTS_BYTES];
    char *env[ENV_ROWS];
    char *const *argv;
    const char *banner; /* "" for none */
    int failure[2];
};

static void plan_fini(struct plan *plan) {
    for (size_t i = 0; i < ENV_ROWS; i++) {
        free(plan->env[i]);
    }
    for (size_t i = 0; i < 2; i++) {
        if (plan->failure[i] >= 0) {
            close(plan->failure[i]);
        }
    }
}

static char *variable(const char *name, const char *value) {
    struct buf text;
    buf_init(&text, 4096);
    buf_printf(&text, "%s=%s", name, value);
    char *copy = mem_strdup(buf_text(&text));
    buf_fini(&text);
    return copy;
}

static void plan_env(struct plan *plan, const struct pty_options *options) {
    size_t i = 0;
    plan->env[i++] = mem_strdup("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    plan->env[i++] = mem_strdup("LANG=C.UTF-8");
    plan->env[i++] = variable("TERM", options->term);
    plan->env[i++] = variable("SHELL", options->argv[0]);
    plan->env[i++] = variable("HOME", plan->account.home);
    plan->env[i++] = variable("USER", plan->account.name);
    plan->env[i++] = variable("LOGNAME", plan->account.name);
    plan->env[i++] = variable("FIELDLINE_SESSION", options->session);
    plan->env[i] = NULL;
}

static int open_master(const struct pty_options *options, struct plan *plan) {
    struct winsize size = {.ws_col = (unsigned short)options->columns, .ws_row = (unsigned short)options->rows};
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (fd >= 0 && (grantpt(fd) != 0 || unlockpt(fd) != 0 || ptsname_r(fd, plan->pts, sizeof plan->pts) != 0 ||
                    ioctl(fd, TIOCSWINSZ, &size) != 0 || fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
                    (plan->account.must_become && chown(plan->pts, plan->account.uid, plan->account.gid) != 0))) {
        int why = errno;
        close(fd);
        errno = why;
        fd = -1;
    }
    return fd;
}

/* In the child: only what is safe after fork. */
static bool settle_in(const struct plan *plan) {
    struct rlimit no_core = {0, 0};
    sigset_t none;
    for (int i = 1; i < NSIG; i++) {
        signal(i, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (setsid() < 0) {
        return false;
    }
    int terminal = open(plan->pts, O_RDWR);
    if (terminal < 0 || ioctl(terminal, TIOCSCTTY, 0) != 0 || dup2(terminal, 0) < 0 || dup2(terminal, 1) < 0 ||
        dup2(terminal, 2) < 0 || close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) {
        return false;
    }
    umask(022);
    /* A change of user clears PDEATHSIG, so it comes last. */
    return setrlimit(RLIMIT_CORE, &no_core) == 0 && account_become(&plan->account) &&
           prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && (chdir(plan->account.home) == 0 || chdir("/") == 0);
}

/* Much shorter than a terminal's buffer, so it goes in at once. */
static bool show_banner(const struct plan *plan) {
    size_t count = strlen(plan->banner);
    return write(1, plan->banner, count) == (ssize_t)count;
}

_Noreturn static void become(const struct plan *plan, pid_t parent) {
    if (settle_in(plan) && getppid() == parent && show_banner(plan)) {
        execve(plan->argv[0], plan->argv, plan->env);
    }
    int why = errno;
    ssize_t ignored = write(plan->failure[1], &why, sizeof why);
    (void)ignored;
    _exit(127);
}

static int wait_for_exec(int fd) {
    int why = 0;
    ssize_t n;
    do {
        n = read(fd, &why, sizeof why);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof why ? why : 0;
}

static enum result start(struct plan *plan, struct shell *shell, struct fault *fault) {
    pid_t parent = getpid();
    if (pipe2(plan->failure, O_CLOEXEC) != 0 || (shell->pid = fork()) < 0) {
        return fault_set(fault, RESULT_IO, "%s: %s", plan->argv[0], strerror(errno));
    }
    if (shell->pid == 0) {
        become(plan, parent);
    }
    close(plan->failure[1]);
    plan->failure[1] = -1;
    int why = wait_for_exec(plan->failure[0]);
    shell->pid_fd = why == 0 ? pidfd_open(shell->pid, 0) : -1;
    if (shell->pid_fd < 0) {
        why = why != 0 ? why : errno;
        kill(shell->pid, SIGKILL);
        waitpid(shell->pid, NULL, 0);
        return fault_set(fault, RESULT_IO, "%s: %s", plan->argv[0], strerror(why));
    }
    return RESULT_OK;
}

enum result shell_start(const struct pty_options *options, struct shell *out, struct fault *fault) {
    struct plan plan = {
        .argv = options->argv, .banner = options->banner != NULL ? options->banner : "", .failure = {-1, -1}};
    struct shell shell = {.pid = -1, .pid_fd = -1, .master_fd = -1};
    enum result result = account_find(options->user, &plan.account, fault);
    if (result != RESULT_OK) {
        return result;
    }
    plan_env(&plan, options);
    shell.master_fd = open_master(options, &plan);
    if (shell.master_fd < 0) {
        result = fault_set(fault, RESULT_IO, "no pseudo-terminal: %s", strerror(errno));
    } else if ((result = start(&plan, &shell, fault)) != RESULT_OK) {
        close(shell.master_fd);
    } else {
        *out = shell;
    }
    plan_fini(&plan);
    return result;
}

void shell_signal(const struct shell *shell, int signal_number) {
    kill(-shell->pid, signal_number);
}

struct shell_end shell_end(const struct shell *shell) {
    siginfo_t info = {0};
    shell_signal(shell, SIGKILL);
    while (waitid(P_PIDFD, (id_t)shell->pid_fd, &info, WEXITED | WNOWAIT) < 0 && errno == EINTR) {
    }
    if (info.si_code == CLD_EXITED) {
        return (struct shell_end){.status = info.si_status};
    }
    return (struct shell_end){.status = -1, .signal_number = info.si_status};
}

void shell_reap(struct shell *shell) {
    shell_signal(shell, SIGKILL);
    while (waitid(P_PIDFD, (id_t)shell->pid_fd, &(siginfo_t){0}, WEXITED) < 0 && errno == EINTR) {
    }
    close(shell->pid_fd);
    close(shell->master_fd);
    *shell = (struct shell){.pid = -1, .pid_fd = -1, .master_fd = -1};
}
