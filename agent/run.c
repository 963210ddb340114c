/* One program from start to end. Over when it has exited and its output is at its end; a grandchild that holds the
 * output open is given LINGER_MS and then killed with the rest of the group. Output that is held (run_hold) is waited
 * for as long as the program's time lasts, no longer. Loop thread only. */
#include "run.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "child.h"
#include "fieldline/clock.h"

enum { LINGER_MS = 500, READ_BYTES = 4096 };

struct run {
    struct loop *loop;
    struct child child;
    struct loop_timer timer;
    run_done_fn *done;
    void *self;
    int64_t started_mono_ms, limit_ms;
    bool has_exited, is_late, is_cut, is_held;
    struct buf input, output;
    size_t written;
    void (*piece)(void *self, const uint8_t *bytes, size_t count);
    size_t handed_over, cap_bytes;
};

static void close_input(struct run *run) {
    if (run->child.input_fd >= 0) {
        loop_unwatch(run->loop, run->child.input_fd);
        close(run->child.input_fd);
        run->child.input_fd = -1;
    }
}

static void close_output(struct run *run) {
    if (run->child.output_fd >= 0) {
        loop_unwatch(run->loop, run->child.output_fd);
        close(run->child.output_fd);
        run->child.output_fd = -1;
    }
}

static void finish(struct run *run) {
    struct run_outcome outcome = {.is_late = run->is_late, .is_cut = run->is_cut};
    close_input(run);
    close_output(run);
    loop_disarm(run->loop, &run->timer);
    loop_unwatch(run->loop, run->child.pid_fd);
    outcome.status = child_reap(&run->child);
    outcome.took_ms = clock_mono_ms() - run->started_mono_ms;
    outcome.output = (const uint8_t *)buf_text(&run->output);
    outcome.output_count = run->output.count;
    if (run->done != NULL) {
        run->done(run->self, &outcome);
    }
    buf_wipe(&run->input);
    buf_wipe(&run->output);
    free(run);
}

static void on_input(void *self, uint32_t events) {
    struct run *run = self;
    (void)events;
    ssize_t n = write(run->child.input_fd, run->input.data + run->written, run->input.count - run->written);
    if (n > 0) {
        run->written += (size_t)n;
    }
    bool is_gone = n < 0 && errno != EAGAIN && errno != EINTR; /* it may answer without reading */
    if (is_gone || run->written == run->input.count) {
        close_input(run);
    }
}

static void keep_output(struct run *run, const char *bytes, size_t count) {
    size_t room = run->cap_bytes - (run->piece != NULL ? run->handed_over : run->output.count);
    if (count > room) {
        run->is_cut = true;
        count = room;
    }
    if (run->piece == NULL) {
        buf_add(&run->output, bytes, count);
    } else if (count > 0) {
        run->handed_over += count;
        run->piece(run->self, (const uint8_t *)bytes, count);
    }
}

static void on_output(void *self, uint32_t events) {
    struct run *run = self;
    char bytes[READ_BYTES];
    (void)events;
    ssize_t n = read(run->child.output_fd, bytes, sizeof bytes);
    if (n > 0) {
        keep_output(run, bytes, (size_t)n);
    } else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
        close_output(run);
        if (run->has_exited) {
            finish(run);
        }
    }
}

static void on_linger(void *self) {
    struct run *run = self;
    if (run->is_held && clock_mono_ms() - run->started_mono_ms < run->limit_ms) {
        loop_arm(run->loop, &run->timer, LINGER_MS, on_linger, run); /* what it printed is still in the pipe */
        return;
    }
    run->is_cut = run->is_cut || run->is_held;
    finish(run);
}

static void on_exit_of_child(void *self, uint32_t events) {
    struct run *run = self;
    (void)events;
    run->has_exited = true;
    close_input(run);
    if (run->child.output_fd < 0) {
        finish(run);
        return;
    }
    loop_unwatch(run->loop, run->child.pid_fd);
    loop_arm(run->loop, &run->timer, LINGER_MS, on_linger, run);
}

static void on_late(void *self) {
    struct run *run = self;
    run->is_late = true;
    run->is_cut = run->is_cut || run->is_held; /* what it printed last is not read any more */
    child_signal(&run->child, SIGKILL);
    finish(run);
}

enum result run_start(struct loop *loop, const struct run_options *options, run_done_fn *done, void *self,
                      struct run **out, struct fault *fault) {
    struct child_options child = {.argv = options->argv,
                                  .env = options->env,
                                  .wants_input = options->input != NULL,
                                  .wants_output = true,
                                  .joins_stderr = options->joins_stderr,
                                  .extra_fd = -1};
    struct run *run = mem_alloc(sizeof *run);
    run->loop = loop;
    run->done = done;
    run->self = self;
    run->piece = options->piece;
    run->cap_bytes = options->output_cap_bytes;
    run->limit_ms = options->limit_ms;
    run->started_mono_ms = clock_mono_ms();
    buf_init(&run->input, options->input_count + 1);
    buf_init(&run->output, options->output_cap_bytes);
    enum result result = child_start(&child, &run->child, fault);
    if (result != RESULT_OK) {
        buf_wipe(&run->input);
        buf_fini(&run->output);
        free(run);
        return result;
    }
    buf_add(&run->input, options->input, options->input_count);
    loop_arm(loop, &run->timer, options->limit_ms, on_late, run);
    if (loop_watch(loop, run->child.pid_fd, EPOLLIN, on_exit_of_child, run) != RESULT_OK ||
        loop_watch(loop, run->child.output_fd, EPOLLIN, on_output, run) != RESULT_OK ||
        (options->input != NULL && loop_watch(loop, run->child.input_fd, EPOLLOUT, on_input, run) != RESULT_OK)) {
        run_cancel(run);
        return fault_set(fault, RESULT_FULL, "%s: too many descriptors are watched", options->argv[0]);
    }
    *out = run;
    return RESULT_OK;
}

void run_hold(struct run *run, bool is_held) {
    if (run->is_held == is_held || run->child.output_fd < 0) {
        return;
    }
    run->is_held = is_held;
    if (is_held) {
        loop_unwatch(run->loop, run->child.output_fd);
    } else if (loop_watch(run->loop, run->child.output_fd, EPOLLIN, on_output, run) != RESULT_OK) {
        run->is_cut = true; /* its end is still seen, through its pidfd */
    }
}

void run_cancel(struct run *run) {
    if (run != NULL) {
        run->done = NULL;
        child_signal(&run->child, SIGKILL);
        finish(run);
    }
}
