/* A job's life: what a person asks for (here), and its steps (job_steps.c). A job is its rows; nothing is kept in
 * memory, so that there is nothing to recover. Steps are worked on one by one: a job is for changes that one wants to
 * see hold before the next product gets them, and a fleet that must change at once gets an update instead. */
#include "jobs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "job_steps.h"
#include "store/jobs.h"

enum { SETTLE_S = 30, CONFIRM_MARGIN_S = 30 };

static const struct pack *pack_of(const struct core *core, const char *model) {
    return packs_find(core->packs, model);
}

/* ---- open -------------------------------------------------------------------------------------------------------- */

static enum result read_values(const struct core *core, const struct change *change, struct job *job,
                               struct fault *fault) {
    const struct pack *pack = pack_of(core, job->model);
    const struct json *values = json_get(change->body, "values");
    struct buf text;
    if (!pack || pack->parameters.count == 0)
        return fault_set(fault, RESULT_NOT_FOUND, "There is no pack '%s' with parameters.", job->model);
    /* As short as can be: what is watched, and a little for the way. */
    job->confirm_s = job->settle_s + CONFIRM_MARGIN_S;
    if (job->confirm_s < pack->parameters.confirm_min_s)
        job->confirm_s = pack->parameters.confirm_min_s;
    const enum result result = pack_parameters_check(&pack->parameters, values, job->confirm_s, fault);
    if (result != RESULT_OK)
        return result;
    buf_init(&text, JOB_VALUES_BYTES);
    json_print(values, &text);
    const bool fits = !text.overflow;
    snprintf(job->values, sizeof job->values, "%s", fits ? buf_text(&text) : "");
    buf_fini(&text);
    return fits ? RESULT_OK : fault_set(fault, RESULT_TOO_BIG, "'values' has more than %d bytes", JOB_VALUES_BYTES);
}

static enum result read_job(const struct core *core, const struct change *change, struct job *job,
                            struct fault *fault) {
    const char *model, *reason;
    enum result result = json_string(change->body, "model", CAP_MODEL_BYTES, &model, fault);
    if (result == RESULT_OK)
        result = json_string(change->body, "reason", JOB_TEXT_BYTES - 40, &reason, fault);
    job->settle_s = SETTLE_S;
    job->stop_after = 1;
    if (result == RESULT_OK && json_get(change->body, "settle_s"))
        result = json_integer(change->body, "settle_s", 0, JOB_SETTLE_S_MAX, &job->settle_s, fault);
    if (result == RESULT_OK && json_get(change->body, "stop_after"))
        result = json_integer(change->body, "stop_after", 1, JOB_STEPS_MAX, &job->stop_after, fault);
    if (result != RESULT_OK)
        return result;
    if (!*reason)
        return fault_set(fault, RESULT_BAD_INPUT, "'reason' is empty");
    snprintf(job->who, sizeof job->who, "%s", change->by.name);
    snprintf(job->model, sizeof job->model, "%s", model);
    snprintf(job->reason, sizeof job->reason, "%s", reason);
    return read_values(core, change, job, fault);
}

/* Named ones, or all of the model. ids: room for JOB_STEPS_MAX. */
static enum result read_devices(const struct core *core, const struct change *change, const struct job *job,
                                const struct device **out, size_t *count, struct fault *fault) {
    const struct json *list;
    *count = 0;
    if (!json_get(change->body, "devices")) {
        for (const struct device *d = registry_next(core->registry, NULL); d; d = registry_next(core->registry, d)) {
            if (strcmp(d->model, job->model) != 0)
                continue;
            if (*count == JOB_STEPS_MAX)
                return fault_set(fault, RESULT_TOO_BIG, "More than %d devices are of this model; name some.",
                                 JOB_STEPS_MAX);
            out[(*count)++] = d;
        }
        return *count > 0 ? RESULT_OK : fault_set(fault, RESULT_NOT_FOUND, "There is no device of this model.");
    }
    const enum result result = json_array(change->body, "devices", JOB_STEPS_MAX, &list, fault);
    for (const struct json *item = result == RESULT_OK ? json_first(list) : NULL; item; item = json_next(item)) {
        const char *id;
        if (!json_as_string(item, &id))
            return fault_set(fault, RESULT_BAD_INPUT, "'devices' has an item that is no string");
        const struct device *d = registry_find(core->registry, id);
        if (!d || d->row == 0)
            return fault_set(fault, RESULT_NOT_FOUND, "There is no device '%.63s'.", id);
        if (strcmp(d->model, job->model) != 0)
            return fault_set(fault, RESULT_CONFLICT, "%s is of the model '%s'.", d->id, d->model);
        for (size_t i = 0; i < *count; i++)
            if (out[i] == d)
                return fault_set(fault, RESULT_BAD_INPUT, "%s is named twice.", d->id);
        out[(*count)++] = d;
    }
    return result == RESULT_OK && *count == 0 ? fault_set(fault, RESULT_BAD_INPUT, "'devices' is empty") : result;
}

static enum result put_job(struct core *core, struct job *job, const struct device **devices, size_t count) {
    struct job_step *step = mem_alloc(sizeof *step);
    job->state = JOB_RUNNING;
    job->created_ms = core->now_ms;
    enum result result = store_job_put(core->store, job);
    for (size_t i = 0; i < count && result == RESULT_OK; i++) {
        *step = (struct job_step){.job = job->id, .state = JOB_STEP_WAITING};
        snprintf(step->device, sizeof step->device, "%s", devices[i]->id);
        result = store_job_step_put(core->store, step);
    }
    free(step);
    return result;
}

