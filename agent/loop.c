/* The agent's one thread: epoll and timers.
 *
 * Watches live in an array indexed by file descriptor, so that an event of a descriptor that was unwatched earlier in
 * the same round is simply not there any more; a generation number keeps an event from reaching a new watch that got
 * the same descriptor. Timers are a sorted list: the agent has a few dozen at most, and a heap or wheel would be more
 * code than the walk costs. The timeout of epoll_wait is computed from the first timer; a timerfd was left because it
 * adds a system call to every arming. Only the loop thread calls anything here. */
#include "loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "fieldline/bytes.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"

enum { ROUND_EVENTS = 32, WATCH_MAX = 4096 };

struct watch {
    loop_fd_fn *fn; /* NULL: free */
    void *self;
    uint32_t generation;
};

struct loop {
    int epoll_fd;
    struct watch *watches; /* by descriptor */
    size_t watch_room;
    struct loop_timer *timers; /* by due_mono_ms */
    bool is_stopping;
};

struct loop *loop_new(void) {
    struct loop *loop = mem_alloc(sizeof *loop);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0) {
        die("agent.loop", "epoll_create1: %s", strerror(errno));
    }
    return loop;
}

void loop_free(struct loop *loop) {
    if (loop == NULL) {
        return;
    }
    close(loop->epoll_fd);
    free(loop->watches);
    free(loop);
}

enum result loop_watch(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *self) {
    if (fd < 0 || fd >= WATCH_MAX) {
        return RESULT_FULL;
    }
    if ((size_t)fd >= loop->watch_room) {
        size_t room = (size_t)fd + 16;
        loop->watches = mem_realloc(loop->watches, room * sizeof *loop->watches);
        memset(loop->watches + loop->watch_room, 0, (room - loop->watch_room) * sizeof *loop->watches);
        loop->watch_room = room;
    }
    struct watch *w = &loop->watches[fd];
    bool is_new = w->fn == NULL;
    uint32_t generation = is_new ? w->generation + 1 : w->generation;
    struct epoll_event event = {.events = events, .data.u64 = (uint64_t)generation << 32 | (uint32_t)fd};
    if (epoll_ctl(loop->epoll_fd, is_new ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) != 0) {
        return RESULT_IO;
    }
    *w = (struct watch){.fn = fn, .self = self, .generation = generation};
    return RESULT_OK;
}

void loop_unwatch(struct loop *loop, int fd) {
    if (fd < 0 || (size_t)fd >= loop->watch_room || loop->watches[fd].fn == NULL) {
        return;
    }
    loop->watches[fd].fn = NULL;
    epoll_ctl(loop->epoll_fd, EPOLL_CTL_DEL, fd, NULL); /* fails when the owner closed it first; then it is gone too */
}

void loop_disarm(struct loop *loop, struct loop_timer *timer) {
    if (!timer->is_armed) {
        return;
    }
    struct loop_timer **at = &loop->timers;
    while (*at != timer) {
        at = &(*at)->next;
    }
    *at = timer->next;
    timer->is_armed = false;
}

void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t after_ms, loop_timer_fn *fn, void *self) {
    loop_disarm(loop, timer);
    *timer = (struct loop_timer){
        .due_mono_ms = clock_mono_ms() + (after_ms > 0 ? after_ms : 0), .fn = fn, .self = self, .is_armed = true};
    struct loop_timer **at = &loop->timers;
    while (*at != NULL && (*at)->due_mono_ms <= timer->due_mono_ms) {
        at = &(*at)->next;
    }
    timer->next = *at;
    *at = timer;
}

static int wait_ms(const struct loop *loop) {
    if (loop->timers == NULL) {
        return -1;
    }
    int64_t left = loop->timers->due_mono_ms - clock_mono_ms();
    return left <= 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

/* Timers armed by a timer's callback wait for the next round, so that one that re-arms with 0 cannot starve the rest.
 */
static void run_timers(struct loop *loop) {
    int64_t now = clock_mono_ms();
    for (size_t left = 64; left > 0 && loop->timers != NULL && loop->timers->due_mono_ms <= now; left--) {
        struct loop_timer *timer = loop->timers;
        loop->timers = timer->next;
        timer->is_armed = false;
        timer->fn(timer->self);
    }
}

enum result loop_run(struct loop *loop) {
    struct epoll_event events[ROUND_EVENTS];
    loop->is_stopping = false;
    while (!loop->is_stopping) {
        int ready = epoll_wait(loop->epoll_fd, events, ROUND_EVENTS, wait_ms(loop));
        if (ready < 0 && errno != EINTR) {
            return RESULT_IO;
        }
        for (int i = 0; i < ready; i++) {
            size_t fd = (uint32_t)events[i].data.u64;
            struct watch w = loop->watches[fd];
            if (w.fn != NULL && w.generation == events[i].data.u64 >> 32) {
                w.fn(w.self, events[i].events);
            }
        }
        run_timers(loop);
    }
    return RESULT_OK;
}

void loop_stop(struct loop *loop) {
    loop->is_stopping = true;
}
