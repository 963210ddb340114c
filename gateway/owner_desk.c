/* Between the owner's page and the product. A statement becomes a letter (a row that the page asks after) and a command
 * in the outbox; the product's reply closes the letter, renews the copy of its state, and moves the session that it was
 * about. An owner's stop does not wait for the product: the relay is ended at once, and the command goes all the same.
 *
 * To an unknown device, one that is offline and one without owners, the answer is the same: a letter that nobody knows.
 */
#include "owner_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"
#include "outbox.h"
#include "session_case.h"
#include "session_desk.h"
#include "store/audit.h"
#include "store/cases.h"
#include "store/owners.h"

enum { LETTER_LIFE_MS = 60 * 1000, STATE_OLD_MS = 5 * 1000, STATE_BYTES = 48 * 1024, KEYS_MAX = 16 };

static void answer_letter(struct change *change, const char *id) {
    struct json_out j = json_out(&change->reply);
    change->status = 202;
    jo_object(&j, NULL);
    jo_str(&j, "letter", id);
    jo_end(&j);
}

/* Writes the letter and sends the command, whose arguments are `args`. */
static enum result send_letter(struct core *core, struct change *change, const struct device *device,
                               struct owner_letter *letter, const char *verb, const char *args) {
    letter->device_id = device->row;
    letter->at_ms = core->now_ms;
    snprintf(letter->address, sizeof letter->address, "%s", change->by.address);
    enum result result = store_owner_letter_add(core->store, letter);
    if (result == RESULT_BUSY) {
        change_problem(change, 429, "busy", "Too many messages for this product lately; wait a while.");
        return RESULT_OK;
    }
    if (result == RESULT_OK)
        result = outbox_command(core, device, verb, letter->id, args, LETTER_LIFE_MS);
    if (result == RESULT_OK)
        answer_letter(change, letter->id);
    return result;
}

static struct device *reachable(struct core *core, const struct change *change) {
    struct device *device = registry_find(core->registry, change->id);
    return device && device->row != 0 && device->is_online ? device : NULL;
}

enum result owner_desk_enrol(struct core *core, struct change *change) {
    struct owner_letter letter = {0};
    const char *text, *mac;
    struct fault fault;
    struct owner_statement says;
    struct buf args;
    uuid_make(letter.id);
    if (json_string(change->body, "text", OWNER_STATEMENT_BYTES, &text, &fault) != RESULT_OK ||
        json_string(change->body, "mac", 64, &mac, &fault) != RESULT_OK ||
        owner_statement_parse(text, strlen(text), &says, &fault) != RESULT_OK) {
        change_problem(change, 400, "bad_input", "%s", fault.text);
        return RESULT_OK;
    }
    struct device *device = reachable(core, change);
    if (!device || says.kind != OWNER_ENROL || strcmp(says.device, change->id) != 0) {
        answer_letter(change, letter.id);
        return RESULT_OK;
    }
    snprintf(letter.by, sizeof letter.by, "%s", says.name);
    buf_init(&args, CAP_COMMAND_BYTES);
    struct json_out j = json_out(&args);
    jo_object(&j, NULL);
    jo_str(&j, "text", text);
    jo_str(&j, "mac", mac);
    jo_end(&j);
    const enum result result = send_letter(core, change, device, &letter, "owner.enrol", buf_text(&args));
    buf_wipe(&args);
    return result;
}

/* ---- statements ---- */

struct saying {
    const char *key, *text, *signature;
    struct owner_statement says;
    struct owner_key_row row;
};

/* RESULT_DENIED: not from an owner of this device. */
static enum result read_saying(struct core *core, const struct change *change, const struct device *device,
                               struct saying *out, struct fault *fault) {
    uint8_t point[POINT_BYTES];
    enum result result;
    if ((result = json_string(change->body, "key", SHA256_HEX_BYTES - 1, &out->key, fault)) != RESULT_OK ||
        (result = json_string(change->body, "statement", OWNER_STATEMENT_BYTES, &out->text, fault)) != RESULT_OK ||
        (result = json_string(change->body, "signature", OWNER_SIGNATURE_CHARS, &out->signature, fault)) != RESULT_OK ||
        (result = owner_statement_parse(out->text, strlen(out->text), &out->says, fault)) != RESULT_OK)
        return result;
    result = device ? store_owner_key(core->store, device->row, out->key, &out->row) : RESULT_NOT_FOUND;
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && !owner_point_parse(out->row.point, point)))
        return fault_set(fault, RESULT_DENIED, "This phone is not enrolled on this product.");
    if (result != RESULT_OK)
        return fault_set(fault, result, "The key cannot be looked up.");
    if ((result = owner_check(out->text, out->signature, point, fault)) != RESULT_OK)
        return result;
    const bool is_for_it =
        strcmp(out->says.device, change->id) == 0 && out->says.kind != OWNER_LOGIN && out->says.kind != OWNER_ENROL;
    return is_for_it ? RESULT_OK : fault_set(fault, RESULT_DENIED, "This is not a statement to this product.");
}

