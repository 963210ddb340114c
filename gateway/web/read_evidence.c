/* Evidence (openapi.yaml: /tickets/{id}/evidence, /evidence/{id}, /evidence/{id}/csv). Reader threads; see read.h. The
 * whole of one goes out at once: it is bounded (CAP_EVIDENCE_BYTES, a few bytes a sample), and who looks at evidence
 * wants what a chart of minima and maxima would hide. Columns rather than rows, because that is what charts take. */
#include "web/read.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/number.h"
#include "store/reader_evidence.h"

/* ---- rows ---- */

static void print_names(const char *names, struct json_out *j) {
    jo_array(j, "series");
    for (const char *at = names, *end; *at && (end = strchr(at, '\n')) != NULL; at = end + 1) {
        const char *slash = memchr(at, '/', (size_t)(end - at));
        jo_object(j, NULL);
        jo_strn(j, "metric", at, (size_t)((slash ? slash : end) - at));
        jo_strn(j, "part", slash ? slash + 1 : "", slash ? (size_t)(end - slash - 1) : 0);
        jo_end(j);
    }
    jo_end(j);
}

static void print_members(const struct evidence *e, struct json_out *j) {
    jo_int(j, "id", e->id);
    jo_int(j, "ticket", e->ticket);
    jo_str(j, "alarm", e->alarm_name);
    jo_str(j, "part", e->alarm_part);
    jo_str(j, "state", evidence_state_name(e->state));
    jo_str(j, "why", e->why);
    jo_int(j, "asked_ms", e->asked_ms);
    jo_int(j, "raised_ms", e->raised_ms);
    jo_int(j, "from_ms", e->from_ms);
    jo_int(j, "to_ms", e->to_ms);
    jo_int(j, "first_ms", e->first_ms);
    jo_int(j, "last_ms", e->last_ms);
    jo_int(j, "samples", e->samples);
    jo_int(j, "log_lines", e->logs);
    jo_int(j, "missed", e->missed);
    jo_int(j, "bytes", e->bytes);
}

static void list_evidence(void *self, const struct evidence *e, const char *names) {
    struct json_out *j = self;
    jo_object(j, NULL);
    print_members(e, j);
    print_names(names, j);
    jo_end(j);
}

static bool read_number(const struct read *read, int64_t *out) {
    return number_i64(read->request->id, strlen(read->request->id), 1, INT64_MAX, out);
}

void read_evidence_list(struct read *read, struct response *response) {
    struct ticket *ticket = mem_alloc(sizeof *ticket);
    struct json_out j = read_json(response);
    int64_t id = 0;
    enum result result = read_number(read, &id) ? reader_ticket(read->reader, id, ticket) : RESULT_NOT_FOUND;
    jo_object(&j, NULL);
    jo_array(&j, "items");
    if (result == RESULT_OK)
        result = reader_evidence_of(read->reader, id, list_evidence, &j);
    jo_end(&j);
    jo_end(&j);
    (void)!read_failed(read, response, result, "ticket");
    free(ticket);
}

/* ---- one, gathered by series ---- */

enum { GATHERED_MAX = 4096 };
struct gathered {
    char metric[CAP_METRIC_BYTES + 1], part[CAP_PART_BYTES + 1];
    struct {
        int64_t event_ms;
        double value;
    } * points;
    size_t count, room;
};
struct gathering {
    struct gathered *series;
    size_t count;
    size_t known[EVIDENCE_SERIES_MAX]; /* 1 + where the series of that number in the block was found last */
    struct log_record *logs;
    size_t log_count, log_room;
};

static bool is_series(const struct gathered *s, const struct senml_record *sample) {
    return strcmp(s->metric, sample->metric) == 0 && strcmp(s->part, sample->part) == 0;
}

static struct gathered *find_series(struct gathering *g, const struct evidence_item *item) {
    size_t *known = &g->known[item->series];
    if (*known && is_series(&g->series[*known - 1], &item->sample))
        return &g->series[*known - 1];
    size_t i = 0;
    while (i < g->count && !is_series(&g->series[i], &item->sample))
        i++;
    if (i == GATHERED_MAX)
        return NULL;
    if (i == g->count) {
        struct gathered *s = &g->series[g->count++];
        memcpy(s->metric, item->sample.metric, sizeof s->metric);
        memcpy(s->part, item->sample.part, sizeof s->part);
    }
    *known = i + 1;
    return &g->series[i];
}

static void gather(void *self, struct evidence_item *item) {
    struct gathering *g = self;
    if (item->is_log) {
        if (g->log_count == g->log_room) {
            g->log_room = g->log_room * 2 + 64;
            g->logs = mem_realloc(g->logs, g->log_room * sizeof *g->logs);
        }
        g->logs[g->log_count++] = item->log;
        return;
    }
    struct gathered *s = find_series(g, item);
    if (!s)
        return;
    if (s->count == s->room) {
        s->room = s->room * 2 + 256;
        s->points = mem_realloc(s->points, s->room * sizeof *s->points);
    }
    s->points[s->count].event_ms = item->sample.event_ms;
    s->points[s->count++].value = item->sample.value;
}

