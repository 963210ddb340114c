/* Runs the diagnostics that this product's configuration names: never anything else, never through a shell, each with
 * its own time limit. Loop thread only. */
#pragma once
#include "loop.h"
#include "session_grant.h"

enum { DIAGNOSE_AT_ONCE = 4, DIAGNOSE_TEXT_BYTES = 14 * 1024 /* of output, as JSON: an answer is one frame */ };
struct diagnose;
/* `answer` gets the JSON of one result: {"exit":..,"output":"..","truncated":..,"took_ms":..,"timed_out":..}; exit is
 * the program's status, or 128 + the number of the signal that ended it. */
typedef void diagnose_answer_fn(void *self, int64_t id, const char *result_json, size_t bytes);
struct diagnose *diagnose_new(struct loop *loop, const struct session_grant *grant, diagnose_answer_fn *answer,
                              void *self);
/* Kills what runs; no answers any more. */
void diagnose_free(struct diagnose *diagnose);
/* RESULT_NOT_FOUND: no such diagnostic. RESULT_BUSY: DIAGNOSE_AT_ONCE run already. RESULT_IO: it cannot be started. */
FL_CHECK enum result diagnose_run(struct diagnose *diagnose, int64_t id, const char *name, struct fault *fault);