/* The session that a statement names, when it is this device's and not over. */
static enum result find_session(struct core *core, const struct saying *saying, const struct device *device,
                                struct session *s, bool *is_found) {
    *is_found = false;
    if (!saying->says.session[0])
        return RESULT_OK;
    const enum result result = store_session_find(core->store, saying->says.session, s);
    *is_found = result == RESULT_OK && strcmp(s->device, device->id) == 0 && session_state_is_open(s->state);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result stop_session(struct core *core, struct session *s, const struct actor *by) {
    const enum result result = session_case_audit(core, s, by, "session.end", "ok", "ended_by_owner");
    if (result != RESULT_OK || s->state != SESSION_LIVE)
        return result != RESULT_OK ? result : session_case_close(core, s, SESSION_EVENT_DENIED, "refused", by);
    effects_kill(core->effects, s->id, "ended_by_owner");
    return RESULT_OK;
}

/* `session`: the one of this device that the reply may move, or "". */
static enum result carry(struct core *core, struct change *change, const struct device *device,
                         const struct saying *saying, const char *session) {
    struct owner_letter letter = {.is_signed = true};
    struct buf args;
    uuid_make(letter.id);
    snprintf(letter.session, sizeof letter.session, "%s", session);
    snprintf(letter.by, sizeof letter.by, "%s", saying->row.name);
    buf_init(&args, CAP_COMMAND_BYTES);
    struct json_out j = json_out(&args);
    jo_object(&j, NULL);
    jo_str(&j, "key", saying->key);
    jo_str(&j, "statement", saying->text);
    jo_str(&j, "signature", saying->signature);
    jo_end(&j);
    const enum result result = send_letter(core, change, device, &letter, "owner.say", buf_text(&args));
    buf_fini(&args);
    return result;
}

static enum result audit(struct core *core, const struct change *change, const char *what, const char *outcome,
                         const char *detail) {
    char object[80];
    snprintf(object, sizeof object, "device/%s", change->id);
    const struct audit_row row = {.at_ms = core->now_ms,
                                  .who = change->by.name,
                                  .what = what,
                                  .object = object,
                                  .result = outcome,
                                  .detail = detail,
                                  .address = change->by.address};
    return audit_add(core->store, &row);
}

enum result owner_desk_say(struct core *core, struct change *change) {
    struct device *device = registry_find(core->registry, change->id);
    struct saying saying = {0};
    struct session s;
    struct fault fault = {""};
    bool is_found = false;
    enum result result = read_saying(core, change, device && device->row != 0 ? device : NULL, &saying, &fault);
    if (result == RESULT_BAD_INPUT || result == RESULT_TOO_BIG || result == RESULT_DENIED) {
        log_warn("gateway.owners", "statement_refused", "device=%s reason=%s", change->id, log_text(fault.text));
        change_problem(change, result == RESULT_DENIED ? 403 : 400, result_name(result), "%s", fault.text);
        return RESULT_OK;
    }
    if (result != RESULT_OK)
        return result;
    snprintf(change->by.name, sizeof change->by.name, "%s", saying.row.name);
    change->by.role = ROLE_OWNER;
    result = find_session(core, &saying, device, &s, &is_found);
    if (result == RESULT_OK && saying.says.kind == OWNER_STOP && is_found)
        result = stop_session(core, &s, &change->by);
    if (result == RESULT_OK)
        result = audit(core, change, "owner.statement", "ok", saying.text);
    return result == RESULT_OK ? carry(core, change, device, &saying, is_found ? s.id : "") : result;
}

enum result owner_desk_look(struct core *core, struct change *change) {
    const struct device *device = reachable(core, change);
    int64_t at_ms = 0;
    change->status = 200;
    if (!device)
        return RESULT_OK;
    const enum result result = store_owner_state_at(core->store, device->row, &at_ms);
    if (result != RESULT_OK || core->now_ms - at_ms < STATE_OLD_MS)
        return result;
    return outbox_command(core, device, "owner.state", "", "{}", LETTER_LIFE_MS);
}

/* ---- replies ---- */

static enum result read_keys(const struct json *state, struct owner_key_row rows[KEYS_MAX], size_t *count,
                             struct fault *fault) {
    const struct json *list;
    enum result result = json_array(state, "keys", KEYS_MAX, &list, fault);
    *count = 0;
    for (size_t i = 0; result == RESULT_OK && i < json_count(list); i++) {
        const struct json *item = json_at(list, i);
        const char *point, *name;
        uint8_t bytes[POINT_BYTES];
        if (!json_is_object(item))
            return fault_set(fault, RESULT_BAD_INPUT, "'keys' has a member that is no object");
        if ((result = json_string(item, "point", OWNER_POINT_CHARS, &point, fault)) != RESULT_OK ||
            (result = json_string(item, "name", OWNER_NAME_BYTES, &name, fault)) != RESULT_OK)
            return result;
        if (!owner_point_parse(point, bytes) || !owner_name_valid(name))
            return fault_set(fault, RESULT_BAD_INPUT, "'keys' has a member without a good point or name");
        struct owner_key_row *row = &rows[(*count)++];
        owner_key_id(bytes, row->key); /* not what the product calls it: that must be this */
        snprintf(row->point, sizeof row->point, "%s", point);
        snprintf(row->name, sizeof row->name, "%s", name);
    }
    return result;
}

static enum result take_state(struct core *core, const struct device *device, const struct json *state) {
    struct owner_key_row rows[KEYS_MAX];
    size_t count = 0;
    struct fault fault;
    struct buf text;
    enum result result = RESULT_OK;
    if (!json_is_object(state) || read_keys(state, rows, &count, &fault) != RESULT_OK) {
        log_warn("gateway.owners", "bad_state", "device=%s", device->id);
        return RESULT_OK;
    }
    buf_init(&text, STATE_BYTES);
    json_print(state, &text);
    if (!text.overflow)
        result = store_owner_state_put(core->store, device->row, buf_text(&text), rows, count, core->now_ms);
    buf_fini(&text);
    effects_notify(core->effects, "device", device->id, device->id);
    return result;
}

/* The product has answered a question: what session.consent's answer would do. */
static enum result move_session(struct core *core, const struct device *device, const struct owner_letter *letter,
                                const struct reply_message *reply) {
    const char *state = "";
    struct session s;
    if (!letter->session[0])
        return RESULT_OK;
    enum result result = store_session_find(core->store, letter->session, &s);
    if (result != RESULT_OK || strcmp(s.device, device->id) != 0)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result; /* a product moves no session but its own */
    if (!reply->ok && strcmp(reply->error, "failed") == 0)
        return session_desk_reply(core, letter->session, reply); /* allowed, but it could not be started */
    if (!reply->ok || !reply->result || !json_is_object(reply->result) ||
        json_string(reply->result, "state", 31, &state, NULL) != RESULT_OK)
        return RESULT_OK;
    if (strcmp(state, "open") == 0)
        return session_desk_reply(core, letter->session, reply);
    if (strcmp(state, "refused") != 0)
        return RESULT_OK;
    if (!session_state_is_open(s.state) || s.state == SESSION_LIVE)
        return RESULT_OK;
    struct actor by = {.role = ROLE_OWNER};
    snprintf(by.name, sizeof by.name, "%s", letter->by);
    return session_case_close(core, &s, SESSION_EVENT_DENIED, "refused", &by);
}

enum result owner_desk_reply(struct core *core, struct device *device, const char *letter_id,
                             const struct reply_message *reply) {
    struct owner_letter letter;
    const struct json *state =
        reply->ok && reply->result && json_is_object(reply->result) ? json_get(reply->result, "owner") : NULL;
    enum result result = state ? take_state(core, device, state) : RESULT_OK;
    if (result == RESULT_OK && !reply->ok && strcmp(reply->error, "off_on_product") == 0)
        result = store_owner_state_put(core->store, device->row, "{}", NULL, 0, core->now_ms);
    if (result != RESULT_OK || !letter_id[0])
        return result;
    result = store_owner_letter_find(core->store, letter_id, &letter);
    if (result != RESULT_OK)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    if (!reply->ok)
        log_info("gateway.owners", "not_counted", "device=%s error=%s", device->id, log_text(reply->error));
    result =
        store_owner_letter_done(core->store, letter_id, reply->ok ? "ok" : reply->error, reply->ok ? "" : reply->text);
    return result == RESULT_OK ? move_session(core, device, &letter, reply) : result;
}

enum result owner_desk_question(struct core *core, struct session *s, const struct reply_message *reply,
                                bool *is_question) {
    const char *state, *question;
    int64_t wait_s;
    struct fault fault;
    const struct device *device = registry_find(core->registry, s->device);
    *is_question = reply->ok && reply->result && json_is_object(reply->result) &&
                   json_string(reply->result, "state", 31, &state, NULL) == RESULT_OK &&
                   strcmp(state, "page_required") == 0;
    if (!*is_question || !device || s->state != SESSION_ASKING)
        return RESULT_OK;
    if (json_integer(reply->result, "wait_s", 1, CAP_SESSION_SECONDS, &wait_s, &fault) != RESULT_OK ||
        json_string(reply->result, "question", CAP_COMMAND_BYTES, &question, &fault) != RESULT_OK) {
        log_warn("gateway.owners", "bad_question", "session=%s reason=%s", s->id, log_text(fault.text));
        return RESULT_OK;
    }
    enum result result =
        store_owner_question_put(core->store, s->id, device->row, question, core->now_ms + wait_s * 1000);
    snprintf(s->text, sizeof s->text, "The owner is asked on the owner's page; the question stands for %lld seconds.",
             (long long)wait_s);
    return result == RESULT_OK ? session_case_put(core, s) : result;
}
