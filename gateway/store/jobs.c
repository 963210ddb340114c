/* One row a job and one row a device of it, in the order in which they are worked on. */
#include "store/jobs.h"

#include <stdlib.h>

#include "store/handle.h"
#include "store/reader_handle.h"

#define JOB_COLUMNS                                                                                                    \
    "j.id, j.who, j.model, j.reason, j.new_values, j.confirm_s, j.settle_s, j.stop_after, j.state, j.created_ms,"      \
    " j.ended_ms"
#define STEP_COLUMNS                                                                                                   \
    "s.id, s.job, s.device, s.ticket, s.session, s.state, s.line, s.before, s.after, s.begun_ms, s.ended_ms"

static const char *const state_names[JOB_STATES] = {[JOB_RUNNING] = "running",
                                                    [JOB_PAUSED] = "paused",
                                                    [JOB_STOPPED] = "stopped",
                                                    [JOB_CANCELLED] = "cancelled",
                                                    [JOB_DONE] = "done"};
static const char *const step_names[JOB_STEP_STATES] = {
    [JOB_STEP_WAITING] = "waiting",     [JOB_STEP_RUNNING] = "running", [JOB_STEP_DONE] = "done",
    [JOB_STEP_UNCHANGED] = "unchanged", [JOB_STEP_SKIPPED] = "skipped", [JOB_STEP_FAILED] = "failed"};

const char *job_state_name(enum job_state state) {
    return state_names[state];
}

const char *job_step_state_name(enum job_step_state state) {
    return step_names[state];
}

static void take_job(struct query *q, struct job *out) {
    out->id = take_int(q);
    take_copy(q, out->who, sizeof out->who);
    take_copy(q, out->model, sizeof out->model);
    take_copy(q, out->reason, sizeof out->reason);
    take_copy(q, out->values, sizeof out->values);
    out->confirm_s = take_int(q);
    out->settle_s = take_int(q);
    out->stop_after = take_int(q);
    const int64_t state = take_int(q);
    out->state = state >= 0 && state < JOB_STATES ? (enum job_state)state : JOB_STOPPED;
    out->created_ms = take_int(q);
    out->ended_ms = take_int(q);
}

static void take_step(struct query *q, struct job_step *out) {
    out->id = take_int(q);
    out->job = take_int(q);
    take_copy(q, out->device, sizeof out->device);
    out->ticket = take_int(q);
    take_copy(q, out->session, sizeof out->session);
    const int64_t state = take_int(q);
    out->state = state >= 0 && state < JOB_STEP_STATES ? (enum job_step_state)state : JOB_STEP_FAILED;
    take_copy(q, out->text, sizeof out->text);
    take_copy(q, out->before, sizeof out->before);
    take_copy(q, out->after, sizeof out->after);
    out->begun_ms = take_int(q);
    out->ended_ms = take_int(q);
}

