/* From request to answer (see api.h). Runs on the reader pool's threads. The order is fixed: login session, role, body,
 * and only then the handler or the change; the first refusal ends it. A login session and its user are looked up anew
 * with each request (an indexed read of some 20 us), so disabling a user or ending a login works at once and needs no
 * cache to be told.
 *
 * Left: signed stateless tokens (cannot be ended), and a cache of login sessions (can be stale). */
#include "web/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/exposition.h"
#include "fieldline/log.h"
#include "rules/pack_holder.h"
#include "web/confirm.h"
#include "web/cookie.h"
#include "web/join_rights.h"
#include "web/pool.h"
#include "web/read.h"

enum { SEEN_EVERY_MS = 60 * 1000 };

struct json *api_object(const struct api_member *members, size_t count) {
    struct buf text;
    buf_init(&text, 64 * 1024);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    for (size_t i = 0; i < count; i++) {
        jo_str(&j, members[i].key, members[i].value);
    }
    jo_end(&j);
    struct json *object = NULL;
    if (json_parse(buf_text(&text), text.count, &object, NULL) != RESULT_OK) {
        die("web.api", "our own JSON does not parse");
    }
    buf_fini(&text);
    return object;
}

void api_post(struct api *api, uint64_t exchange, struct response *response) {
    struct letter *letter = letter_new(LETTER_RESPONSE);
    letter->exchange = exchange;
    letter->response = response;
    mailbox_put(api->mailbox, letter);
}

static struct json *login_body(const uint8_t login[SHA256_BYTES]) {
    char hex[SHA256_HEX_BYTES];
    hex_encode(login, SHA256_BYTES, hex);
    struct api_member member = {"login", hex};
    return api_object(&member, 1);
}

/* ---- login sessions ---- */

enum result api_find_login(const struct web_options *options, struct reader *reader,
                           const uint8_t token_sha256[SHA256_BYTES], int64_t wall_ms, struct login_row *login,
                           struct user_row *user, struct fault *fault) {
    enum result result = reader_login(reader, token_sha256, login, user);
    if (result == RESULT_NOT_FOUND) {
        return fault_set(fault, RESULT_DENIED, "this login has ended; log in again");
    }
    if (result != RESULT_OK) {
        return fault_set(fault, result, "the login cannot be checked now");
    }
    wipe(user->password, sizeof user->password);
    if (wall_ms >= login->expires_ms || wall_ms - login->created_ms >= options->login_max_ms) {
        return fault_set(fault, RESULT_DENIED, "this login has reached its time limit; log in again");
    }
    if (wall_ms - login->seen_ms >= options->login_idle_ms) {
        return fault_set(fault, RESULT_DENIED, "this login was not used for too long; log in again");
    }
    return RESULT_OK;
}

static int64_t seen_every_ms(const struct web_options *options) {
    return options->login_idle_ms / 4 < SEEN_EVERY_MS ? options->login_idle_ms / 4 : SEEN_EVERY_MS;
}

static void tell_seen(struct api *api, const struct login_row *login, int64_t wall_ms, const struct actor *by) {
    if (wall_ms - login->seen_ms < seen_every_ms(api->options)) {
        return;
    }
    struct change *change = change_new(CHANGE_LOGIN_SEEN);
    change->by = *by;
    change->body = login_body(login->token_sha256);
    api->options->submit(api->options->self, change);
}

/* The desk writes it into the audit log; nobody waits for that. */
static void tell_read(struct api *api, const struct read *read, const struct response *response) {
    const char *word = read->request->route->audited;
    if (word == NULL || response->status != 200) {
        return;
    }
    struct change *change = change_new(CHANGE_READ);
    change->by = read->by;
    change->body = api_object(&(struct api_member){"what", word}, 1);
    snprintf(change->id, sizeof change->id, "%s", read->request->id);
    api->options->submit(api->options->self, change);
}

