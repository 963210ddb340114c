/* A queue and a thread. Reports that were asked for and not written when the gateway stops are not lost: at the start
 * every session that was live and has no report is asked for again (session_desk_recover). */
#include "reporter.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "sessions/report.h"

enum { REPORT_BYTES_MAX = 256 * 1024 };

struct job {
    struct session session;
    char subject[200];
    struct job *next;
};
struct reporter {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    struct job *first, **last;
    bool is_stopping;
    const struct vault *vault;
    char *transcript_dir;
    void (*submit)(void *self, struct change *change);
    void *self;
};

static void write_report(struct reporter *r, const struct job *job) {
    struct buf markdown, body;
    struct fault fault;
    buf_init(&markdown, REPORT_BYTES_MAX);
    buf_init(&body, 2 * REPORT_BYTES_MAX);
    if (session_report(r->vault, &job->session, r->transcript_dir, job->subject, &markdown, &fault) != RESULT_OK) {
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
        write_report(r, job);
        free(job);
        pthread_mutex_lock(&r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

struct reporter *reporter_start(const struct vault *vault, const char *transcript_dir,
                                void (*submit)(void *self, struct change *change), void *self) {
    struct reporter *r = mem_alloc(sizeof *r);
    r->last = &r->first;
    r->vault = vault;
    r->transcript_dir = mem_strdup(transcript_dir);
    r->submit = submit;
    r->self = self;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->has_work, NULL);
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
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    for (struct job *job = r->first, *next; job; job = next) {
        next = job->next;
        free(job);
    }
    pthread_cond_destroy(&r->has_work);
    pthread_mutex_destroy(&r->lock);
    free(r->transcript_dir);
    free(r);
}

void reporter_ask(struct reporter *r, const struct session *session, const char *subject) {
    struct job *job = mem_alloc(sizeof *job);
    job->session = *session;
    snprintf(job->subject, sizeof job->subject, "%s", subject);
    pthread_mutex_lock(&r->lock);
    *r->last = job;
    r->last = &job->next;
    pthread_cond_signal(&r->has_work);
    pthread_mutex_unlock(&r->lock);
}
