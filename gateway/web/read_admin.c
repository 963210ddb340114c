/* Who I am, the first page's counts, the loaded packs, the audit log, the quarantine, WebSocket tickets, and the
 * interface's own description (openapi.yaml). Reader threads; see read.h. */
#include "web/read.h"

#include <string.h>

#include "fieldline/clock.h"
#include "rules/pack.h"
#include "store/audit.h"
#include "web/openapi.h"

void read_me(struct read *read, struct response *response) {
    struct user_row user;
    if (read_failed(read, response, reader_user(read->reader, read->by.name, &user), "user")) {
        return;
    }
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_str(&j, "user", user.name);
    jo_str(&j, "name", user.title[0] == '\0' ? user.name : user.title);
    jo_str(&j, "role", role_name(user.role));
    jo_end(&j);
    wipe(user.password, sizeof user.password);
}

void read_overview(struct read *read, struct response *response) {
    struct overview overview;
    if (read_failed(read, response, reader_overview(read->reader, &overview), "overview")) {
        return;
    }
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_int(&j, "devices", overview.devices);
    jo_int(&j, "online", overview.online);
    jo_object(&j, "alarms");
    for (int s = SEVERITY_IS_CRITICAL; s >= SEVERITY_IS_WARNING; s--) {
        jo_int(&j, alarm_severity_name((enum severity)s), overview.alarms[s]);
    }
    jo_end(&j);
    jo_int(&j, "tickets_open", overview.tickets_open);
    jo_int(&j, "sessions_live", overview.sessions_live);
    jo_int(&j, "quarantined", overview.quarantined);
    jo_end(&j);
}

void read_models(struct read *read, struct response *response) {
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_array(&j, "items");
    for (size_t i = 0; i < packs_count(read->options->packs); i++) {
        const struct pack *pack = packs_at(read->options->packs, i);
        jo_object(&j, NULL);
        jo_str(&j, "model", pack->model);
        jo_str(&j, "title", pack->title);
        jo_str(&j, "title_zh", pack->title_zh == NULL ? pack->title : pack->title_zh);
        jo_int(&j, "metrics", (int64_t)pack->metric_count);
        jo_int(&j, "rules", (int64_t)pack->rule_count);
        if (pack->parameters.count > 0) {
            jo_object(&j, "configure");
            pack_parameters_print(&pack->parameters, &j);
            jo_end(&j);
        } else {
            jo_null(&j, "configure");
        }
        jo_end(&j);
    }
    jo_end(&j);
    jo_end(&j);
}

static void list_audit(void *self, const struct audit_row *row) {
    struct json_out *j = self;
    jo_object(j, NULL);
    jo_int(j, "id", row->id);
    jo_int(j, "at_ms", row->at_ms);
    jo_str(j, "who", row->who);
    jo_str(j, "what", row->what);
    jo_str(j, "object", row->object);
    jo_str(j, "result", row->result);
    jo_str(j, "detail", row->detail);
    jo_str(j, "address", row->address);
    jo_end(j);
}

void read_audit(struct read *read, struct response *response) {
    struct fault fault;
    int64_t before, limit;
    enum result result = query_integer(&read->request->query, "before", 1, INT64_MAX, 0, &before, &fault);
    if (result == RESULT_OK) {
        result = query_integer(&read->request->query, "limit", 1, 1000, 200, &limit, &fault);
    }
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct json_out j = read_items(response);
    read_items_end(read, response, &j, reader_audit(read->reader, before, (int)limit, list_audit, &j), "audit log");
}

static void list_quarantined(void *self, const struct quarantine_row *row) {
    struct json_out *j = self;
    jo_object(j, NULL);
    jo_int(j, "id", row->id);
    jo_int(j, "at_ms", row->at_ms);
    jo_str(j, "topic", row->topic);
    jo_str(j, "device", row->device);
    jo_str(j, "reason", row->reason);
    jo_int(j, "bytes", row->bytes);
    jo_str(j, "excerpt", row->excerpt);
    jo_end(j);
}

void read_quarantine(struct read *read, struct response *response) {
    struct fault fault;
    int64_t limit;
    const struct query *query = &read->request->query;
    enum result result = query_integer(query, "limit", 1, 500, 100, &limit, &fault);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct json_out j = read_items(response);
    result = reader_quarantine(read->reader, query_text(query, "device"), (int)limit, list_quarantined, &j);
    read_items_end(read, response, &j, result, "quarantine");
}

void read_openapi(struct read *read, struct response *response) {
    (void)read;
    response->type = "application/yaml";
    response->kept = openapi_text;
    response->kept_bytes = openapi_text_bytes();
}
