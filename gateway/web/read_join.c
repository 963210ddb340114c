/* Coming into a live session: tickets for WebSockets, invitations by a link, and opening such a link (openapi.yaml:
 * /ws-tickets, /sessions/{id}/invites..., /join). Reader threads. What changes something here changes memory only
 * (ws_ticket.h, invites.h); invitations and their use are told to the audit log. */
#include "fieldline/clock.h"
#include "sessions/relay.h"
#include "web/api.h"
#include "web/invites.h"
#include "web/join_rights.h"
#include "web/read.h"

#include <stdio.h>
#include <string.h>

enum { INVITE_DEFAULT_MINUTES = 30 };

static const struct {
    const char *name;
    unsigned bit;
} rights[] = {{"watch", RELAY_GUEST_WATCH}, {"call", RELAY_GUEST_CALL}, {"chat", RELAY_GUEST_CHAT}};
enum { RIGHT_COUNT = sizeof rights / sizeof *rights };

static void print_rights(unsigned may, struct json_out *j) {
    jo_array(j, "may");
    for (size_t i = 0; i < RIGHT_COUNT; i++) {
        if ((may & rights[i].bit) != 0) {
            jo_str(j, NULL, rights[i].name);
        }
    }
    jo_end(j);
}

static bool issue(struct read *read, struct response *response, const struct ws_holder *holder,
                  char ticket[AUTH_TOKEN_CHARS + 1]) {
    if (ws_ticket_issue(read->tickets, holder, clock_mono_ms(), ticket) != RESULT_OK) {
        response_problem(response, 503, "busy", "too many WebSocket tickets are under way");
        response->retry_after_s = 5;
        return false;
    }
    return true;
}

static bool take_rights(struct read *read, struct response *response, const struct session *session,
                        struct ws_holder *holder) {
    struct join_rights found;
    enum result result =
        join_rights_of(read->reader, &read->by, session, read->options->needs_qualification, clock_wall_ms(), &found);
    if (read_failed(read, response, result, "session")) {
        return false;
    }
    if (found.is_killed) {
        response_problem(response, 403, "denied", "a kill switch covers you or the product");
        return false;
    }
    holder->may_type = found.may_type;
    holder->may_moderate = found.may_moderate;
    return true;
}

/* The session that a body names, if it names one. */
static bool find_named(struct read *read, struct response *response, struct ws_holder *holder) {
    struct json *body = NULL;
    struct fault fault;
    struct session session;
    const char *id = NULL;
    bool is_fine = api_parse_body(read->request, &body, response);
    if (is_fine && json_optional_string(body, "session", CAP_UUID_BYTES, &id, &fault) != RESULT_OK) {
        response_problem(response, 400, "bad_input", "%s", fault.text);
        is_fine = false;
    }
    if (is_fine && id != NULL) {
        is_fine = read_failed(read, response, reader_session(read->reader, id, &session), "session") == false;
    }
    if (is_fine && id != NULL) {
        is_fine = take_rights(read, response, &session, holder);
        snprintf(holder->session, sizeof holder->session, "%s", session.id);
    }
    json_free(body);
    return is_fine;
}

void read_ws_ticket(struct read *read, struct response *response) {
    struct ws_holder holder = {.by = read->by};
    memcpy(holder.login, read->login, sizeof holder.login);
    char ticket[AUTH_TOKEN_CHARS + 1];
    if (!find_named(read, response, &holder) || !issue(read, response, &holder, ticket)) {
        return;
    }
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_str(&j, "ticket", ticket);
    jo_end(&j);
    wipe(ticket, sizeof ticket);
}

/* ---- invitations ---- */

static void audit(struct read *read, const char *who, const char *what, const char *session, const char *detail) {
    struct api_member members[] = {{"what", what}, {"detail", detail}};
    struct change *change = change_new(CHANGE_READ);
    change->by = read->by;
    if (who != NULL) {
        snprintf(change->by.name, sizeof change->by.name, "%s", who);
    }
    change->body = api_object(members, 2);
    snprintf(change->id, sizeof change->id, "%s", session);
    read->options->submit(read->options->self, change);
}

