/* A queue and a thread. What was asked for and not done when the gateway stops is not lost: at the start every session
 * that was live and has no report, or whose lines are not all in the store, is asked for again (session_desk_recover).
 */
#include "reporter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fieldline/log.h"
#include "sessions/lines.h"
#include "sessions/report.h"
#include "sessions/transcript.h"

enum { REPORT_BYTES_MAX = 500 * 1024, BATCH_LINES = 200, BATCH_BYTES = 1024 * 1024, BATCHES = 4, TAKEN_S = 60 };

struct job {
    struct session session;
    char subject[200];
    bool is_reading; /* for its lines, not for its report */
    struct job *next;
};
struct reporter {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t has_work, was_taken;
    int under_way; /* batches of lines */
    struct job *first, **last;
    bool is_stopping;
    const struct vault *vault;
    const struct mask *mask;
    char *transcript_dir;
    void (*submit)(void *self, struct change *change);
    void *self;
};

static void write_report(struct reporter *r, const struct job *job) {
    struct buf markdown, body;
    struct fault fault;
    buf_init(&markdown, REPORT_BYTES_MAX);
    buf_init(&body, 2 * REPORT_BYTES_MAX);
    if (session_report(r->vault, r->mask, &job->session, r->transcript_dir, job->subject, &markdown, &fault) !=
        RESULT_OK) {
        log_error("gateway.reporter", "report_failed", "session=%s reason=%s", job->session.id, log_text(fault.text));
        goto out;
    }
    struct json_out j = json_out(&body);
    jo_object(&j, NULL);
    jo_str(&j, "markdown", buf_text(&markdown));
    jo_str(&j, "digest", job->session.digest);
    jo_end(&j);
    struct change *change = change_new(CHANGE_SESSION_REPORT);
    snprintf(change->id, sizeof change->id, "%s", job->session.id);
    snprintf(change->by.name, sizeof change->by.name, "%s", job->session.engineer);
    if (json_parse(buf_text(&body), body.count, &change->body, &fault) != RESULT_OK) {
        log_error("gateway.reporter", "report_failed", "session=%s reason=%s", job->session.id, log_text(fault.text));
        change_free(change);
        goto out;
    }
    r->submit(r->self, change);
out:
    buf_fini(&markdown);
    buf_fini(&body);
}

/* ---- lines ---- */

struct batch {
    struct reporter *reporter;
    const struct session *session;
    struct buf body;
    struct json_out out;
    int count;
    bool is_first, has_failed;
};

static void begin_batch(struct batch *b) {
    buf_reset(&b->body);
    b->out = json_out(&b->body);
    b->count = 0;
    jo_object(&b->out, NULL);
    jo_array(&b->out, "lines");
}

/* Waits until few batches are under way. False: the gateway stops, or nobody takes them; the next start goes on. */
static bool may_send(struct reporter *r) {
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TAKEN_S;
    pthread_mutex_lock(&r->lock);
    int rc = 0;
    while (r->under_way >= BATCHES && !r->is_stopping && rc == 0)
        rc = pthread_cond_timedwait(&r->was_taken, &r->lock, &until);
    bool may = r->under_way < BATCHES && !r->is_stopping;
    r->under_way += may;
    pthread_mutex_unlock(&r->lock);
    return may;
}

static bool send_batch(struct batch *b, bool is_last) {
    struct fault fault;
    jo_end(&b->out);
    jo_bool(&b->out, "first", b->is_first);
    jo_bool(&b->out, "last", is_last);
    jo_end(&b->out);
    b->is_first = false;
    struct change *change = change_new(CHANGE_SESSION_LINES);
    snprintf(change->id, sizeof change->id, "%s", b->session->id);
    if (b->body.overflow || json_parse(buf_text(&b->body), b->body.count, &change->body, &fault) != RESULT_OK ||
        !may_send(b->reporter)) {
        change_free(change);
        b->has_failed = true;
        return false;
    }
    b->reporter->submit(b->reporter->self, change);
    begin_batch(b);
    return true;
}

