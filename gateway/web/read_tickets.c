/* Tickets and the case file (openapi.yaml: /tickets...). Reader threads; see read.h. The case file is
 * read in several queries within one snapshot, so that its parts fit together. How a ticket or an alarm looks in JSON
 * is tickets/print.h's business: the desk answers changes with the same text. */
#include "web/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/number.h"
#include "store/incidents.h"
#include "tickets/knowledge.h"
#include "tickets/print.h"

/* ---- list ---- */

static enum result ticket_arguments(const struct query *query, struct ticket_query *out, struct fault *fault) {
    int64_t limit;
    *out = (struct ticket_query){.device = query_text(query, "device"), .q = query_text(query, "q")};
    const char *state = query_text(query, "state");
    if (state != NULL) {
        out->is_open_only = strcmp(state, "open") == 0;
        out->has_state = !out->is_open_only;
        if (out->has_state && !ticket_state_parse(state, &out->state)) {
            return fault_set(fault, RESULT_BAD_INPUT, "argument 'state': unknown state '%.40s'", state);
        }
    }
    enum result result = query_integer(query, "before", 1, INT64_MAX, 0, &out->before, fault);
    if (result == RESULT_OK) {
        result = query_integer(query, "limit", 1, 500, 100, &limit, fault);
    }
    out->limit = result == RESULT_OK ? (int)limit : 0;
    return result;
}

static void list_ticket(void *self, const struct ticket *ticket) {
    ticket_print(ticket, self, NULL);
}

void read_tickets(struct read *read, struct response *response) {
    struct ticket_query wanted;
    struct fault fault;
    enum result result = ticket_arguments(&read->request->query, &wanted, &fault);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    int64_t next = 0;
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_array(&j, "items");
    if (read_failed(read, response, reader_tickets(read->reader, &wanted, list_ticket, &j, &next), "device")) {
        return;
    }
    jo_end(&j);
    if (next == 0) {
        jo_null(&j, "next");
    } else {
        jo_int(&j, "next", next);
    }
    jo_end(&j);
}

/* ---- one ticket: the case file ---- */

enum { CASE_ALARMS = 200, CASE_SESSIONS = 200, CASE_ARTICLES = 8 };

static void print_actions(const struct ticket *ticket, enum role role, struct json_out *j) {
    const struct ticket_arrow *arrows[TICKET_VERB_COUNT];
    size_t count = ticket_arrows(ticket, role, arrows, TICKET_VERB_COUNT);
    jo_array(j, "actions");
    for (size_t i = 0; i < count; i++) {
        jo_object(j, NULL);
        jo_str(j, "action", ticket_verb_name(arrows[i]->verb));
        jo_str(j, "to", ticket_state_name(ticket_arrow_target(ticket, arrows[i])));
        jo_str(j, "requires", ticket_need_name(arrows[i]->need));
        jo_str(j, "asks", arrows[i]->asks == NULL ? "" : arrows[i]->asks);
        jo_end(j);
    }
    jo_end(j);
}

static void list_event(void *self, const struct ticket_event *event) {
    struct json_out *j = self;
    jo_object(j, NULL);
    jo_int(j, "id", event->id);
    jo_int(j, "at_ms", event->at_ms);
    jo_str(j, "by", event->by);
    jo_str(j, "kind", ticket_event_kind_name(event->kind));
    jo_str(j, "from", event->from);
    jo_str(j, "to", event->to);
    jo_str(j, "text", event->text);
    if (event->data[0] == '\0') {
        jo_null(j, "data");
    } else {
        jo_raw(j, "data", event->data, strlen(event->data));
    }
    jo_end(j);
}

struct case_alarms {
    struct json_out *out;
    char names[CASE_ALARMS][ALARM_NAME_BYTES + 1];
    const char *list[CASE_ALARMS + 1];
    size_t count;
};

static void list_case_alarm(void *self, const struct alarm *alarm) {
    struct case_alarms *alarms = self;
    alarm_print(alarm, alarms->out, NULL);
    if (alarms->count < CASE_ALARMS) {
        snprintf(alarms->names[alarms->count], sizeof alarms->names[0], "%s", alarm->alarm);
        alarms->list[alarms->count] = alarms->names[alarms->count];
        alarms->count++;
    }
}