/* Fills read->by; false: the response says why not. */
static bool is_allowed(struct api *api, struct read *read, struct response *response) {
    const struct request *request = read->request;
    uint32_t roles = request->route->roles;
    snprintf(read->by.address, sizeof read->by.address, "%s", request->address);
    if (roles == ROUTE_ANYONE || ((roles & ROUTE_LOCAL) != 0 && request->is_local)) {
        return true;
    }
    struct fault fault;
    struct login_row login;
    struct user_row user;
    if (!request->has_login || !auth_token_digest(request->login, read->login)) {
        response_problem(response, 401, "not_logged_in", "log in first");
        return false;
    }
    int64_t wall_ms = clock_wall_ms();
    enum result result = api_find_login(api->options, read->reader, read->login, wall_ms, &login, &user, &fault);
    if (result == RESULT_DENIED) {
        response_problem(response, 401, "login_ended", "%s", fault.text);
        return false;
    }
    if (read_failed(read, response, result, "login")) {
        return false;
    }
    read->by.user_id = user.id;
    read->by.role = user.role;
    snprintf(read->by.name, sizeof read->by.name, "%s", user.name);
    if (!route_allows(request->route, user.role)) {
        response_problem(response, 403, "denied", "the role %s may not do this", role_name(user.role));
        return false;
    }
    tell_seen(api, &login, wall_ms, &read->by);
    return true;
}

/* ---- changes ---- */

bool api_parse_body(const struct request *request, struct json **out, struct response *response) {
    struct fault fault;
    const char *text = request->body.count == 0 ? "{}" : (const char *)request->body.data;
    size_t count = request->body.count == 0 ? 2 : request->body.count;
    if (json_parse(text, count, out, &fault) != RESULT_OK) {
        response_problem(response, 400, "bad_input", "the body is not JSON: %s", fault.text);
        return false;
    }
    if (!json_is_object(*out)) {
        json_free(*out);
        *out = NULL;
        response_problem(response, 400, "bad_input", "the body must be a JSON object");
        return false;
    }
    return true;
}

static bool hand_over(struct api *api, struct read *read, struct response *response) {
    struct json *body = NULL;
    if (!api_parse_body(read->request, &body, response)) {
        return false;
    }
    struct change *change = change_new(read->request->route->verb);
    if (change->verb == CHANGE_LOGOUT) {
        json_free(body);
        body = login_body(read->login);
    }
    change->by = read->by;
    change->body = body;
    change->if_match = read->request->if_match;
    change->connection = read->request->exchange;
    snprintf(change->id, sizeof change->id, "%s", read->request->id);
    api->options->submit(api->options->self, change);
    return true;
}

/* The edge's figures and what the pools hold; `self` is the struct api. */
static void print_figures(void *self, struct buf *out) {
    const struct api *api = self;
    const struct {
        const char *name;
        struct pool *pool;
    } rows[] = {{"readers", api->readers}, {"passwords", api->passwords}};
    figures_print(api->figures, out);
    expose_family(out, "fieldline_web_queue_depth", EXPOSE_GAUGE, "Requests that wait for a thread.");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        expose_value(out, "fieldline_web_queue_depth", "pool", rows[i].name, (double)pool_waiting(rows[i].pool));
    }
}

static void call_timed(struct api *api, struct read *read, struct response *response) {
    int64_t began_us = clock_mono_us();
    read->request->route->read(read, response);
    histogram_observe(&api->figures->read_seconds, clock_mono_us() - began_us);
}

struct response *api_answer_now(struct api *api, const struct request *request) {
    struct response *response = response_new(200);
    struct read read = {.request = request, .options = api->options};
    struct fault fault;
    if (query_only(&request->query, request->route->arguments, &fault) != RESULT_OK) {
        response_problem(response, 400, "bad_input", "%s", fault.text);
    } else {
        request->route->read(&read, response);
    }
    return response;
}

