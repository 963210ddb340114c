/* Finds descendants by walking /proc. A process group or session would be enough for a shell that behaves; setsid,
 * nohup and double forks are what engineers use every day, and only the parent's number tells where those came from (we
 * are their subreaper). A cgroup would be simpler; an unprivileged agent has none of its own.
 *
 * A child that forks while we kill is caught by going round again until nothing is left. Blocking is fine here: it is
 * the last thing a session does, and the link to the gateway has a thread of its own. */
#include "reaper.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fieldline/bytes.h"
#include "fieldline/clock.h"
#include "fieldline/number.h"

enum { PROCESSES_MAX = 65536, STAT_BYTES = 512, PAUSE_US = 5000 };

struct process {
    pid_t pid, parent, session;
    char state;
    bool is_ours;
};

struct census {
    struct process *list;
    size_t count, room;
};

enum result reaper_start(struct fault *fault) {
    return prctl(PR_SET_CHILD_SUBREAPER, 1) == 0
               ? RESULT_OK
               : fault_set(fault, RESULT_IO, "cannot adopt orphans: %s", strerror(errno));
}

/* /proc/PID/stat: "PID (name) state parent group session ..."; the name may hold anything but ends at the last ')'. */
static bool read_process(const char *name, struct process *out) {
    char path[300], text[STAT_BYTES];
    int64_t pid;
    int parent, group, session;
    if (!number_i64(name, strlen(name), 1, INT32_MAX, &pid)) {
        return false;
    }
    snprintf(path, sizeof path, "/proc/%s/stat", name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0) {
        close(fd);
    }
    if (n <= 0) {
        return false;
    }
    text[n] = '\0';
    const char *end = strrchr(text, ')');
    *out = (struct process){.pid = (pid_t)pid};
    if (end == NULL || sscanf(end + 1, " %c %d %d %d", &out->state, &parent, &group, &session) != 4) {
        return false;
    }
    out->parent = parent;
    out->session = session;
    return true;
}

static void take_census(struct census *c) {
    DIR *entries = opendir("/proc");
    c->count = 0;
    for (struct dirent *e; entries != NULL && (e = readdir(entries)) != NULL && c->count < PROCESSES_MAX;) {
        if (c->count == c->room) {
            c->room = c->room > 0 ? 2 * c->room : 256;
            c->list = mem_realloc(c->list, c->room * sizeof *c->list);
        }
        c->count += read_process(e->d_name, &c->list[c->count]);
    }
    if (entries != NULL) {
        closedir(entries);
    }
}

static bool is_marked(const struct census *c, pid_t pid) {
    for (size_t i = 0; i < c->count; i++) {
        if (c->list[i].pid == pid) {
            return c->list[i].is_ours;
        }
    }
    return false;
}

/* From the roots, which are marked, down: children, their children, until nothing new is found. */
static void mark_descendants(struct census *c) {
    for (bool is_new = true; is_new;) {
        is_new = false;
        for (size_t i = 0; i < c->count; i++) {
            struct process *p = &c->list[i];
            if (!p->is_ours && is_marked(c, p->parent)) {
                p->is_ours = is_new = true;
            }
        }
    }
}

static void mark_children(struct census *c) {
    for (size_t i = 0; i < c->count; i++) {
        c->list[i].is_ours = c->list[i].parent == getpid();
    }
}

/* A child in another session than ours, and not one of those: inherited. */
static void mark_orphans(struct census *c, const pid_t *kept, size_t kept_count) {
    pid_t ours = getsid(0);
    for (size_t i = 0; i < c->count; i++) {
        struct process *p = &c->list[i];
        p->is_ours = p->parent == getpid() && p->session != ours;
        for (size_t k = 0; k < kept_count; k++) {
            p->is_ours = p->is_ours && p->pid != kept[k];
        }
    }
}

/* Kills what is marked (and in that session), collects those of our children that are dead. Returns how many are, or
 * just were, alive. */
static size_t kill_marked(const struct census *c, pid_t session, bool collects) {
    size_t alive = 0;
    for (size_t i = 0; i < c->count; i++) {
        const struct process *p = &c->list[i];
        if (!p->is_ours || (session > 0 && p->session != session)) {
            continue;
        }
        if (p->state != 'Z') {
            kill(p->pid, SIGKILL);
            alive++;
        } else if (collects && p->parent == getpid()) {
            waitpid(p->pid, NULL, WNOHANG);
        }
    }
    return alive;
}

static size_t kill_round(struct census *c, pid_t session) {
    take_census(c);
    mark_children(c);
    mark_descendants(c);
    return kill_marked(c, session, session == 0);
}

size_t reaper_kill(pid_t session, int wait_ms) {
    struct census census = {0};
    int64_t until = clock_mono_ms() + wait_ms;
    size_t alive = kill_round(&census, session);
    while (alive > 0 && clock_mono_ms() < until) {
        usleep(PAUSE_US);
        alive = kill_round(&census, session);
    }
    free(census.list);
    return alive;
}

static size_t kill_below_round(struct census *c, pid_t root) {
    take_census(c);
    for (size_t i = 0; i < c->count; i++) {
        c->list[i].is_ours = c->list[i].parent == root;
    }
    mark_descendants(c);
    return kill_marked(c, 0, false);
}

size_t reaper_kill_below(pid_t root, int wait_ms) {
    struct census census = {0};
    int64_t until = clock_mono_ms() + wait_ms;
    size_t alive = kill_below_round(&census, root);
    while (alive > 0 && clock_mono_ms() < until) {
        usleep(PAUSE_US);
        alive = kill_below_round(&census, root);
    }
    free(census.list);
    return alive;
}

size_t reaper_sweep(const pid_t *kept, size_t kept_count) {
    struct census census = {0};
    take_census(&census);
    mark_orphans(&census, kept, kept_count);
    mark_descendants(&census);
    size_t alive = kill_marked(&census, 0, true);
    free(census.list);
    return alive;
}
