/* Named diagnostics. The name comes from outside, the command line from the product's own configuration; what the
 * engineer gives becomes whole arguments of it, after its types allowed them (diagnostic_args.h).
 *
 * Output is gathered for FLUSH_MS or DIAGNOSE_PIECE_BYTES, whichever is first, so that a program that prints a byte at
 * a time does not become a frame a byte; when the way out is full the program's pipe is not read, and it waits. One
 * frame with all of the output was left: it had to be cut at 14 KiB, and a long check looked dead. */
#include "session/diagnose.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "argv.h"
#include "diagnostic_args.h"
#include "fieldline/clock.h"
#include "run.h"
#include "session/clean.h"

enum { FLUSH_MS = 50, TEXT_BYTES = 64 * 1024 };

struct job {
    struct diagnose *diagnose;
    struct run *run; /* NULL: unused */
    int64_t id, number, started_mono_ms;
    struct cleaner cleaner;
    struct buf text; /* not told yet */
    struct loop_timer flush;
};
struct diagnose {
    struct loop *loop;
    const struct session_grant *grant;
    const struct diagnose_owner *owner;
    void *self;
    struct job jobs[DIAGNOSE_AT_ONCE];
};

char *const *diagnose_environment(void) {
    static char *const env[] = {(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                (char *)"LANG=C.UTF-8", NULL};
    return env;
}

struct diagnose *diagnose_new(struct loop *loop, const struct session_grant *grant, const struct diagnose_owner *owner,
                              void *self) {
    struct diagnose *d = mem_alloc(sizeof *d);
    *d = (struct diagnose){.loop = loop, .grant = grant, .owner = owner, .self = self};
    for (size_t i = 0; i < DIAGNOSE_AT_ONCE; i++) {
        d->jobs[i].diagnose = d;
    }
    return d;
}

static void job_clear(struct job *job) {
    struct diagnose *d = job->diagnose;
    loop_disarm(d->loop, &job->flush);
    if (job->run != NULL) {
        buf_fini(&job->text);
    }
    *job = (struct job){.diagnose = d};
}

void diagnose_free(struct diagnose *d) {
    if (d == NULL) {
        return;
    }
    for (size_t i = 0; i < DIAGNOSE_AT_ONCE; i++) {
        struct job *job = &d->jobs[i];
        run_cancel(job->run);
        job_clear(job);
    }
    free(d);
}

void diagnose_list(const struct diagnose *d, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_array(&j, "diagnostics");
    for (size_t i = 0; i < d->grant->diagnostic_count; i++) {
        const struct session_diagnostic *row = &d->grant->diagnostics[i];
        struct diagnostic_args args;
        jo_object(&j, NULL);
        jo_str(&j, "name", row->name);
        jo_str(&j, "title", row->title != NULL ? row->title : row->name);
        jo_bool(&j, "in_bundle", row->in_bundle);
        if (diagnostic_args_parse(row->args != NULL ? row->args : "", &args, NULL) == RESULT_OK) {
            diagnostic_args_describe(&args, &j);
        }
        diagnostic_args_fini(&args);
        jo_end(&j);
    }
    jo_end(&j);
    jo_end(&j);
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

static void tell(struct job *job, const char *text, size_t count) {
    struct diagnose *d = job->diagnose;
    struct buf params;
    buf_init(&params, CAP_FRAME_BYTES - 128);
    struct json_out j = json_out(&params);
    jo_object(&j, NULL);
    jo_int(&j, "id", job->id);
    jo_strn(&j, "text", text, count);
    jo_end(&j);
    d->owner->output(d->self, buf_text(&params), params.count);
    buf_fini(&params);
}

static void tell_all(struct job *job) {
    const uint8_t *at = job->text.data;
    size_t left = job->text.count;
    while (left > 0) {
        size_t count = utf8_cut(at, left < DIAGNOSE_PIECE_BYTES ? left : DIAGNOSE_PIECE_BYTES);
        tell(job, (const char *)at, count);
        at += count;
        left -= count;
    }
    buf_reset(&job->text);
}

static void on_flush(void *self) {
    struct job *job = self;
    struct diagnose *d = job->diagnose;
    bool is_busy = d->owner->is_busy(d->self);
    run_hold(job->run, is_busy);
    if (is_busy) {
        loop_arm(d->loop, &job->flush, FLUSH_MS, on_flush, job);
    } else {
        tell_all(job);
    }
}

static void on_piece(void *self, const uint8_t *bytes, size_t count) {
    struct job *job = self;
    cleaner_add(&job->cleaner, bytes, count, &job->text);
    if (job->text.count >= DIAGNOSE_PIECE_BYTES) {
        on_flush(job);
    } else if (!job->flush.is_armed) {
        loop_arm(job->diagnose->loop, &job->flush, FLUSH_MS, on_flush, job);
    }
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

/* Tells what is left, answers, and makes room for the next one. */
static void finish(struct job *job, const struct run_outcome *outcome, bool is_cancelled) {
    struct diagnose *d = job->diagnose;
    int64_t id = job->id;
    struct buf result;
    cleaner_end(&job->cleaner, &job->text);
    tell_all(job);
    job_clear(job);
    buf_init(&result, CAP_FRAME_BYTES);
    struct json_out j = json_out(&result);
    jo_object(&j, NULL);
    jo_int(&j, "exit", outcome->status);
    jo_bool(&j, "truncated", outcome->is_cut);
    jo_int(&j, "took_ms", outcome->took_ms);
    jo_bool(&j, "timed_out", outcome->is_late);
    jo_bool(&j, "cancelled", is_cancelled);
    jo_end(&j);
    d->owner->answer(d->self, id, buf_text(&result), result.count);
    buf_fini(&result);
}

static void on_done(void *self, const struct run_outcome *outcome) {
    finish(self, outcome, false);
}

enum result diagnose_cancel(struct diagnose *d, int64_t number, struct fault *fault) {
    for (size_t i = 0; i < DIAGNOSE_AT_ONCE; i++) {
        struct job *job = &d->jobs[i];
        if (job->run == NULL || job->number != number || number == 0) {
            continue;
        }
        run_cancel(job->run);
        finish(job, &(struct run_outcome){.status = 128 + SIGKILL, .took_ms = clock_mono_ms() - job->started_mono_ms},
               true);
        return RESULT_OK;
    }
    return fault_set(fault, RESULT_NOT_FOUND, "no run has the number %lld", (long long)number);
}

/* ---- the beginning ----------------------------------------------------------------------------------------------- */

static const struct session_diagnostic *find(const struct session_grant *grant, const char *name) {
    for (size_t i = 0; i < grant->diagnostic_count; i++) {
        if (strcmp(grant->diagnostics[i].name, name) == 0) {
            return &grant->diagnostics[i];
        }
    }
    return NULL;
}

static enum result bind(const struct session_diagnostic *row, const struct json *values, char ***argv,
                        struct fault *fault) {
    struct diagnostic_args args;
    if (values != NULL && !json_is_object(values)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'args' must be an object");
    }
    enum result result = diagnostic_args_parse(row->args != NULL ? row->args : "", &args, fault);
    if (result == RESULT_OK) {
        result = diagnostic_args_bind(&args, row->argv, values, argv, fault);
    }
    diagnostic_args_fini(&args);
    return result;
}

static enum result free_job(struct diagnose *d, int64_t number, struct job **out, struct fault *fault) {
    *out = NULL;
    for (size_t i = 0; i < DIAGNOSE_AT_ONCE; i++) {
        struct job *job = &d->jobs[i];
        if (job->run != NULL && number != 0 && job->number == number) {
            return fault_set(fault, RESULT_CONFLICT, "a run has the number %lld already", (long long)number);
        }
        if (job->run == NULL && *out == NULL) {
            *out = job;
        }
    }
    return *out != NULL ? RESULT_OK
                        : fault_set(fault, RESULT_BUSY, "%d diagnostics are running already", DIAGNOSE_AT_ONCE);
}

static enum result start(struct job *job, const struct session_diagnostic *row, char **argv, struct fault *fault) {
    struct run_options options = {.argv = argv,
                                  .env = diagnose_environment(),
                                  .joins_stderr = true,
                                  .output_cap_bytes = CAP_DIAGNOSTIC_OUTPUT_BYTES,
                                  .limit_ms = row->limit_ms,
                                  .piece = on_piece};
    enum result result = run_start(job->diagnose->loop, &options, on_done, job, &job->run, fault);
    if (result == RESULT_OK) {
        buf_init(&job->text, TEXT_BYTES);
        job->started_mono_ms = clock_mono_ms();
    }
    return result;
}

enum result diagnose_run(struct diagnose *d, int64_t id, const struct json *params, struct fault *fault) {
    const char *name;
    char **argv;
    int64_t number = 0;
    struct job *job;
    enum result result = json_string(params, "name", CAP_CODE_BYTES, &name, fault);
    if (result == RESULT_OK && json_get(params, "run") != NULL) {
        result = json_integer(params, "run", 1, DIAGNOSE_RUN_MOST, &number, fault);
    }
    if (result != RESULT_OK) {
        return result;
    }
    const struct session_diagnostic *row = find(d->grant, name);
    if (row == NULL) {
        return fault_set(fault, RESULT_NOT_FOUND, "this product has no diagnostic '%s'", name);
    }
    if ((result = free_job(d, number, &job, fault)) != RESULT_OK ||
        (result = bind(row, json_get(params, "args"), &argv, fault)) != RESULT_OK) {
        return result;
    }
    result = start(job, row, argv, fault);
    argv_free(argv);
    if (result == RESULT_OK) {
        job->id = id;
        job->number = number;
    }
    return result;
}
