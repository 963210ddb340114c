/* A walk over stops. A stop that is written is read back at once and compared: what a product answers to "set" is worth
 * nothing, what it says afterwards is. One program runs at a time, because those of one maker often share a device. */
#include "param_walk.h"

#include <stdlib.h>

struct param_walk {
    struct loop *loop;
    struct param_walk_options options;
    param_walk_fn *done;
    void *self;
    struct param_io *io;
    struct loop_timer timer; /* the next step */
    size_t taken, failed;
    bool is_reading_back;
};

static struct param_stop *stop_of(struct param_walk *w) {
    size_t last = w->options.count - 1;
    return &w->options.stops[w->options.is_first_back ? last - w->taken : w->taken];
}

static void on_step(void *self);

static void next(struct param_walk *w, bool is_good) {
    w->is_reading_back = false;
    w->failed += !is_good;
    w->taken++;
    if (!is_good && !w->options.goes_on) {
        w->failed = w->options.count - w->taken + 1;
        w->taken = w->options.count;
    }
    loop_arm(w->loop, &w->timer, 0, on_step, w);
}

static void on_io(void *self, const struct parameter_value *value, const struct fault *why) {
    struct param_walk *w = self;
    struct param_stop *stop = stop_of(w);
    w->io = NULL;
    if (value == NULL) {
        stop->why = *why;
        fault_prefix(&stop->why, "%s", stop->param->name);
        next(w, false);
    } else if (stop->is_write && !w->is_reading_back) {
        w->is_reading_back = true;
        loop_arm(w->loop, &w->timer, 0, on_step, w);
    } else if (stop->is_write && !parameter_value_equal(value, &stop->value)) {
        char shown[PARAMETER_PRINT_BYTES], wanted[PARAMETER_PRINT_BYTES];
        parameter_value_print(value, shown);
        parameter_value_print(&stop->value, wanted);
        fault_set(&stop->why, RESULT_IO, "%s: it was set to %.60s, but is %.60s", stop->param->name, wanted, shown);
        next(w, false);
    } else {
        stop->value = *value;
        stop->has_value = true;
        next(w, true);
    }
}

static void on_step(void *self) {
    struct param_walk *w = self;
    if (w->taken == w->options.count) {
        param_walk_fn *done = w->done;
        void *owner = w->self;
        size_t failed = w->failed;
        free(w);
        done(owner, failed);
        return;
    }
    struct param_stop *stop = stop_of(w);
    enum result result = stop->is_write && !w->is_reading_back
                             ? param_write(w->loop, stop->param, &stop->value, on_io, w, &w->io, &stop->why)
                             : param_read(w->loop, stop->param, on_io, w, &w->io, &stop->why);
    if (result != RESULT_OK) {
        fault_prefix(&stop->why, "%s", stop->param->name);
        next(w, false);
    }
}

struct param_walk *param_walk_start(struct loop *loop, const struct param_walk_options *options, param_walk_fn *done,
                                    void *self) {
    struct param_walk *w = mem_alloc(sizeof *w);
    *w = (struct param_walk){.loop = loop, .options = *options, .done = done, .self = self};
    loop_arm(loop, &w->timer, 0, on_step, w);
    return w;
}

void param_walk_cancel(struct param_walk *w) {
    if (w != NULL) {
        loop_disarm(w->loop, &w->timer);
        param_io_cancel(w->io);
        free(w);
    }
}
