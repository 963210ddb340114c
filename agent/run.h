/* Runs a program to its end on the loop: feeds it a text, collects what it prints (bounded), limits its time, and
 * leaves nothing of it behind. Never through a shell. */
#pragma once
#include <stdint.h>

#include "fieldline/bytes.h"
#include "loop.h"

struct run;
struct run_options {
    char *const *argv; /* argv[0] is a path; ends with NULL */
    char *const *env;  /* ends with NULL */
    const char *input; /* NULL: none */
    size_t input_count;
    bool joins_stderr;
    size_t output_cap_bytes; /* beyond: read and dropped, is_cut */
    int64_t limit_ms;        /* then the whole group is killed */
    /* NULL: output is collected for the outcome. Else it is handed over as it comes, and the outcome has none. */
    void (*piece)(void *self, const uint8_t *bytes, size_t count);
};
struct run_outcome {
    int status; /* exit status, or 128 + the signal's number */
    bool is_late, is_cut;
    int64_t took_ms;
    const uint8_t *output; /* until the callback returns */
    size_t output_count;
};
typedef void run_done_fn(void *self, const struct run_outcome *outcome);

/* `done` is called once, from the loop, never before this returns; the run frees itself after it. */
FL_CHECK enum result run_start(struct loop *loop, const struct run_options *options, run_done_fn *done, void *self,
                               struct run **out, struct fault *fault);
/* Its output is not read for now, and it waits when its pipe is full; its time runs on. */
void run_hold(struct run *run, bool is_held);
/* Kills it; `done` is not called. NULL is fine. */
void run_cancel(struct run *run);
