/* Jobs, kept: new values for the parameters of many devices, one step a device. What a job does is jobs.h's; here are
 * its rows. The numbers of the enums are stored: append only. */
#pragma once
#include "store/reader.h"
#include "store/store.h"

enum {
    JOB_STEPS_MAX = 500,     /* devices of one job */
    JOB_VALUES_BYTES = 4096, /* the new values, as JSON */
    JOB_TEXT_BYTES = 255,
    JOBS_RUNNING_MAX = 16, /* at a time */
    JOB_SETTLE_S_MAX = 30 * 60
};
enum job_state { JOB_RUNNING, JOB_PAUSED, JOB_STOPPED, JOB_CANCELLED, JOB_DONE, JOB_STATES };
enum job_step_state {
    JOB_STEP_WAITING,
    JOB_STEP_RUNNING,
    JOB_STEP_DONE,
    JOB_STEP_UNCHANGED, /* it had these values already */
    JOB_STEP_SKIPPED,   /* its owner did not consent, or it was offline */
    JOB_STEP_FAILED,
    JOB_STEP_STATES
};
const char *job_state_name(enum job_state state);
const char *job_step_state_name(enum job_step_state state);

struct job {
    int64_t id; /* 0: not stored yet */
    char who[64], model[CAP_MODEL_BYTES + 1], reason[JOB_TEXT_BYTES + 1];
    char values[JOB_VALUES_BYTES + 1]; /* an object */
    int64_t confirm_s, settle_s, stop_after;
    enum job_state state;
    int64_t created_ms, ended_ms; /* 0: not ended */
};
struct job_step {
    int64_t id, job;
    char device[CAP_DEVICE_ID_BYTES + 1];
    int64_t ticket;                   /* 0: none yet */
    char session[CAP_UUID_BYTES + 1]; /* "": none yet */
    enum job_step_state state;
    char text[JOB_TEXT_BYTES + 1];                                  /* why it failed or was skipped */
    char before[JOB_VALUES_BYTES + 1], after[JOB_VALUES_BYTES + 1]; /* objects, or "" */
    int64_t begun_ms, ended_ms;
};

FL_CHECK enum result store_job_put(struct store *store, struct job *job); /* id 0: then set */
FL_CHECK enum result store_job_find(struct store *store, int64_t id, struct job *out);
FL_CHECK enum result store_job_step_put(struct store *store, struct job_step *step);
/* Of the session; RESULT_NOT_FOUND: of none. */
FL_CHECK enum result store_job_step_of(struct store *store, const char *session, struct job_step *out);
/* The first step of the job in this state, or RESULT_NOT_FOUND. */
FL_CHECK enum result store_job_step_first(struct store *store, int64_t job, enum job_step_state state,
                                          struct job_step *out);
FL_CHECK enum result store_job_count(struct store *store, int64_t job, enum job_step_state state, int64_t *out);
/* Ids of the jobs that are running or have a step under way; at most `room`. */
FL_CHECK enum result store_jobs_alive(struct store *store, int64_t *ids, size_t room, size_t *count);

struct job_counts {
    int64_t steps[JOB_STEP_STATES];
};
typedef void job_fn(void *self, const struct job *job, const struct job_counts *counts);
typedef void job_step_fn(void *self, const struct job_step *step);
/* The newest first; id > 0: that one alone. */
FL_CHECK enum result reader_jobs(struct reader *reader, int64_t id, int limit, job_fn *fn, void *self);
FL_CHECK enum result reader_job_steps(struct reader *reader, int64_t job, job_step_fn *fn, void *self);
