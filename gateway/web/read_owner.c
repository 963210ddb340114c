/* What the owner's page asks (openapi.yaml: /owner/...). Nobody here has an account: a request shows a pass, which was
 * given for a signature by a key that this very product has enrolled, and is answered about this product and nothing
 * else. Whatever does not fit is 403 with one text: who has no key here learns nothing, not even whether the product
 * exists. Reader threads; see read.h. What changes anything goes through gateway/owner_desk.c. */
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "sessions/relay.h"
#include "store/owners.h"
#include "web/api.h"
#include "web/invites.h"
#include "web/owner_pass.h"
#include "web/read.h"

enum { PAST_SESSIONS = 20, CALL_MINUTES = 60 };

static void refuse(struct response *response) {
    response_problem(response, 403, "denied", "this phone is not enrolled on this product");
}

void read_owner_challenge(struct read *read, struct response *response) {
    struct buf text;
    buf_init(&text, 256);
    owner_challenge_print(read->options->owner_secret, read->request->id, clock_wall_ms(), &text);
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_str(&j, "challenge", buf_text(&text));
    jo_end(&j);
    buf_fini(&text);
}

/* The page was opened: the product's state is asked for anew. Nobody waits. */
static void tell_look(const struct read *read) {
    struct change *change = change_new(CHANGE_OWNER_LOOK);
    change->by = read->by;
    snprintf(change->id, sizeof change->id, "%s", read->request->id);
    read->options->submit(read->options->self, change);
}

static bool login_is_good(const struct read *read, const struct json *body, struct owner_key_row *row) {
    const char *key, *text, *signature;
    struct owner_statement says;
    uint8_t point[POINT_BYTES];
    struct fault fault;
    return json_string(body, "key", SHA256_HEX_BYTES - 1, &key, &fault) == RESULT_OK &&
           json_string(body, "statement", OWNER_STATEMENT_BYTES, &text, &fault) == RESULT_OK &&
           json_string(body, "signature", OWNER_SIGNATURE_CHARS, &signature, &fault) == RESULT_OK &&
           owner_statement_parse(text, strlen(text), &says, &fault) == RESULT_OK && says.kind == OWNER_LOGIN &&
           strcmp(says.device, read->request->id) == 0 &&
           owner_challenge_check(read->options->owner_secret, read->request->id, clock_wall_ms(), says.challenge) &&
           reader_owner_key(read->reader, read->request->id, key, row) == RESULT_OK &&
           owner_point_parse(row->point, point) && owner_check(text, signature, point, &fault) == RESULT_OK;
}

void read_owner_login(struct read *read, struct response *response) {
    struct json *body = NULL;
    struct owner_key_row row;
    struct buf pass;
    if (!api_parse_body(read->request, &body, response))
        return;
    if (!login_is_good(read, body, &row)) {
        json_free(body);
        refuse(response);
        return;
    }
    buf_init(&pass, OWNER_PASS_CHARS);
    owner_pass_print(read->options->owner_secret, read->request->id, row.key, clock_wall_ms(), &pass);
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_str(&j, "pass", buf_text(&pass));
    jo_str(&j, "name", row.name);
    jo_int(&j, "expires_s", OWNER_PASS_LIFE_MS / 1000);
    jo_end(&j);
    buf_wipe(&pass);
    json_free(body);
    tell_look(read);
}

/* The body of a request that shows a good pass, and whose it is; NULL: the response says no. Free it. */
static struct json *let_in_as(struct read *read, struct response *response, struct owner_key_row *row) {
    struct json *body = NULL;
    const char *pass;
    char key[SHA256_HEX_BYTES];
    struct fault fault;
    if (!api_parse_body(read->request, &body, response))
        return NULL;
    if (json_string(body, "pass", OWNER_PASS_CHARS, &pass, &fault) == RESULT_OK &&
        owner_pass_check(read->options->owner_secret, read->request->id, clock_wall_ms(), pass, key) &&
        reader_owner_key(read->reader, read->request->id, key, row) == RESULT_OK)
        return body;
    json_free(body);
    refuse(response);
    return NULL;
}

static struct json *let_in(struct read *read, struct response *response) {
    struct owner_key_row row;
    return let_in_as(read, response, &row);
}

/* ---- look ---- */

