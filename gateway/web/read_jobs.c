/* Jobs (openapi.yaml: /jobs). Reader threads; see read.h. */
#include <string.h>

#include "fieldline/number.h"
#include "store/jobs.h"
#include "web/read.h"

struct page {
    struct json_out *out;
    int64_t count;
};

static void print_values(struct json_out *j, const char *key, const char *json) {
    if (*json)
        jo_raw(j, key, json, strlen(json));
    else
        jo_null(j, key);
}

static void print_job(struct json_out *j, const struct job *job, const struct job_counts *counts) {
    jo_int(j, "id", job->id);
    jo_str(j, "by", job->who);
    jo_str(j, "model", job->model);
    jo_str(j, "reason", job->reason);
    print_values(j, "values", job->values);
    jo_int(j, "confirm_s", job->confirm_s);
    jo_int(j, "settle_s", job->settle_s);
    jo_int(j, "stop_after", job->stop_after);
    jo_str(j, "state", job_state_name(job->state));
    jo_int(j, "created_ms", job->created_ms);
    if (job->ended_ms > 0)
        jo_int(j, "ended_ms", job->ended_ms);
    else
        jo_null(j, "ended_ms");
    jo_object(j, "steps");
    for (int i = 0; i < JOB_STEP_STATES; i++)
        jo_int(j, job_step_state_name((enum job_step_state)i), counts->steps[i]);
    jo_end(j);
}

static void list_job(void *self, const struct job *job, const struct job_counts *counts) {
    struct page *page = self;
    page->count++;
    jo_object(page->out, NULL);
    print_job(page->out, job, counts);
    jo_end(page->out);
}

void read_jobs(struct read *read, struct response *response) {
    int64_t limit;
    struct fault fault;
    enum result result = query_integer(&read->request->query, "limit", 1, 500, 100, &limit, &fault);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct json_out j = read_items(response);
    struct page page = {.out = &j};
    read_items_end(read, response, &j, reader_jobs(read->reader, 0, (int)limit, list_job, &page), "jobs");
}

static void show_job(void *self, const struct job *job, const struct job_counts *counts) {
    struct page *page = self;
    page->count++;
    print_job(page->out, job, counts);
}

static void list_step(void *self, const struct job_step *step) {
    struct json_out *j = self;
    jo_object(j, NULL);
    jo_str(j, "device", step->device);
    jo_str(j, "state", job_step_state_name(step->state));
    jo_str(j, "text", step->text);
    if (step->ticket > 0)
        jo_int(j, "ticket", step->ticket);
    else
        jo_null(j, "ticket");
    jo_str(j, "session", step->session[0] != '\0' ? step->session : NULL);
    print_values(j, "before", step->before);
    print_values(j, "after", step->after);
    jo_int(j, "begun_ms", step->begun_ms);
    jo_int(j, "ended_ms", step->ended_ms);
    jo_end(j);
}

void read_job(struct read *read, struct response *response) {
    int64_t id = 0;
    const char *text = read->request->id;
    struct json_out j = read_json(response);
    struct page page = {.out = &j};
    enum result result = number_i64(text, strlen(text), 1, INT64_MAX, &id) ? RESULT_OK : RESULT_NOT_FOUND;
    jo_object(&j, NULL);
    if (result == RESULT_OK)
        result = reader_jobs(read->reader, id, 1, show_job, &page);
    if (result == RESULT_OK && page.count == 0)
        result = RESULT_NOT_FOUND;
    if (read_failed(read, response, result, "job"))
        return;
    jo_array(&j, "devices");
    result = reader_job_steps(read->reader, id, list_step, &j);
    jo_end(&j);
    jo_end(&j);
    if (read_failed(read, response, result, "job"))
        return;
}
