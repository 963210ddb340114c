/* Goes through a list of values, one after the other: writes each and reads it back, or reads each. Setting a change,
 * putting it back and listing all are walks. Loop thread only. */
#pragma once
#include "param_io.h"

struct param_stop { /* one place of the way */
    const struct param *param;
    bool is_write;
    struct parameter_value value; /* to be written; or what was read */
    bool has_value;               /* it was read, or written and read back */
    struct fault why;             /* unless */
};
struct param_walk;
/* `failed`: how many stops have no value. `stops` is the caller's; called once, from the loop; the walk is gone then.
 */
typedef void param_walk_fn(void *self, size_t failed);
struct param_walk_options {
    struct param_stop *stops; /* outlives the walk */
    size_t count;
    bool goes_on;       /* after a stop that failed; else the rest is left alone */
    bool is_first_back; /* the last one first */
};
struct param_walk *param_walk_start(struct loop *loop, const struct param_walk_options *options, param_walk_fn *done,
                                    void *self);
/* Kills the program that runs; `done` is not called. NULL is fine. */
void param_walk_cancel(struct param_walk *walk);