static void print_state(void *self, const char *text, int64_t at_ms) {
    struct json_out *j = self;
    jo_raw(j, "owner", text, strlen(text));
    jo_int(j, "owner_at_ms", at_ms);
}

static void print_question(void *self, const char *text, int64_t until_ms) {
    struct json_out *j = self;
    jo_object(j, NULL);
    jo_str(j, "text", text);
    jo_int(j, "until_ms", until_ms);
    jo_end(j);
}

/* Only what the owner may know anyway: who was here, for what, until when, and how it ended. */
static void print_session(void *self, const struct session *s) {
    struct json_out *j = self;
    jo_object(j, NULL);
    jo_str(j, "id", s->id);
    jo_str(j, "engineer", s->engineer);
    jo_str(j, "reason", s->reason);
    jo_str(j, "state", session_state_name(s->state));
    jo_str(j, "why", s->why);
    jo_str(j, "text", s->text);
    jo_int(j, "ticket", s->ticket);
    capabilities_write(j, "capabilities", s->capabilities);
    jo_int(j, "requested_ms", s->requested_ms);
    if (s->has_started)
        jo_int(j, "started_ms", s->started_ms);
    if (s->has_ended)
        jo_int(j, "ended_ms", s->ended_ms);
    if (s->has_deadline)
        jo_int(j, "deadline_ms", s->deadline_ms);
    if (s->has_consent)
        session_consent_print(&s->consent, j);
    jo_bool(j, "is_complete", s->is_complete);
    jo_end(j);
}

static void print_device(void *self, const struct device_row *row) {
    struct json_out *j = self;
    jo_bool(j, "online", row->is_online);
    jo_str(j, "model", row->model);
    jo_str(j, "serial", row->serial);
}

void read_owner_look(struct read *read, struct response *response) {
    const char *device = read->request->id;
    const int64_t now_ms = clock_wall_ms();
    const struct session_query past = {.device = device, .limit = PAST_SESSIONS};
    struct json *body = let_in(read, response);
    if (!body)
        return;
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_str(&j, "device", device);
    jo_int(&j, "now_ms", now_ms);
    enum result result = reader_device(read->reader, device, print_device, &j);
    if (result == RESULT_OK)
        result = reader_owner_state(read->reader, device, print_state, &j);
    jo_array(&j, "questions");
    if (result == RESULT_OK)
        result = reader_owner_questions(read->reader, device, now_ms, print_question, &j);
    jo_end(&j);
    jo_array(&j, "sessions");
    if (result == RESULT_OK)
        result = reader_sessions(read->reader, &past, print_session, &j);
    jo_end(&j);
    jo_end(&j);
    json_free(body);
    if (read_failed(read, response, result, "device"))
        return;
}

/* ---- letters, reports ---- */

static void print_letter(void *self, const char *outcome, const char *text) {
    struct json_out *j = self;
    jo_str(j, "state", outcome[0] ? (strcmp(outcome, "ok") == 0 ? "done" : "refused") : "waiting");
    jo_str(j, "error", strcmp(outcome, "ok") == 0 ? "" : outcome);
    jo_str(j, "text", text);
}

/* The letter's id is a random one that only its sender was told. */
void read_owner_letter(struct read *read, struct response *response) {
    struct json *body = NULL;
    const char *id;
    struct fault fault;
    if (!api_parse_body(read->request, &body, response))
        return;
    if (json_string(body, "letter", CAP_UUID_BYTES, &id, &fault) != RESULT_OK || !uuid_valid(id)) {
        json_free(body);
        response_problem(response, 400, "bad_input", "'letter' is no UUID");
        return;
    }
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    enum result result = reader_owner_letter(read->reader, read->request->id, id, print_letter, &j);
    if (result == RESULT_NOT_FOUND) {
        print_letter(&j, "unreachable", "the product cannot be reached");
        result = RESULT_OK;
    }
    jo_end(&j);
    json_free(body);
    if (read_failed(read, response, result, "letter"))
        return;
}

static void print_report(void *self, const char *markdown, int64_t at_ms) {
    struct json_out *j = self;
    jo_str(j, "markdown", markdown);
    jo_int(j, "at_ms", at_ms);
}