void api_answer(void *reader, void *argument) {
    struct api_job *job = argument;
    struct api *api = job->api;
    struct request *request = job->request;
    struct response *response = response_new(200);
    struct web_options options = *api->options;
    if (options.holder)
        options.packs = pack_holder_take(options.holder);
    struct read read = {.reader = reader,
                        .request = request,
                        .options = &options,
                        .tickets = api->tickets,
                        .invites = api->invites,
                        .figures = print_figures,
                        .self = api};
    struct fault fault;
    if (is_allowed(api, &read, response)) {
        if (query_only(&request->query, request->route->arguments, &fault) != RESULT_OK) {
            response_problem(response, 400, "bad_input", "%s", fault.text);
        } else if (request->route->kind == ROUTE_READ) {
            call_timed(api, &read, response);
            tell_read(api, &read, response);
        } else if ((request->route->kind != ROUTE_PASSWORD || confirm_password(api, &read, response)) &&
                   hand_over(api, &read, response)) {
            response_free(response);
            response = NULL; /* comes with the change */
        }
    }
    if (response != NULL) {
        api_post(api, request->exchange, response);
    }
    if (options.holder)
        pack_holder_return(options.holder, options.packs);
    request_free(request);
    free(job);
}

/* ---- others ---- */

/* Nobody stays in a session with a right that he would not be given again. What cannot be read is asked again in the
 * next round. */
static void recheck_session(struct api_recheck *recheck, struct reader *reader, const struct actor *by) {
    const struct socket_login *login = &recheck->login;
    struct session session;
    struct join_rights now = {0};
    enum result result = reader_session(reader, login->session, &session);
    if (result == RESULT_OK) {
        result =
            join_rights_of(reader, by, &session, recheck->api->options->needs_qualification, clock_wall_ms(), &now);
    }
    if (result != RESULT_OK ||
        (!now.is_killed && now.may_type >= login->may_type && now.may_moderate >= login->may_moderate)) {
        return;
    }
    struct letter *letter = letter_new(LETTER_RIGHT_GONE);
    memcpy(letter->login, login->login, SHA256_BYTES);
    snprintf(letter->session.session, sizeof letter->session.session, "%s", login->session);
    mailbox_put(recheck->api->mailbox, letter);
}

void api_recheck(void *reader, void *argument) {
    struct api_recheck *recheck = argument;
    struct login_row login;
    struct user_row user;
    struct fault fault;
    int64_t wall_ms = clock_wall_ms();
    enum result result =
        api_find_login(recheck->api->options, reader, recheck->login.login, wall_ms, &login, &user, &fault);
    if (result == RESULT_DENIED || (result == RESULT_OK && user.role != recheck->login.role)) {
        struct letter *letter = letter_new(LETTER_LOGIN_GONE);
        memcpy(letter->login, recheck->login.login, SHA256_BYTES);
        mailbox_put(recheck->api->mailbox, letter);
    } else if (result == RESULT_OK) {
        struct actor by = {.user_id = user.id, .role = user.role};
        snprintf(by.name, sizeof by.name, "%s", user.name);
        if (recheck->login.is_used) {
            tell_seen(recheck->api, &login, wall_ms, &by);
        }
        if (recheck->login.session[0] != '\0') {
            recheck_session(recheck, reader, &by);
        }
    }
    free(recheck);
}

static void problem_of(const struct change *change, struct response *response) {
    struct json *reply = NULL;
    const char *code = "refused", *detail = "the change was refused";
    if (change->reply.count > 0 &&
        json_parse((const char *)change->reply.data, change->reply.count, &reply, NULL) == RESULT_OK) {
        const char *text = NULL;
        if (json_optional_string(reply, "code", 64, &text, NULL) == RESULT_OK && text != NULL) {
            code = text;
        }
        if (json_optional_string(reply, "detail", FAULT_TEXT_BYTES, &text, NULL) == RESULT_OK && text != NULL) {
            detail = text;
        }
    }
    response_problem(response, change->status, code, "%s", detail);
    json_free(reply);
}

struct response *api_response_of(const struct change *change, const struct web_options *options) {
    struct response *response = response_new(change->status);
    if (change->status >= 400) {
        problem_of(change, response);
        return response;
    }
    if (change->reply.count > 0 && change->status != 204) {
        response->type = "application/json";
        buf_add(&response->body, change->reply.data, change->reply.count);
    }
    if (change->etag >= 0) {
        snprintf(response->etag, sizeof response->etag, "\"%lld\"", (long long)change->etag);
    }
    if (change->verb == CHANGE_LOGIN) {
        cookie_print(change->cookie, options->login_max_ms / 1000, response->cookie);
    } else if (change->verb == CHANGE_LOGOUT) {
        cookie_print("", 0, response->cookie);
    }
    return response;
}
