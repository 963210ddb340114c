/* The fleet and one device (openapi.yaml: /devices, /devices/{id}). Reader threads; see read.h. What a product says
 * of itself comes from the store, titles and units from its product pack; a device whose model has no pack is shown
 * with what there is. */
#include "web/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/pack.h"
#include "store/locations.h"

static void print_title(struct json_out *j, const char *title, const char *title_zh, const char *prefix) {
    char zh[32];
    snprintf(zh, sizeof zh, "%s_zh", prefix);
    jo_str(j, prefix, title);
    jo_str(j, zh, title_zh == NULL ? title : title_zh);
}

/* How it behaves on the wire, and since when it does not behave. */
static void print_troubles(struct json_out *j, const struct device_row *row) {
    jo_array(j, "troubles");
    for (int kind = 0; kind < CONDUCT_COUNT; kind++) {
        if (row->trouble_since_ms[kind] == 0) {
            continue;
        }
        jo_object(j, NULL);
        jo_str(j, "kind", conduct_name((enum conduct_kind)kind));
        jo_int(j, "since_ms", row->trouble_since_ms[kind]);
        jo_end(j);
    }
    jo_end(j);
}

static void print_device(struct json_out *j, const struct device_row *row, const struct pack *pack) {
    jo_str(j, "id", row->device);
    jo_str(j, "model", row->model);
    print_title(j, pack == NULL ? row->model : pack->title, pack == NULL ? NULL : pack->title_zh, "model_title");
    jo_str(j, "serial", row->serial);
    jo_str(j, "firmware", row->firmware);
    jo_bool(j, "online", row->is_online);
    jo_int(j, "last_seen_ms", row->last_seen_ms);
    jo_int(j, "alarms", row->alarms_active);
    jo_str(j, "worst", row->worst == 0 ? NULL : alarm_severity_name(row->worst));
    jo_int(j, "tickets_open", row->tickets_open);
    print_troubles(j, row);
}

struct page {
    struct read *read;
    struct json_out *out;
};

static void list_device(void *self, const struct device_row *row) {
    struct page *page = self;
    jo_object(page->out, NULL);
    print_device(page->out, row, packs_find(page->read->options->packs, row->model));
    jo_end(page->out);
}

void read_devices(struct read *read, struct response *response) {
    const struct query *query = &read->request->query;
    struct fault fault;
    int64_t limit;
    enum result result = query_integer(query, "limit", 1, 500, 100, &limit, &fault);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct device_query wanted = {
        .q = query_text(query, "q"), .after = query_text(query, "after"), .limit = (int)limit};
    char next[READER_CURSOR_BYTES + 1] = "";
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_array(&j, "items");
    result = reader_devices(read->reader, &wanted, list_device, &(struct page){.read = read, .out = &j}, next);
    if (read_failed(read, response, result, "list of devices")) {
        return;
    }
    jo_end(&j);
    jo_str(&j, "next", next[0] == '\0' ? NULL : next);
    jo_end(&j);
}

/* ---- one device ---- */

struct series_name {
    char metric[CAP_METRIC_BYTES + 1], part[CAP_PART_BYTES + 1];
};
enum { SERIES_MAX = 4096 };
struct detail {
    struct read *read;
    struct json_out *out;
    struct series_name *series; /* SERIES_MAX */
    size_t series_count;
};

static void collect_series(void *self, const char *metric, const char *part) {
    struct detail *detail = self;
    if (detail->series_count < SERIES_MAX) {
        struct series_name *name = &detail->series[detail->series_count++];
        snprintf(name->metric, sizeof name->metric, "%s", metric);
        snprintf(name->part, sizeof name->part, "%s", part);
    }
}

static void print_parts(const struct detail *detail, const char *metric) {
    jo_array(detail->out, "parts");
    for (size_t i = 0; i < detail->series_count; i++) {
        if (strcmp(detail->series[i].metric, metric) == 0) {
            jo_str(detail->out, NULL, detail->series[i].part);
        }
    }
    jo_end(detail->out);
}

