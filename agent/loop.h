/* The agent's one thread: file descriptors and timers, on epoll. Everything in the resident agent but Paho's own
 * threads runs here; Paho's callbacks copy what they got into a mailbox whose eventfd is watched here. Children are
 * watched through a pidfd, signals through a signalfd: both are file descriptors. */
#pragma once
#include <stdint.h>

#include "fieldline/result.h"

struct loop;
struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* Called with the ready epoll events (EPOLLIN, ...). A callback may remove any watch, its own too. */
typedef void loop_fd_fn(void *self, uint32_t events);
FL_CHECK enum result loop_watch(struct loop *loop, int fd, uint32_t events, loop_fd_fn *fn, void *self);
void loop_unwatch(struct loop *loop, int fd); /* does not close it */

/* A timer lives in its owner's struct; arming it again moves it. `fn` runs once per arming. */
typedef void loop_timer_fn(void *self);
struct loop_timer {
    struct loop_timer *next;
    int64_t due_mono_ms;
    loop_timer_fn *fn;
    void *self;
    bool is_armed;
};
void loop_arm(struct loop *loop, struct loop_timer *timer, int64_t after_ms, loop_timer_fn *fn, void *self);
void loop_disarm(struct loop *loop, struct loop_timer *timer);

/* Until loop_stop. */
FL_CHECK enum result loop_run(struct loop *loop);
void loop_stop(struct loop *loop);
