/* Named diagnostics. The name comes from outside, the command line from the product's own configuration, and nothing
 * that the engineer sends becomes part of it: typed arguments are a later step, and need a table of their own.
 *
 * The output is collected whole and answered in one frame, cut to fit; a stream of it was left, because a diagnostic
 * that prints more than 14 KiB is better written to say less. */
#include "session/diagnose.h"

#include <stdlib.h>
#include <string.h>

#include "run.h"
#include "session/clean.h"

struct job {
    struct diagnose *diagnose;
    struct run *run; /* NULL: unused */
    int64_t id;
};
struct diagnose {
    struct loop *loop;
    const struct session_grant *grant;
    diagnose_answer_fn *answer;
    void *self;
    struct job jobs[DIAGNOSE_AT_ONCE];
};

struct diagnose *diagnose_new(struct loop *loop, const struct session_grant *grant, diagnose_answer_fn *answer,
                              void *self) {
    struct diagnose *d = mem_alloc(sizeof *d);
    *d = (struct diagnose){.loop = loop, .grant = grant, .answer = answer, .self = self};
    for (size_t i = 0; i < DIAGNOSE_AT_ONCE; i++) {
        d->jobs[i].diagnose = d;
    }
    return d;
}

void diagnose_free(struct diagnose *d) {
    if (d == NULL) {
        return;
    }
    for (size_t i = 0; i < DIAGNOSE_AT_ONCE; i++) {
        run_cancel(d->jobs[i].run);
    }
    free(d);
}

/* The longest beginning of the text that, as JSON, has at most DIAGNOSE_TEXT_BYTES. */
static size_t fitting(const struct buf *text) {
    size_t count = text->count;
    for (;;) {
        struct buf quoted;
        buf_init(&quoted, DIAGNOSE_TEXT_BYTES);
        json_quote(&quoted, (const char *)text->data, count);
        bool fits = !quoted.overflow;
        buf_fini(&quoted);
        if (fits || count == 0) {
            return count;
        }
        count = utf8_cut(text->data, count > DIAGNOSE_TEXT_BYTES ? DIAGNOSE_TEXT_BYTES : count * 7 / 8);
    }
}

static void on_done(void *self, const struct run_outcome *outcome) {
    struct job *job = self;
    struct diagnose *d = job->diagnose;
    struct cleaner cleaner = {.count = 0};
    struct buf text, result;
    job->run = NULL;
    buf_init(&text, (size_t)CLEAN_GROWTH * CAP_DIAGNOSTIC_OUTPUT_BYTES + 16);
    buf_init(&result, CAP_FRAME_BYTES);
    cleaner_add(&cleaner, outcome->output, outcome->output_count, &text);
    cleaner_end(&cleaner, &text);
    size_t count = fitting(&text);
    struct json_out j = json_out(&result);
    jo_object(&j, NULL);
    jo_int(&j, "exit", outcome->status);
    jo_strn(&j, "output", buf_text(&text), count);
    jo_bool(&j, "truncated", outcome->is_cut || count < text.count);
    jo_int(&j, "took_ms", outcome->took_ms);
    jo_bool(&j, "timed_out", outcome->is_late);
    jo_end(&j);
    d->answer(d->self, job->id, buf_text(&result), result.count);
    buf_fini(&text);
    buf_fini(&result);
}

static const struct session_diagnostic *find(const struct session_grant *grant, const char *name) {
    for (size_t i = 0; i < grant->diagnostic_count; i++) {
        if (strcmp(grant->diagnostics[i].name, name) == 0) {
            return &grant->diagnostics[i];
        }
    }
    return NULL;
}

enum result diagnose_run(struct diagnose *d, int64_t id, const char *name, struct fault *fault) {
    static char *const env[] = {(char *)"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                                (char *)"LANG=C.UTF-8", NULL};
    const struct session_diagnostic *row = find(d->grant, name);
    if (row == NULL) {
        return fault_set(fault, RESULT_NOT_FOUND, "this product has no diagnostic '%s'", name);
    }
    for (size_t i = 0; i < DIAGNOSE_AT_ONCE; i++) {
        struct job *job = &d->jobs[i];
        if (job->run != NULL) {
            continue;
        }
        struct run_options options = {.argv = row->argv,
                                      .env = env,
                                      .joins_stderr = true,
                                      .output_cap_bytes = CAP_DIAGNOSTIC_OUTPUT_BYTES,
                                      .limit_ms = row->limit_ms};
        job->id = id;
        return run_start(d->loop, &options, on_done, job, &job->run, fault);
    }
    return fault_set(fault, RESULT_BUSY, "%d diagnostics are running already", DIAGNOSE_AT_ONCE);
}
