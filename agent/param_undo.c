/* The way back, from the journal alone: nothing that the session remembered is needed. Goes on after a value that
 * cannot be put back, so that as many as possible are right, and says that it is not whole. */
#include "param_undo.h"

#include <stdlib.h>

struct param_undo {
    struct param_walk *walk;
    struct param_stop stops[CHANGE_VALUES_MAX];
    size_t count;
    struct fault why; /* of a value that has no stop */
    bool has_lost;
    param_undo_fn *done;
    void *self;
};

static void on_walked(void *self, size_t failed) {
    struct param_undo *u = self;
    param_undo_fn *done = u->done;
    void *owner = u->self;
    struct fault why = u->why;
    bool is_undone = failed == 0 && !u->has_lost;
    for (size_t i = 0; i < u->count && failed > 0; i++) {
        if (!u->stops[i].has_value) {
            why = u->stops[i].why;
        }
    }
    free(u);
    done(owner, is_undone, &why);
}

struct param_undo *param_undo_start(struct loop *loop, const struct param_set *set, const struct param_journal *journal,
                                    param_undo_fn *done, void *self) {
    struct param_undo *u = mem_alloc(sizeof *u);
    u->done = done;
    u->self = self;
    for (size_t i = 0; i < journal->count; i++) {
        const struct param *param = param_find(set, journal->values[i].name);
        if (param == NULL || !param->is_writable || param->form.type != journal->values[i].before.type) {
            u->has_lost = true;
            fault_set(&u->why, RESULT_NOT_FOUND, "%s: the configuration has no such parameter any more",
                      journal->values[i].name);
            continue;
        }
        u->stops[u->count++] =
            (struct param_stop){.param = param, .is_write = true, .value = journal->values[i].before};
    }
    struct param_walk_options options = {.stops = u->stops, .count = u->count, .goes_on = true, .is_first_back = true};
    u->walk = param_walk_start(loop, &options, on_walked, u);
    return u;
}

void param_undo_cancel(struct param_undo *u) {
    if (u != NULL) {
        param_walk_cancel(u->walk);
        free(u);
    }
}