static bool add_line(void *self, const struct line *line) {
    struct batch *b = self;
    jo_array(&b->out, NULL);
    jo_int(&b->out, NULL, (int64_t)line->n);
    jo_int(&b->out, NULL, line->t_ms);
    jo_str(&b->out, NULL, line_kind_name(line->kind));
    jo_str(&b->out, NULL, line->by);
    jo_str(&b->out, NULL, line->text);
    jo_end(&b->out);
    return ++b->count < BATCH_LINES || send_batch(b, false);
}

/* A damaged recording is read as far as it goes. */
static void read_lines(struct reporter *r, const struct job *job) {
    struct batch batch = {.reporter = r, .session = &job->session, .is_first = true};
    struct lines_figures figures;
    struct fault fault = {""};
    char base[TRANSCRIPT_PATH_BYTES];
    snprintf(base, sizeof base, "%s/%s", r->transcript_dir, job->session.id);
    buf_init(&batch.body, BATCH_BYTES);
    begin_batch(&batch);
    enum result result = lines_read(r->vault, r->mask, base, add_line, &batch, &figures, &fault);
    bool is_whole = !batch.has_failed && send_batch(&batch, true);
    if (!is_whole)
        log_warn("gateway.reporter", "lines_waiting", "session=%s", job->session.id);
    else if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        log_warn("gateway.reporter", "lines_damaged", "session=%s lines=%lld reason=%s", job->session.id,
                 (long long)figures.lines, log_text(fault.text));
    else
        log_info("gateway.reporter", "lines_read", "session=%s lines=%lld cut=%d", job->session.id,
                 (long long)figures.lines, figures.is_cut);
    buf_fini(&batch.body);
}

/* ---- the thread ---- */

static void *run(void *self) {
    struct reporter *r = self;
    pthread_mutex_lock(&r->lock);
    while (!r->is_stopping) {
        struct job *job = r->first;
        if (!job) {
            pthread_cond_wait(&r->has_work, &r->lock);
            continue;
        }
        r->first = job->next;
        if (!r->first)
            r->last = &r->first;
        pthread_mutex_unlock(&r->lock);
        if (job->is_reading)
            read_lines(r, job);
        else
            write_report(r, job);
        free(job);
        pthread_mutex_lock(&r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

struct reporter *reporter_start(const struct vault *vault, const struct mask *mask, const char *transcript_dir,
                                void (*submit)(void *self, struct change *change), void *self) {
    struct reporter *r = mem_alloc(sizeof *r);
    r->last = &r->first;
    r->vault = vault;
    r->mask = mask;
    r->transcript_dir = mem_strdup(transcript_dir);
    r->submit = submit;
    r->self = self;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->has_work, NULL);
    pthread_cond_init(&r->was_taken, NULL);
    if (pthread_create(&r->thread, NULL, run, r) != 0)
        die("gateway.reporter", "cannot start a thread");
    return r;
}

void reporter_stop(struct reporter *r) {
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->is_stopping = true;
    pthread_cond_signal(&r->has_work);
    pthread_cond_signal(&r->was_taken);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    for (struct job *job = r->first, *next; job; job = next) {
        next = job->next;
        free(job);
    }
    pthread_cond_destroy(&r->has_work);
    pthread_cond_destroy(&r->was_taken);
    pthread_mutex_destroy(&r->lock);
    free(r->transcript_dir);
    free(r);
}

static void add_job(struct reporter *r, const struct session *session, const char *subject, bool is_reading) {
    struct job *job = mem_alloc(sizeof *job);
    job->session = *session;
    job->is_reading = is_reading;
    snprintf(job->subject, sizeof job->subject, "%s", subject);
    pthread_mutex_lock(&r->lock);
    *r->last = job;
    r->last = &job->next;
    pthread_cond_signal(&r->has_work);
    pthread_mutex_unlock(&r->lock);
}

void reporter_ask(struct reporter *r, const struct session *session, const char *subject) {
    add_job(r, session, subject, false);
}

void reporter_read(struct reporter *r, const struct session *session) {
    add_job(r, session, "", true);
}

void reporter_taken(struct reporter *r) {
    pthread_mutex_lock(&r->lock);
    r->under_way -= r->under_way > 0;
    pthread_cond_signal(&r->was_taken);
    pthread_mutex_unlock(&r->lock);
}
