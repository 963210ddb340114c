/* Runs the diagnostics that this product's configuration names: never anything else, never through a shell, each with
 * its own time limit and with arguments of the types that it declares. What a program prints is told while it runs, in
 * whole characters, and no faster than the way out takes it. Loop thread only. */
#pragma once
#include "fieldline/json.h"
#include "loop.h"
#include "session_grant.h"

enum {
    DIAGNOSE_AT_ONCE = 4,
    DIAGNOSE_PIECE_BYTES = 2048, /* of output in one message; as JSON it is at most six times as long */
    DIAGNOSE_RUN_MOST = 1 << 30  /* highest number of a run */
};
struct diagnose;
struct diagnose_owner {
    /* The result of the call `id`: {"exit":..,"truncated":..,"took_ms":..,"timed_out":..,"cancelled":..}; exit is the
     * program's status, or 128 + the number of the signal that ended it. Its output has been told before. */
    void (*answer)(void *self, int64_t id, const char *result_json, size_t bytes);
    /* The params of diagnose.output. */
    void (*output)(void *self, const char *params_json, size_t bytes);
    /* The way out is full: output waits in the program's pipe. */
    bool (*is_busy)(const void *self);
};
struct diagnose *diagnose_new(struct loop *loop, const struct session_grant *grant, const struct diagnose_owner *owner,
                              void *self);
/* Kills what runs; no answers any more. */
void diagnose_free(struct diagnose *diagnose);
/* The result of diagnose.list. */
void diagnose_list(const struct diagnose *diagnose, struct buf *out);
/* `params` of diagnose.run. RESULT_BAD_INPUT: its arguments. RESULT_NOT_FOUND: no such diagnostic. RESULT_BUSY:
 * DIAGNOSE_AT_ONCE run already. RESULT_CONFLICT: a run has that number. RESULT_IO: it cannot be started. */
FL_CHECK enum result diagnose_run(struct diagnose *diagnose, int64_t id, const struct json *params,
                                  struct fault *fault);
/* Kills the run of this number, and answers it. RESULT_NOT_FOUND: none has it (any more). */
FL_CHECK enum result diagnose_cancel(struct diagnose *diagnose, int64_t number, struct fault *fault);
/* The environment of every diagnostic. */
char *const *diagnose_environment(void);
