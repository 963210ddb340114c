/* Commands to a product and its replies.
 *
 * The envelope only: what a verb's arguments mean is the business of whoever owns the verb, so they stay a JSON tree
 * inside the message's holder. JSON-RPC 2.0 as the envelope was left for commands (sessions use it): MQTT already
 * carries the correlation, and `id` here means more than there: a repeat gets the stored reply instead of a second
 * execution. */
#include "fieldline/message.h"

#include <string.h>

#include "src/field.h"
#include "src/names.h"

static enum result read_command(struct command_message *command, struct fault *fault) {
    const struct json *root = command->holder;
    enum result result;
    if ((result = field_uuid(root, "id", command->id, fault)) ||
        (result = field_text(root, "verb", name_is_code, CAP_CODE_BYTES, command->verb, fault)))
        return result;
    command->args = json_get(root, "args");
    if (!json_is_object(command->args))
        return fault_set(fault, RESULT_BAD_INPUT, "'args' is missing or not an object");
    return RESULT_OK;
}

enum result command_decode(const void *payload, size_t bytes, struct command_message *out, struct fault *fault) {
    struct command_message command = {0};
    enum result result = payload_parse(payload, bytes, CAP_COMMAND_BYTES, &command.holder, fault);
    if (!result)
        result = read_command(&command, fault);
    if (result)
        command_fini(&command);
    else
        *out = command;
    return result;
}

void command_encode(const char *id, const char *verb, const char *args_json, struct buf *out) {
    const char *args = args_json ? args_json : "{}";
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "id", id);
    jo_str(&j, "verb", verb);
    jo_raw(&j, "args", args, strlen(args));
    jo_end(&j);
}

void command_fini(struct command_message *command) {
    json_free(command->holder);
    command->holder = NULL;
    command->args = NULL;
}

static enum result read_reply(struct reply_message *reply, struct fault *fault) {
    const struct json *root = reply->holder;
    enum result result;
    if ((result = field_uuid(root, "id", reply->id, fault)) || (result = json_bool(root, "ok", &reply->ok, fault)))
        return result;
    if (reply->ok) {
        reply->result = json_get(root, "result");
        if (reply->result && !json_is_object(reply->result))
            return fault_set(fault, RESULT_BAD_INPUT, "'result' is not an object");
        return RESULT_OK;
    }
    result = field_text(root, "error", name_is_code, CAP_CODE_BYTES, reply->error, fault);
    return result ? result : field_optional_text(root, "text", NULL, CAP_EVENT_TEXT_BYTES, reply->text, fault);
}

enum result reply_decode(const void *payload, size_t bytes, struct reply_message *out, struct fault *fault) {
    struct reply_message reply = {0};
    enum result result = payload_parse(payload, bytes, CAP_PAYLOAD_BYTES, &reply.holder, fault);
    if (!result)
        result = read_reply(&reply, fault);
    if (result)
        reply_fini(&reply);
    else
        *out = reply;
    return result;
}

void reply_encode_ok(const char *id, const char *result_json, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "id", id);
    jo_bool(&j, "ok", true);
    if (result_json)
        jo_raw(&j, "result", result_json, strlen(result_json));
    jo_end(&j);
}

void reply_encode_error(const char *id, const char *error, const char *text, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "id", id);
    jo_bool(&j, "ok", false);
    jo_str(&j, "error", error);
    jo_strn(&j, "text", text ? text : "", text ? utf8_cut(text, strnlen(text, CAP_EVENT_TEXT_BYTES)) : 0);
    jo_end(&j);
}

void reply_fini(struct reply_message *reply) {
    json_free(reply->holder);
    reply->holder = NULL;
    reply->result = NULL;
}