static void print_metrics(const struct detail *detail, const struct pack *pack) {
    struct json_out *j = detail->out;
    jo_array(j, "metrics");
    for (size_t i = 0; pack != NULL && i < pack->metric_count; i++) {
        const struct pack_metric *metric = &pack->metrics[i];
        jo_object(j, NULL);
        jo_str(j, "name", metric->name);
        print_title(j, metric->title == NULL ? metric->name : metric->title, metric->title_zh, "title");
        jo_str(j, "unit", metric->unit);
        jo_str(j, "kind", metric->kind == METRIC_COUNTER ? "counter" : "gauge");
        jo_bool(j, "charted", metric->is_charted);
        print_parts(detail, metric->name);
        jo_end(j);
    }
    jo_end(j);
}

/* Named by both the product and its pack: what a session may run. */
static void print_diagnostics(struct json_out *j, const struct device_row *row, const struct pack *pack) {
    struct json *names = NULL;
    const char *text = row->diagnostics_json == NULL ? "[]" : row->diagnostics_json;
    if (json_parse(text, strlen(text), &names, NULL) != RESULT_OK) {
        names = NULL;
    }
    jo_array(j, "diagnostics");
    for (size_t i = 0; pack != NULL && names != NULL && i < pack->diagnostic_count; i++) {
        const struct pack_diagnostic *diagnostic = &pack->diagnostics[i];
        for (const struct json *at = json_first(names); at != NULL; at = json_next(at)) {
            const char *name;
            if (json_as_string(at, &name) && strcmp(name, diagnostic->name) == 0) {
                jo_object(j, NULL);
                jo_str(j, "name", diagnostic->name);
                print_title(j, diagnostic->title == NULL ? diagnostic->name : diagnostic->title, diagnostic->title_zh,
                            "title");
                jo_end(j);
            }
        }
    }
    jo_end(j);
    json_free(names);
}

static void print_detail(void *self, const struct device_row *row) {
    struct detail *detail = self;
    const struct pack *pack = packs_find(detail->read->options->packs, row->model);
    struct json_out *j = detail->out;
    print_device(j, row, pack);
    jo_str(j, "agent", row->agent);
    uint32_t allowed = pack == NULL ? 0 : row->capabilities & pack->capabilities;
    jo_array(j, "capabilities");
    for (int c = 0; c < CAPABILITY_COUNT; c++) {
        if (allowed & CAPABILITY_BIT(c)) {
            jo_str(j, NULL, capability_name((enum capability)c));
        }
    }
    jo_end(j);
    print_diagnostics(j, row, pack);
    if (pack != NULL && pack->parameters.count > 0) {
        jo_object(j, "configure");
        pack_parameters_print(&pack->parameters, j);
        jo_end(j);
    } else {
        jo_null(j, "configure");
    }
    print_metrics(detail, pack);
    jo_int(j, "quarantined", row->quarantined);
    jo_int(j, "clock_error_ms", row->clock_error_ms);
    jo_int(j, "dropped", row->dropped);
}

static void print_location(void *self, const struct location_row *row) {
    struct json_out *j = self;
    jo_object(j, "location");
    jo_str(j, "site", row->site[0] == '\0' ? NULL : row->site);
    jo_str(j, "parent", row->parent[0] == '\0' ? NULL : row->parent);
    jo_bool(j, "parent_online", row->is_parent_online);
    jo_int(j, "children", row->children);
    jo_end(j);
}

void read_device(struct read *read, struct response *response) {
    struct json_out j = read_json(response);
    struct detail detail = {.read = read, .out = &j, .series = mem_alloc(SERIES_MAX * sizeof(struct series_name))};
    jo_object(&j, NULL);
    enum result result = reader_series(read->reader, read->request->id, collect_series, &detail);
    if (result == RESULT_OK || result == RESULT_NOT_FOUND) {
        result = reader_device(read->reader, read->request->id, print_detail, &detail);
    }
    free(detail.series);
    if (result == RESULT_OK) {
        result = reader_location(read->reader, read->request->id, print_location, &j);
    }
    if (!read_failed(read, response, result, "device")) {
        jo_end(&j);
    }
}