enum result jobs_open(struct core *core, struct change *change) {
    const struct device **devices = mem_alloc(JOB_STEPS_MAX * sizeof *devices);
    struct job *job = mem_alloc(sizeof *job);
    struct fault fault;
    int64_t ids[JOBS_RUNNING_MAX];
    size_t count = 0, running = 0;
    char object[40] = "", detail[200];
    enum result verdict = read_job(core, change, job, &fault);
    if (verdict == RESULT_OK)
        verdict = read_devices(core, change, job, devices, &count, &fault);
    enum result result = store_jobs_alive(core->store, ids, JOBS_RUNNING_MAX, &running);
    if (result != RESULT_OK)
        goto out;
    if (verdict == RESULT_OK && running == JOBS_RUNNING_MAX)
        verdict = fault_set(&fault, RESULT_CONFLICT, "%d jobs are running already.", JOBS_RUNNING_MAX);
    if (verdict != RESULT_OK) {
        result = desk_refuse(core, change, "job.open", object, verdict, fault.text);
        goto out;
    }
    result = put_job(core, job, devices, count);
    if (result != RESULT_OK)
        goto out;
    snprintf(object, sizeof object, "job/%lld", (long long)job->id);
    snprintf(detail, sizeof detail, "%zu of %s: %.100s", count, job->model, job->values);
    change->status = 201;
    struct json_out j = json_out(&change->reply);
    jo_object(&j, NULL);
    jo_int(&j, "id", job->id);
    jo_str(&j, "state", job_state_name(job->state));
    jo_int(&j, "devices", (int64_t)count);
    jo_end(&j);
    effects_notify_row(core->effects, "job", job->id, NULL);
    result = desk_audit(core, change, "job.open", object, "ok", detail);
out:
    free(devices);
    free(job);
    return result;
}

/* ---- pause, resume, cancel --------------------------------------------------------------------------------------- */

static const struct {
    const char *action;
    enum job_state from[3]; /* the last one repeated fills the row */
    enum job_state to;
} actions[] = {{"pause", {JOB_RUNNING, JOB_RUNNING, JOB_RUNNING}, JOB_PAUSED},
               {"resume", {JOB_PAUSED, JOB_STOPPED, JOB_STOPPED}, JOB_RUNNING},
               {"cancel", {JOB_RUNNING, JOB_PAUSED, JOB_STOPPED}, JOB_CANCELLED}};

static enum result read_action(const struct change *change, const struct job *job, enum job_state *to,
                               struct fault *fault) {
    const char *action;
    const enum result result = json_string(change->body, "action", 16, &action, fault);
    if (result != RESULT_OK)
        return result;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        if (strcmp(action, actions[i].action) != 0)
            continue;
        *to = actions[i].to;
        for (size_t k = 0; k < 3; k++)
            if (actions[i].from[k] == job->state)
                return RESULT_OK;
        return fault_set(fault, RESULT_CONFLICT, "The job is %s.", job_state_name(job->state));
    }
    return fault_set(fault, RESULT_BAD_INPUT, "'action' is '%.16s', expected pause, resume or cancel", action);
}

enum result jobs_act(struct core *core, struct change *change) {
    struct job *job = mem_alloc(sizeof *job);
    struct fault fault;
    char object[40], what[40];
    enum job_state to = JOB_RUNNING;
    const int64_t id = strtoll(change->id, NULL, 10);
    snprintf(object, sizeof object, "job/%lld", (long long)id);
    enum result result = store_job_find(core->store, id, job);
    if (result == RESULT_NOT_FOUND) {
        result = desk_refuse(core, change, "job.action", object, RESULT_NOT_FOUND, "There is no such job.");
        goto out;
    }
    if (result != RESULT_OK)
        goto out;
    if (change->by.role != ROLE_SUPERVISOR && strcmp(change->by.name, job->who) != 0) {
        result = desk_refuse(core, change, "job.action", object, RESULT_DENIED,
                             "This is somebody else's job; a supervisor may act on it.");
        goto out;
    }
    const enum result verdict = read_action(change, job, &to, &fault);
    if (verdict != RESULT_OK) {
        result = desk_refuse(core, change, "job.action", object, verdict, fault.text);
        goto out;
    }
    job->state = to;
    job->ended_ms = to == JOB_CANCELLED ? core->now_ms : 0;
    result = store_job_put(core->store, job);
    change->status = 200;
    buf_printf(&change->reply, "{\"id\":%lld,\"state\":\"%s\"}", (long long)id, job_state_name(to));
    snprintf(what, sizeof what, "job.%s", job_state_name(to));
    effects_notify_row(core->effects, "job", id, NULL);
    if (result == RESULT_OK)
        result = desk_audit(core, change, what, object, "ok", "");
out:
    free(job);
    return result;
}

/* ---- tick -------------------------------------------------------------------------------------------------------- */

enum result jobs_tick(struct core *core) {
    int64_t ids[JOBS_RUNNING_MAX];
    size_t count;
    enum result result = store_jobs_alive(core->store, ids, JOBS_RUNNING_MAX, &count);
    struct job *job = mem_alloc(sizeof *job);
    for (size_t i = 0; i < count && result == RESULT_OK; i++) {
        result = store_job_find(core->store, ids[i], job);
        if (result == RESULT_OK)
            result = job_steps_tick(core, job);
    }
    free(job);
    return result;
}
