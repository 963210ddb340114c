/* Who may have sessions (openapi.yaml: /access, /qualifications, /contracts, /kill). Reader threads; see read.h. */
#include "web/read.h"

#include "fieldline/clock.h"
#include "store/contracts.h"
#include "store/kills.h"
#include "store/qualifications.h"

enum { COUNTED_MAX = 500 /* what waits for somebody is counted so far */ };

static void list_kill(void *self, const struct kill *kill) {
    kill_print(kill, self, NULL);
}

static void count_session(void *self, const struct session *session) {
    (void)session;
    ++*(int64_t *)self;
}

/* What everybody's frame shows: the kill switches that are on, and how much waits for a second person. */
void read_access(struct read *read, struct response *response) {
    int64_t awaiting = 0, unreviewed = 0;
    struct session_query wanted = {.limit = COUNTED_MAX, .filter = SESSIONS_AWAITING_APPROVAL};
    enum result result = reader_sessions(read->reader, &wanted, count_session, &awaiting);
    wanted.filter = SESSIONS_UNREVIEWED;
    if (result == RESULT_OK) {
        result = reader_sessions(read->reader, &wanted, count_session, &unreviewed);
    }
    if (read_failed(read, response, result, "sessions")) {
        return;
    }
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_int(&j, "awaiting_approval", awaiting);
    jo_int(&j, "unreviewed", unreviewed);
    jo_array(&j, "kills");
    if (!read_failed(read, response, reader_kills(read->reader, false, COUNTED_MAX, list_kill, &j), "kill switches")) {
        jo_end(&j);
        jo_end(&j);
    }
}

void read_kills(struct read *read, struct response *response) {
    struct fault fault;
    int64_t limit;
    bool is_past;
    enum result result = query_bool(&read->request->query, "past", false, &is_past, &fault);
    if (result == RESULT_OK) {
        result = query_integer(&read->request->query, "limit", 1, 500, 100, &limit, &fault);
    }
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct json_out j = read_items(response);
    read_items_end(read, response, &j, reader_kills(read->reader, is_past, (int)limit, list_kill, &j), "kill switches");
}

static void list_qualification(void *self, const struct qualification *q) {
    qualification_print(q, clock_wall_ms(), self, NULL);
}

void read_qualifications(struct read *read, struct response *response) {
    struct fault fault;
    int64_t limit;
    const struct query *query = &read->request->query;
    enum result result = query_integer(query, "limit", 1, 1000, 500, &limit, &fault);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct json_out j = read_items(response);
    result = reader_qualifications(read->reader, query_text(query, "user"), (int)limit, list_qualification, &j);
    read_items_end(read, response, &j, result, "qualifications");
}

static void list_contract(void *self, const struct contract *contract) {
    contract_print(contract, clock_wall_ms(), self, NULL);
}

void read_contracts(struct read *read, struct response *response) {
    struct fault fault;
    int64_t limit;
    const struct query *query = &read->request->query;
    const char *scope = query_text(query, "scope"), *after = query_text(query, "after");
    enum contract_scope wanted = CONTRACT_SITE;
    enum result result = query_integer(query, "limit", 1, 1000, 500, &limit, &fault);
    if (result == RESULT_OK && scope != NULL && !contract_scope_parse(scope, &wanted)) {
        result = fault_set(&fault, RESULT_BAD_INPUT, "'scope' is '%s', expected device or site", scope);
    }
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct json_out j = read_items(response);
    result = reader_contracts(read->reader, wanted, after == NULL ? "" : after, (int)limit, list_contract, &j);
    read_items_end(read, response, &j, result, "contracts");
}

static void list_person(void *self, const struct user_row *user) {
    struct json_out *j = self;
    if (user->role != ROLE_ENGINEER && user->role != ROLE_SUPERVISOR) {
        return;
    }
    jo_object(j, NULL);
    jo_str(j, "user", user->name);
    jo_str(j, "name", user->title[0] == '\0' ? user->name : user->title);
    jo_str(j, "role", role_name(user->role));
    jo_bool(j, "disabled", user->is_disabled);
    jo_end(j);
}

/* Those who may hold sessions at all. */
void read_people(struct read *read, struct response *response) {
    struct json_out j = read_items(response);
    read_items_end(read, response, &j, reader_users(read->reader, list_person, &j), "people");
}