static void gathering_fini(struct gathering *g) {
    for (size_t i = 0; i < g->count; i++)
        free(g->series[i].points);
    free(g->series);
    free(g->logs);
}

static void print_series(const struct gathered *s, const struct pack *pack, struct json_out *j) {
    jo_object(j, NULL);
    jo_str(j, "metric", s->metric);
    jo_str(j, "part", s->part);
    const int index = pack ? pack_metric_find(pack, s->metric) : -1;
    const struct pack_metric *m = index < 0 ? NULL : &pack->metrics[index];
    jo_str(j, "title", m ? m->title : s->metric);
    jo_str(j, "title_zh", m && m->title_zh ? m->title_zh : "");
    jo_str(j, "unit", m ? m->unit : "");
    jo_array(j, "t");
    for (size_t i = 0; i < s->count; i++)
        jo_int(j, NULL, s->points[i].event_ms);
    jo_end(j);
    jo_array(j, "v");
    for (size_t i = 0; i < s->count; i++)
        jo_num(j, NULL, s->points[i].value);
    jo_end(j);
    jo_end(j);
}

static void print_logs(const struct gathering *g, struct json_out *j) {
    jo_array(j, "logs");
    for (size_t i = 0; i < g->log_count; i++) {
        jo_object(j, NULL);
        jo_int(j, "t", g->logs[i].event_ms);
        jo_int(j, "severity", g->logs[i].severity);
        jo_str(j, "app", g->logs[i].app);
        jo_str(j, "text", g->logs[i].text);
        jo_end(j);
    }
    jo_end(j);
}

static enum result print_evidence(struct read *read, const struct evidence *e, struct json_out *j) {
    struct ticket *ticket = mem_alloc(sizeof *ticket);
    struct gathering g = {.series = mem_alloc(GATHERED_MAX * sizeof *g.series)};
    int64_t damaged = 0;
    enum result result = reader_ticket(read->reader, e->ticket, ticket);
    if (result == RESULT_OK)
        result = reader_evidence_items(read->reader, e->id, gather, &g, &damaged);
    if (result == RESULT_OK) {
        const struct pack *pack = packs_find(read->options->packs, ticket->model);
        jo_object(j, NULL);
        print_members(e, j);
        jo_str(j, "device", ticket->device);
        jo_int(j, "damaged", damaged);
        jo_array(j, "series");
        for (size_t i = 0; i < g.count; i++)
            print_series(&g.series[i], pack, j);
        jo_end(j);
        print_logs(&g, j);
        jo_end(j);
    }
    gathering_fini(&g);
    free(ticket);
    return result;
}

/* The row and its parts of one moment. */
static enum result with_evidence(struct read *read, enum result (*fn)(struct read *, const struct evidence *, void *),
                                 void *self) {
    struct evidence e;
    int64_t id = 0;
    if (!read_number(read, &id))
        return RESULT_NOT_FOUND;
    enum result result = reader_begin(read->reader);
    if (result != RESULT_OK)
        return result;
    result = reader_evidence(read->reader, id, &e);
    if (result == RESULT_OK)
        result = fn(read, &e, self);
    reader_end(read->reader);
    return result;
}

static enum result answer_json(struct read *read, const struct evidence *e, void *self) {
    return print_evidence(read, e, self);
}

void read_evidence(struct read *read, struct response *response) {
    struct json_out j = read_json(response);
    (void)!read_failed(read, response, with_evidence(read, answer_json, &j), "evidence");
}

/* ---- as a table ---- */

static void print_line(void *self, struct evidence_item *item) {
    struct buf *out = self;
    char value[32], at[32];
    if (item->is_log)
        return;
    clock_print(item->sample.event_ms, at);
    value[number_print(item->sample.value, value)] = '\0';
    buf_printf(out, "%s,%" PRId64 ",%s,%s,%s\r\n", at, item->sample.event_ms, item->sample.metric, item->sample.part,
               value);
}

static enum result answer_csv(struct read *read, const struct evidence *e, void *self) {
    struct buf *out = self;
    int64_t damaged;
    buf_str(out, "time,time_ms,metric,part,value\r\n");
    return reader_evidence_items(read->reader, e->id, print_line, out, &damaged);
}

/* Names have no commas or quotes, so nothing is quoted; log lines are in the JSON form. */
void read_evidence_csv(struct read *read, struct response *response) {
    response->type = "text/csv; charset=utf-8; header=present";
    if (!read_failed(read, response, with_evidence(read, answer_csv, &response->body), "evidence") &&
        response->body.overflow)
        response_problem(response, 413, "too_big", "as a table it has more than %d MiB; take it without /csv",
                         RESPONSE_CAP_BYTES >> 20);
}