void read_owner_report(struct read *read, struct response *response) {
    const char *session;
    struct fault fault;
    enum result result = RESULT_NOT_FOUND;
    struct json *body = let_in(read, response);
    if (!body)
        return;
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    if (json_string(body, "session", CAP_UUID_BYTES, &session, &fault) == RESULT_OK)
        result = reader_owner_report(read->reader, read->request->id, session, print_report, &j);
    jo_end(&j);
    json_free(body);
    if (read_failed(read, response, result, "report"))
        return;
}

/* ---- the help call ---- */

/* The session that a body names, when it is this product's; others are not there. */
static bool find_live(struct read *read, const struct json *body, struct session *s, struct response *response) {
    const char *id;
    struct fault fault;
    if (json_string(body, "session", CAP_UUID_BYTES, &id, &fault) != RESULT_OK) {
        response_problem(response, 400, "bad_input", "%s", fault.text);
        return false;
    }
    const enum result result = reader_session(read->reader, id, s);
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && strcmp(s->device, read->request->id) != 0)) {
        response_problem(response, 404, "not_found", "there is no session %s of this product", id);
        return false;
    }
    if (read_failed(read, response, result, "session"))
        return false;
    if (s->state != SESSION_LIVE) {
        response_problem(response, 409, "conflict", "nobody is connected any more");
        return false;
    }
    return true;
}

struct former {
    const char *name;
    char id[CAP_UUID_BYTES + 1];
};

static void note_former(void *self, const struct invite *invite) {
    struct former *former = self;
    if ((invite->state == INVITE_OPEN || invite->state == INVITE_USED) && strcmp(invite->name, former->name) == 0)
        snprintf(former->id, sizeof former->id, "%s", invite->id);
}

/* The link that this phone was given before ends, so that a page which was closed does not keep its owner out. */
static enum result renew_invite(struct read *read, struct invite *invite, char token[AUTH_TOKEN_CHARS + 1],
                                struct fault *fault) {
    const int64_t mono_ms = clock_mono_ms();
    struct former former = {.name = invite->name};
    invites_each(read->invites, invite->session, mono_ms, note_former, &former);
    if (former.id[0] != '\0') {
        const enum result result = invites_revoke(read->invites, invite->session, former.id, mono_ms, fault);
        if (result != RESULT_OK && result != RESULT_NOT_FOUND)
            return result;
    }
    invite->expires_ms = clock_wall_ms() + CALL_MINUTES * 60000;
    invite->expires_mono_ms = mono_ms + CALL_MINUTES * 60000;
    return invites_add(read->invites, invite, mono_ms, token, fault);
}

static void tell_invite(const struct read *read, const struct invite *invite) {
    struct api_member members[] = {{"what", "session.invite"}, {"detail", invite->name}};
    struct change *change = change_new(CHANGE_READ);
    change->by = read->by;
    snprintf(change->by.name, sizeof change->by.name, "%s", invite->by);
    change->body = api_object(members, 2);
    snprintf(change->id, sizeof change->id, "%s", invite->session);
    read->options->submit(read->options->self, change);
}

void read_owner_call(struct read *read, struct response *response) {
    struct owner_key_row row;
    struct session session;
    struct invite invite = {.may = RELAY_GUEST_CALL | RELAY_GUEST_CHAT};
    struct fault fault;
    char token[AUTH_TOKEN_CHARS + 1], path[AUTH_TOKEN_CHARS + 16];
    struct json *body = let_in_as(read, response, &row);
    const bool is_live = body && find_live(read, body, &session, response);
    json_free(body);
    if (!is_live)
        return;
    snprintf(invite.session, sizeof invite.session, "%s", session.id);
    snprintf(invite.device, sizeof invite.device, "%s", session.device);
    snprintf(invite.by, sizeof invite.by, "owner:%.40s", row.name);
    text_copy(invite.name, sizeof invite.name - sizeof "guest", row.name);
    memmove(invite.name + strlen("guest "), invite.name, strlen(invite.name) + 1);
    memcpy(invite.name, "guest ", strlen("guest "));
    const enum result result = renew_invite(read, &invite, token, &fault);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    tell_invite(read, &invite);
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    snprintf(path, sizeof path, "/join/#t=%s", token);
    jo_str(&j, "path", path);
    jo_int(&j, "expires_ms", invite.expires_ms);
    jo_end(&j);
    wipe(token, sizeof token);
    wipe(path, sizeof path);
}