/* A name as a person writes it: no control characters, and not so long that it pushes others off the screen. */
static enum result check_name(const char *name, struct fault *fault) {
    size_t chars = 0;
    for (const uint8_t *at = (const uint8_t *)name; *at != '\0'; at++) {
        if (*at < 0x20 || *at == 0x7f || *at == '<' || *at == '>' || *at == '"' || *at == '\\') {
            return fault_set(fault, RESULT_BAD_INPUT, "'name' has characters that no name has");
        }
        chars += (*at & 0xc0) != 0x80;
    }
    return name[strspn(name, " ")] != '\0' && chars <= INVITE_NAME_CHARS
               ? RESULT_OK
               : fault_set(fault, RESULT_BAD_INPUT, "'name' must have 1 to %d characters", INVITE_NAME_CHARS);
}

static enum result read_rights(const struct json *body, unsigned *may, struct fault *fault) {
    const struct json *list;
    enum result result = json_array(body, "may", RIGHT_COUNT, &list, fault);
    *may = 0;
    for (size_t i = 0; result == RESULT_OK && i < json_count(list); i++) {
        const char *name = "";
        unsigned bit = 0;
        for (size_t r = 0; r < RIGHT_COUNT && json_as_string(json_at(list, i), &name); r++) {
            bit |= strcmp(name, rights[r].name) == 0 ? rights[r].bit : 0;
        }
        if (bit == 0) {
            return fault_set(fault, RESULT_BAD_INPUT, "'may' may hold watch, call and chat");
        }
        *may |= bit;
    }
    return result == RESULT_OK && *may == 0
               ? fault_set(fault, RESULT_BAD_INPUT, "'may' is empty: an invitation to nothing")
               : result;
}

static enum result read_invite(const struct json *body, int64_t mono_ms, struct invite *out, struct fault *fault) {
    const char *name;
    int64_t minutes = INVITE_DEFAULT_MINUTES;
    enum result result = json_string(body, "name", INVITE_NAME_CHARS * 4, &name, fault);
    if (result == RESULT_OK) {
        result = check_name(name, fault);
    }
    if (result == RESULT_OK) {
        result = read_rights(body, &out->may, fault);
    }
    if (result == RESULT_OK && json_get(body, "minutes") != NULL) {
        result = json_integer(body, "minutes", 1, INVITE_MINUTES, &minutes, fault);
    }
    if (result == RESULT_OK) {
        char cut[SESSION_NAME_BYTES + 1 - sizeof "guest"];
        text_copy(cut, sizeof cut, name);
        snprintf(out->name, sizeof out->name, "guest %s", cut);
        out->expires_ms = clock_wall_ms() + minutes * 60 * 1000;
        out->expires_mono_ms = mono_ms + minutes * 60 * 1000;
    }
    return result;
}

/* The live session of the path, when this person may invite into it: its engineer, or a supervisor. */
static bool may_invite(struct read *read, struct response *response, struct session *session) {
    if (read_failed(read, response, reader_session(read->reader, read->request->id, session), "session")) {
        return false;
    }
    if (strcmp(session->engineer, read->by.name) != 0 && read->by.role != ROLE_SUPERVISOR) {
        response_problem(response, 403, "denied", "only %s or a supervisor may invite into this session",
                         session->engineer);
        return false;
    }
    if (session->state != SESSION_LIVE) {
        response_problem(response, 409, "conflict", "session %s is not live (its state is %s)", session->id,
                         session_state_name(session->state));
        return false;
    }
    return true;
}

static void print_members(const struct invite *invite, struct json_out *j) {
    jo_str(j, "id", invite->id);
    jo_str(j, "name", invite->name);
    print_rights(invite->may, j);
    jo_str(j, "by", invite->by);
    jo_int(j, "expires_ms", invite->expires_ms);
    jo_str(j, "state", invite_state_name(invite->state));
}

static void list_invite(void *self, const struct invite *invite) {
    jo_object(self, NULL);
    print_members(invite, self);
    jo_end(self);
}

void read_invites(struct read *read, struct response *response) {
    struct session session;
    if (!may_invite(read, response, &session)) {
        return;
    }
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_array(&j, "items");
    invites_each(read->invites, session.id, clock_mono_ms(), list_invite, &j);
    jo_end(&j);
    jo_end(&j);
}