static void print_articles(const struct pack *pack, struct case_alarms *alarms, const struct ticket *ticket,
                           struct json_out *j) {
    const struct pack_article *articles[CASE_ARTICLES];
    if (alarms->count == 0 && ticket->alarm[0] != '\0') {
        alarms->list[alarms->count++] = ticket->alarm;
    }
    size_t count = pack == NULL ? 0 : knowledge_for(pack, alarms->list, alarms->count, articles, CASE_ARTICLES);
    jo_array(j, "articles");
    for (size_t i = 0; i < count; i++) {
        jo_object(j, NULL);
        jo_str(j, "id", articles[i]->id);
        jo_str(j, "title", articles[i]->title);
        jo_str(j, "language", articles[i]->language);
        jo_str(j, "body", articles[i]->body);
        jo_end(j);
    }
    jo_end(j);
}

static void list_session(void *self, const struct session *session) {
    session_print(session, self, NULL);
}

static void print_report(void *self, const char *session, const char *markdown, const char *digest, int64_t at_ms) {
    struct json_out *j = self;
    jo_object(j, "report");
    jo_str(j, "session", session);
    jo_str(j, "markdown", markdown);
    jo_str(j, "digest", digest);
    jo_int(j, "at_ms", at_ms);
    jo_end(j);
}

/* What the ticket is about when it is a fault of many products. */
static enum result print_incident(struct read *read, const struct ticket *ticket, struct json_out *j) {
    struct incident incident;
    const enum result result = reader_incident_of_ticket(read->reader, ticket->id, &incident);
    if (result == RESULT_OK) {
        incident_print(&incident, j, "incident");
    } else if (result == RESULT_NOT_FOUND) {
        jo_null(j, "incident");
        return RESULT_OK;
    }
    return result;
}

static enum result print_case(struct read *read, const struct ticket *ticket, struct case_alarms *alarms) {
    struct json_out *j = alarms->out;
    jo_object(j, NULL);
    ticket_print_members(ticket, j);
    print_actions(ticket, read->by.role, j);
    jo_array(j, "events");
    enum result result = reader_ticket_events(read->reader, ticket->id, list_event, j);
    jo_end(j);
    jo_array(j, "alarms");
    if (result == RESULT_OK) {
        struct alarm_query wanted = {.ticket = ticket->id, .limit = CASE_ALARMS};
        result = reader_alarms(read->reader, &wanted, list_case_alarm, alarms);
    }
    jo_end(j);
    jo_array(j, "sessions");
    if (result == RESULT_OK) {
        struct session_query wanted = {.ticket = ticket->id, .limit = CASE_SESSIONS};
        result = reader_sessions(read->reader, &wanted, list_session, j);
    }
    jo_end(j);
    if (result == RESULT_OK) {
        result = reader_report(read->reader, ticket->id, print_report, j);
    }
    if (result == RESULT_NOT_FOUND) {
        jo_null(j, "report");
        result = RESULT_OK;
    }
    if (result == RESULT_OK) {
        result = print_incident(read, ticket, j);
    }
    print_articles(packs_find(read->options->packs, ticket->model), alarms, ticket, j);
    jo_end(j);
    return result;
}

void read_ticket(struct read *read, struct response *response) {
    struct ticket *ticket = mem_alloc(sizeof *ticket);
    struct case_alarms *alarms = mem_alloc(sizeof *alarms);
    struct json_out j = read_json(response);
    alarms->out = &j;
    int64_t id = 0;
    enum result result = RESULT_NOT_FOUND;
    if (number_i64(read->request->id, strlen(read->request->id), 1, INT64_MAX, &id)) {
        result = reader_begin(read->reader);
    }
    if (result == RESULT_OK) {
        result = reader_ticket(read->reader, id, ticket);
        if (result == RESULT_OK) {
            result = print_case(read, ticket, alarms);
        }
        reader_end(read->reader);
    }
    if (!read_failed(read, response, result, "ticket")) {
        snprintf(response->etag, sizeof response->etag, "\"%lld\"", (long long)ticket->version);
    }
    free(alarms);
    free(ticket);
}
