/* What one device reported over time: a series for a chart, and its log lines (openapi.yaml: /devices/{id}/history,
 * /logs). Reader threads; see read.h. The store has already reduced a series to the spans that a chart can show, so an
 * answer is at most READER_SPANS_MAX rows whatever the stretch; columns rather than rows because that is what charts
 * take. */
#include "web/read.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "rules/pack.h"

static void print_history(const struct history_query *wanted, const struct span *spans, size_t count, int64_t step_ms,
                          uint64_t damaged, const char *unit, struct response *response) {
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_str(&j, "metric", wanted->metric);
    jo_str(&j, "part", wanted->part);
    jo_str(&j, "unit", unit);
    jo_int(&j, "step_ms", step_ms);
    jo_int(&j, "damaged", (int64_t)damaged);
    jo_array(&j, "t");
    for (size_t i = 0; i < count; i++) {
        jo_int(&j, NULL, spans[i].start_ms);
    }
    jo_end(&j);
    static const struct {
        const char *name;
        size_t offset;
    } columns[] = {{"min", offsetof(struct span, min)},
                   {"mean", offsetof(struct span, mean)},
                   {"max", offsetof(struct span, max)}};
    for (size_t c = 0; c < sizeof columns / sizeof columns[0]; c++) {
        jo_array(&j, columns[c].name);
        for (size_t i = 0; i < count; i++) {
            jo_num(&j, NULL, *(const double *)((const char *)&spans[i] + columns[c].offset));
        }
        jo_end(&j);
    }
    jo_end(&j);
}

struct unit_search {
    struct read *read;
    const char *metric;
    char unit[CAP_UNIT_BYTES + 1];
};

static void find_unit(void *self, const struct device_row *row) {
    struct unit_search *search = self;
    const struct pack *pack = packs_find(search->read->options->packs, row->model);
    int index = pack == NULL ? -1 : pack_metric_find(pack, search->metric);
    if (index >= 0) {
        snprintf(search->unit, sizeof search->unit, "%s", pack->metrics[index].unit);
    }
}

static enum result history_arguments(const struct request *request, struct history_query *out, struct fault *fault) {
    const struct query *query = &request->query;
    const char *part = query_text(query, "part");
    int64_t points;
    *out = (struct history_query){
        .device = request->id, .metric = query_text(query, "metric"), .part = part == NULL ? "" : part};
    if (out->metric == NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "argument 'metric' is missing");
    }
    enum result result = query_required_integer(query, "from_ms", 0, INT64_MAX / 4, &out->from_ms, fault);
    if (result == RESULT_OK) {
        result = query_required_integer(query, "to_ms", 0, INT64_MAX / 4, &out->to_ms, fault);
    }
    if (result == RESULT_OK) {
        result = query_integer(query, "points", 1, READER_SPANS_MAX, 500, &points, fault);
    }
    if (result != RESULT_OK) {
        return result;
    }
    out->points = (int)points;
    return out->from_ms < out->to_ms ? RESULT_OK
                                     : fault_set(fault, RESULT_BAD_INPUT, "'from_ms' must be before 'to_ms'");
}

void read_history(struct read *read, struct response *response) {
    struct history_query wanted;
    struct fault fault;
    enum result result = history_arguments(read->request, &wanted, &fault);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct span *spans = mem_alloc((size_t)wanted.points * sizeof *spans);
    size_t count = 0;
    int64_t step_ms = 0;
    struct unit_search search = {.read = read, .metric = wanted.metric};
    result = reader_device(read->reader, wanted.device, find_unit, &search);
    if (!read_failed(read, response, result, "device")) {
        const uint64_t damaged = reader_damaged(read->reader);
        result = reader_history(read->reader, &wanted, spans, &count, &step_ms);
        if (!read_failed(read, response, result, "series")) {
            print_history(&wanted, spans, count, step_ms, reader_damaged(read->reader) - damaged, search.unit,
                          response);
        }
    }
    free(spans);
}

static void list_log(void *self, const struct log_record *record) {
    struct json_out *j = self;
    jo_object(j, NULL);
    jo_int(j, "t", record->event_ms);
    jo_int(j, "severity", record->severity);
    jo_str(j, "app", record->app);
    jo_str(j, "text", record->text);
    jo_bool(j, "cut", record->is_cut);
    jo_end(j);
}

void read_logs(struct read *read, struct response *response) {
    const struct query *query = &read->request->query;
    struct fault fault;
    int64_t severity, limit, before_ms;
    enum result result = query_integer(query, "severity", 0, 7, 7, &severity, &fault);
    if (result == RESULT_OK) {
        result = query_integer(query, "limit", 1, 1000, 200, &limit, &fault);
    }
    if (result == RESULT_OK) {
        result = query_integer(query, "before_ms", 0, INT64_MAX, INT64_MAX, &before_ms, &fault);
    }
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct log_query wanted = {.device = read->request->id,
                               .q = query_text(query, "q"),
                               .severity = (int)severity,
                               .before_ms = before_ms,
                               .limit = (int)limit};
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_array(&j, "items");
    if (read_failed(read, response, reader_logs(read->reader, &wanted, list_log, &j), "device")) {
        return;
    }
    jo_end(&j);
    jo_end(&j);
}
