/* Alarms, what keeps them silent, and incidents (openapi.yaml: /alarms, /shelves, /maintenance, /incidents). Reader
 * threads; see read.h. */
#include "web/read.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/number.h"
#include "store/incidents.h"
#include "store/maintenance_rows.h"
#include "store/shelves.h"
#include "tickets/print.h"

static const struct {
    const char *state;
    enum alarm_filter filter;
} filters[] = {
    {"open", ALARMS_OPEN},       {"acknowledged", ALARMS_ACKNOWLEDGED}, {"latched", ALARMS_LATCHED},
    {"shelved", ALARMS_SHELVED}, {"suppressed", ALARMS_SUPPRESSED},     {"flapping", ALARMS_FLAPPING},
};

struct alarm_page {
    struct json_out *out;
    int64_t count, last;
};

static void list_alarm(void *self, const struct alarm *alarm) {
    struct alarm_page *page = self;
    alarm_print(alarm, page->out, NULL);
    page->count++;
    page->last = alarm->id;
}

static enum result alarm_arguments(const struct query *query, struct alarm_query *out, struct fault *fault) {
    const char *state = query_text(query, "state");
    int64_t limit = 0;
    *out =
        (struct alarm_query){.device = query_text(query, "device"), .has_active = query_text(query, "active") != NULL};
    for (size_t i = 0; state != NULL && i < sizeof filters / sizeof *filters; i++) {
        if (strcmp(filters[i].state, state) == 0) {
            out->filter = filters[i].filter;
        }
    }
    if (state != NULL && out->filter == ALARMS_ANY) {
        return fault_set(fault, RESULT_BAD_INPUT,
                         "argument 'state' is '%.40s', expected open, acknowledged, latched, shelved, suppressed or "
                         "flapping",
                         state);
    }
    enum result result = query_integer(query, "limit", 1, 500, 100, &limit, fault);
    if (result == RESULT_OK) {
        result = query_bool(query, "active", false, &out->is_active, fault);
    }
    if (result == RESULT_OK) {
        result = query_integer(query, "incident", 1, INT64_MAX, 0, &out->incident, fault);
    }
    if (result == RESULT_OK) {
        result = query_integer(query, "after", 1, INT64_MAX, 0, &out->after, fault);
    }
    if (result == RESULT_OK && out->after != 0 && out->incident == 0) {
        result = fault_set(fault, RESULT_BAD_INPUT, "argument 'after' goes with 'incident' only");
    }
    if (result == RESULT_OK && out->incident != 0 && out->device != NULL) {
        result = fault_set(fault, RESULT_BAD_INPUT, "arguments 'incident' and 'device' do not go together");
    }
    out->limit = (int)limit;
    return result;
}

static void print_next(struct json_out *j, int64_t next) {
    if (next == 0) {
        jo_null(j, "next");
    } else {
        jo_int(j, "next", next);
    }
}

void read_alarms(struct read *read, struct response *response) {
    struct alarm_query wanted;
    struct fault fault;
    const enum result result = alarm_arguments(&read->request->query, &wanted, &fault);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct json_out j = read_json(response);
    struct alarm_page page = {.out = &j};
    jo_object(&j, NULL);
    jo_array(&j, "items");
    if (!read_failed(read, response, reader_alarms(read->reader, &wanted, list_alarm, &page), "device")) {
        jo_end(&j);
        print_next(&j, wanted.incident != 0 && page.count == wanted.limit ? page.last : 0);
        jo_end(&j);
    }
}

/* ---- what is silent, and until when ---- */

static void list_shelf(void *self, const struct shelf_row *row) {
    struct json_out *j = self;
    jo_object(j, NULL);
    jo_str(j, "device", row->device);
    jo_str(j, "alarm", row->alarm);
    jo_str(j, "part", row->part);
    jo_str(j, "by", row->by);
    jo_str(j, "reason", row->reason);
    jo_int(j, "from_ms", row->from_ms);
    jo_int(j, "until_ms", row->until_ms);
    jo_int(j, "alarm_id", row->alarm_id);
    jo_bool(j, "active", row->is_active);
    jo_end(j);
}

void read_shelves(struct read *read, struct response *response) {
    struct fault fault;
    int64_t limit = 0;
    const enum result result = query_integer(&read->request->query, "limit", 1, 500, 100, &limit, &fault);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct json_out j = read_items(response);
    read_items_end(read, response, &j, reader_shelves(read->reader, (int)limit, list_shelf, &j), "list of shelves");
}

struct window_page {
    struct json_out *out;
    int64_t now_ms;
};

static void list_window(void *self, const struct maintenance *window) {
    const struct window_page *page = self;
    maintenance_print(window, page->now_ms, page->out, NULL);
}

void read_maintenance(struct read *read, struct response *response) {
    const struct query *query = &read->request->query;
    struct fault fault;
    int64_t limit = 0;
    bool is_past = false;
    enum result result = query_integer(query, "limit", 1, 500, 100, &limit, &fault);
    if (result == RESULT_OK) {
        result = query_bool(query, "past", false, &is_past, &fault);
    }
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct json_out j = read_json(response);
    struct window_page page = {.out = &j, .now_ms = clock_wall_ms()};
    jo_object(&j, NULL);
    jo_array(&j, "items");
    result = reader_maintenance(read->reader, is_past, page.now_ms, (int)limit, list_window, &page);
    if (!read_failed(read, response, result, "list of maintenance windows")) {
        jo_end(&j);
        jo_end(&j);
    }
}

/* ---- incidents ---- */

static void list_incident(void *self, const struct incident *incident) {
    incident_print(incident, self, NULL);
}

void read_incidents(struct read *read, struct response *response) {
    const struct query *query = &read->request->query;
    struct fault fault;
    int64_t limit = 0, next = 0;
    struct incident_query wanted = {.has_active = query_text(query, "active") != NULL};
    enum result result = query_integer(query, "limit", 1, 500, 100, &limit, &fault);
    if (result == RESULT_OK) {
        result = query_bool(query, "active", false, &wanted.is_active, &fault);
    }
    if (result == RESULT_OK) {
        result = query_integer(query, "before", 1, INT64_MAX, 0, &wanted.before, &fault);
    }
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    wanted.limit = (int)limit;
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_array(&j, "items");
    result = reader_incidents(read->reader, &wanted, list_incident, &j, &next);
    if (!read_failed(read, response, result, "list of incidents")) {
        jo_end(&j);
        print_next(&j, next);
        jo_end(&j);
    }
}

void read_incident(struct read *read, struct response *response) {
    struct incident incident;
    struct json_out j = read_json(response);
    int64_t id = 0;
    const bool is_number = number_i64(read->request->id, strlen(read->request->id), 1, INT64_MAX, &id);
    const enum result result = is_number ? reader_incident(read->reader, id, &incident) : RESULT_NOT_FOUND;
    if (!read_failed(read, response, result, "incident")) {
        incident_print(&incident, &j, NULL);
    }
}