enum result store_job_put(struct store *store, struct job *job) {
    struct query q =
        query_of(&store->sql, "INSERT INTO job(id, who, model, reason, new_values, confirm_s, settle_s, stop_after,"
                              " state, created_ms, ended_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                              " ON CONFLICT(id) DO UPDATE SET state = excluded.state, ended_ms = excluded.ended_ms");
    if (job->id == 0)
        put_null(&q);
    else
        put_int(&q, job->id);
    put_text(&q, job->who);
    put_text(&q, job->model);
    put_text(&q, job->reason);
    put_text(&q, job->values);
    put_int(&q, job->confirm_s);
    put_int(&q, job->settle_s);
    put_int(&q, job->stop_after);
    put_int(&q, job->state);
    put_int(&q, job->created_ms);
    put_int(&q, job->ended_ms);
    const enum result result = query_run(&q);
    if (result == RESULT_OK && job->id == 0)
        job->id = sqlite3_last_insert_rowid(store->sql.db);
    return result;
}

enum result store_job_find(struct store *store, int64_t id, struct job *out) {
    struct query q = query_of(&store->sql, "SELECT " JOB_COLUMNS " FROM job j WHERE j.id = ?");
    put_int(&q, id);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take_job(&q, out);
    query_close(&q);
    return RESULT_OK;
}

enum result store_job_step_put(struct store *store, struct job_step *step) {
    struct query q =
        query_of(&store->sql, "INSERT INTO job_step(id, job, device, ticket, session, state, line, before, after,"
                              " begun_ms, ended_ms) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                              " ON CONFLICT(id) DO UPDATE SET ticket = excluded.ticket, session = excluded.session,"
                              " state = excluded.state, line = excluded.line, before = excluded.before,"
                              " after = excluded.after, begun_ms = excluded.begun_ms, ended_ms = excluded.ended_ms");
    if (step->id == 0)
        put_null(&q);
    else
        put_int(&q, step->id);
    put_int(&q, step->job);
    put_text(&q, step->device);
    put_int(&q, step->ticket);
    put_text(&q, step->session);
    put_int(&q, step->state);
    put_text(&q, step->text);
    put_text(&q, step->before);
    put_text(&q, step->after);
    put_int(&q, step->begun_ms);
    put_int(&q, step->ended_ms);
    const enum result result = query_run(&q);
    if (result == RESULT_OK && step->id == 0)
        step->id = sqlite3_last_insert_rowid(store->sql.db);
    return result;
}

static enum result one_step(struct query *q, struct job_step *out) {
    const enum result result = query_one(q);
    if (result != RESULT_OK)
        return result;
    take_step(q, out);
    query_close(q);
    return RESULT_OK;
}

enum result store_job_step_of(struct store *store, const char *session, struct job_step *out) {
    struct query q =
        query_of(&store->sql, "SELECT " STEP_COLUMNS " FROM job_step s WHERE s.session = ? AND s.session <> ''");
    put_text(&q, session);
    return one_step(&q, out);
}

enum result store_job_step_first(struct store *store, int64_t job, enum job_step_state state, struct job_step *out) {
    struct query q =
        query_of(&store->sql, "SELECT " STEP_COLUMNS " FROM job_step s WHERE s.job = ? AND s.state = ? ORDER BY s.id "
                              "LIMIT 1");
    put_int(&q, job);
    put_int(&q, state);
    return one_step(&q, out);
}

enum result store_job_count(struct store *store, int64_t job, enum job_step_state state, int64_t *out) {
    struct query q = query_of(&store->sql, "SELECT count(*) FROM job_step WHERE job = ? AND state = ?");
    put_int(&q, job);
    put_int(&q, state);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    *out = take_int(&q);
    query_close(&q);
    return RESULT_OK;
}

enum result store_jobs_alive(struct store *store, int64_t *ids, size_t room, size_t *count) {
    struct query q = query_of(&store->sql, "SELECT id FROM job WHERE state = 0 UNION"
                                           " SELECT job FROM job_step WHERE state = 1 ORDER BY 1 LIMIT ?");
    *count = 0;
    put_int(&q, (int64_t)room);
    while (query_next(&q))
        ids[(*count)++] = take_int(&q);
    return query_end(&q);
}

enum result reader_jobs(struct reader *reader, int64_t id, int limit, job_fn *fn, void *self) {
    struct query q = query_of(&reader->sql, "SELECT " JOB_COLUMNS
                                            ", (SELECT count(*) FROM job_step s WHERE s.job = j.id AND s.state = 0),"
                                            " (SELECT count(*) FROM job_step s WHERE s.job = j.id AND s.state = 1),"
                                            " (SELECT count(*) FROM job_step s WHERE s.job = j.id AND s.state = 2),"
                                            " (SELECT count(*) FROM job_step s WHERE s.job = j.id AND s.state = 3),"
                                            " (SELECT count(*) FROM job_step s WHERE s.job = j.id AND s.state = 4),"
                                            " (SELECT count(*) FROM job_step s WHERE s.job = j.id AND s.state = 5)"
                                            " FROM job j WHERE j.id BETWEEN ? AND ? ORDER BY j.id DESC LIMIT ?");
    struct job *job = mem_alloc(sizeof *job);
    put_int(&q, id > 0 ? id : 1);
    put_int(&q, id > 0 ? id : INT64_MAX);
    put_int(&q, reader_limit(limit));
    while (query_next(&q)) {
        struct job_counts counts;
        take_job(&q, job);
        for (int i = 0; i < JOB_STEP_STATES; i++)
            counts.steps[i] = take_int(&q);
        fn(self, job, &counts);
    }
    free(job);
    return query_end(&q);
}

enum result reader_job_steps(struct reader *reader, int64_t job, job_step_fn *fn, void *self) {
    struct query q =
        query_of(&reader->sql, "SELECT " STEP_COLUMNS " FROM job_step s WHERE s.job = ? ORDER BY s.id LIMIT ?");
    struct job_step *step = mem_alloc(sizeof *step);
    put_int(&q, job);
    put_int(&q, JOB_STEPS_MAX);
    while (query_next(&q)) {
        take_step(&q, step);
        fn(self, step);
    }
    free(step);
    return query_end(&q);
}