void read_invite_make(struct read *read, struct response *response) {
    struct session session;
    struct invite invite = {0};
    struct json *body = NULL;
    struct fault fault;
    char token[AUTH_TOKEN_CHARS + 1], detail[200];
    if (!may_invite(read, response, &session) || !api_parse_body(read->request, &body, response)) {
        return;
    }
    int64_t mono_ms = clock_mono_ms();
    enum result result = read_invite(body, mono_ms, &invite, &fault);
    if (result == RESULT_OK) {
        snprintf(invite.session, sizeof invite.session, "%s", session.id);
        snprintf(invite.device, sizeof invite.device, "%s", session.device);
        snprintf(invite.by, sizeof invite.by, "%s", read->by.name);
        result = invites_add(read->invites, &invite, mono_ms, token, &fault);
    }
    json_free(body);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    snprintf(detail, sizeof detail, "%s, until %lld", invite.name, (long long)invite.expires_ms);
    audit(read, NULL, "session.invite", session.id, detail);
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    print_members(&invite, &j);
    snprintf(detail, sizeof detail, "/join/#t=%s", token);
    jo_str(&j, "path", detail);
    jo_end(&j);
    wipe(token, sizeof token);
    wipe(detail, sizeof detail);
}

void read_invite_revoke(struct read *read, struct response *response) {
    struct session session;
    struct json *body = NULL;
    struct fault fault;
    const char *id = NULL;
    if (!may_invite(read, response, &session) || !api_parse_body(read->request, &body, response)) {
        return;
    }
    enum result result = json_string(body, "invite", CAP_UUID_BYTES, &id, &fault);
    if (result == RESULT_OK) {
        result = invites_revoke(read->invites, session.id, id, clock_mono_ms(), &fault);
    }
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
    } else {
        audit(read, NULL, "session.uninvite", session.id, id);
        struct json_out j = read_json(response);
        jo_object(&j, NULL);
        jo_end(&j);
    }
    json_free(body);
}

/* ---- the guest ---- */

static void let_in(struct read *read, struct response *response, const struct invite *invite, const char *seat) {
    struct ws_holder holder = {.is_guest = true, .guest_may = invite->may};
    char ticket[AUTH_TOKEN_CHARS + 1];
    snprintf(holder.by.name, sizeof holder.by.name, "%s", invite->name);
    snprintf(holder.session, sizeof holder.session, "%s", invite->session);
    snprintf(holder.invite, sizeof holder.invite, "%s", invite->id);
    /* Tickets are capped for each login; a guest's is his invitation. */
    sha256(invite->id, strlen(invite->id), holder.login);
    if (!issue(read, response, &holder, ticket)) {
        return;
    }
    if (seat[0] != '\0') {
        audit(read, invite->name, "session.guest", invite->session, invite->id);
    }
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_str(&j, "session", invite->session);
    jo_str(&j, "device", invite->device);
    jo_str(&j, "name", invite->name);
    print_rights(invite->may, &j);
    jo_int(&j, "expires_ms", invite->expires_ms);
    jo_str(&j, "ticket", ticket);
    if (seat[0] != '\0') {
        jo_str(&j, "seat", seat);
    }
    jo_end(&j);
    wipe(ticket, sizeof ticket);
}

void read_join(struct read *read, struct response *response) {
    struct json *body = NULL;
    struct fault fault;
    struct invite invite;
    const char *token = NULL, *seat = NULL;
    char new_seat[AUTH_TOKEN_CHARS + 1] = "";
    if (!api_parse_body(read->request, &body, response)) {
        return;
    }
    enum result result = json_string(body, "token", AUTH_TOKEN_CHARS, &token, &fault);
    if (result == RESULT_OK) {
        result = json_optional_string(body, "seat", AUTH_TOKEN_CHARS, &seat, &fault);
    }
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
    } else if (invites_open(read->invites, token, seat, clock_mono_ms(), &invite, new_seat) != RESULT_OK) {
        response_problem(response, 403, "denied", "this invitation does not hold, or was opened by somebody else");
    } else {
        let_in(read, response, &invite, new_seat);
    }
    wipe(new_seat, sizeof new_seat);
    json_free(body);
}
