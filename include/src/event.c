/* Events: a fault code that came or went, a call for service, a gap in the record, a note.
 *
 * Rare and urgent, so they are plain JSON objects and not SenML. What a kind does not have is neither written nor read:
 * a call has no code, only a gap counts records. A fault must say whether it is active; guessing would open or close
 * tickets. Severities are RFC 5424's on the wire; the pack decides what a fault code means on an alarm's scale. */
#include "fieldline/message.h"

#include <string.h>

#include "src/field.h"
#include "src/names.h"

static const struct {
    const char *name;
    int severity; /* when the message gives none */
} KINDS[] = {
    [EVENT_FAULT] = {"fault", SEVERITY_ERROR},
    [EVENT_CALL] = {"call", SEVERITY_NOTICE},
    [EVENT_GAP] = {"gap", SEVERITY_WARNING},
    [EVENT_INFO] = {"info", SEVERITY_INFO},
};
enum { KIND_COUNT = sizeof KINDS / sizeof KINDS[0], KIND_BYTES = 31 };

static const char *const SEVERITIES[] = {"emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"};

const char *severity_name(int severity) {
    return severity >= SEVERITY_EMERGENCY && severity <= SEVERITY_DEBUG ? SEVERITIES[severity] : "unknown";
}

const char *event_kind_name(enum event_kind kind) {
    size_t index = (size_t)kind;
    return index < KIND_COUNT ? KINDS[index].name : "unknown";
}

static enum result read_kind(const struct json *root, enum event_kind *out, struct fault *fault) {
    const char *name;
    enum result result = json_string(root, "kind", KIND_BYTES, &name, fault);
    if (result)
        return result;
    for (int i = 0; i < KIND_COUNT; i++) {
        if (strcmp(KINDS[i].name, name) == 0) {
            *out = (enum event_kind)i;
            return RESULT_OK;
        }
    }
    return fault_set(fault, RESULT_BAD_INPUT, "'kind' is '%s', expected fault, call, gap or info", name);
}

static enum result read_fault(const struct json *root, struct event_message *event, struct fault *fault) {
    enum result result = field_text(root, "code", name_is_code, CAP_CODE_BYTES, event->code, fault);
    return result ? result : json_bool(root, "active", &event->active, fault);
}

static enum result read_gap(const struct json *root, struct event_message *event, struct fault *fault) {
    enum result result;
    if ((result = field_count(root, "count", &event->gap_count, fault)) ||
        (result = field_time(root, "first", &event->gap_first_ms, fault)))
        return result;
    return field_time(root, "last", &event->gap_last_ms, fault);
}

static enum result read_event(const struct json *root, struct event_message *event, struct fault *fault) {
    enum result result;
    if ((result = field_time(root, "t", &event->event_ms, fault)) || (result = read_kind(root, &event->kind, fault)))
        return result;
    if (event->kind == EVENT_FAULT)
        result = read_fault(root, event, fault);
    else if (event->kind == EVENT_GAP)
        result = read_gap(root, event, fault);
    if (result || (result = field_optional_int(root, "severity", SEVERITY_EMERGENCY, SEVERITY_DEBUG,
                                               KINDS[event->kind].severity, &event->severity, fault)))
        return result;
    return field_optional_text(root, "text", NULL, CAP_EVENT_TEXT_BYTES, event->text, fault);
}

enum result event_decode(const void *payload, size_t bytes, struct event_message *out, struct fault *fault) {
    struct json *root;
    enum result result = payload_parse(payload, bytes, CAP_PAYLOAD_BYTES, &root, fault);
    if (result)
        return result;
    struct event_message event = {0};
    result = read_event(root, &event, fault);
    json_free(root);
    if (!result)
        *out = event;
    return result;
}

void event_encode(const struct event_message *event, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_int(&j, "t", event->event_ms);
    jo_str(&j, "kind", event_kind_name(event->kind));
    if (event->kind == EVENT_FAULT) {
        jo_str(&j, "code", event->code);
        jo_bool(&j, "active", event->active);
    }
    if (event->kind == EVENT_GAP) {
        jo_int(&j, "count", (int64_t)event->gap_count);
        jo_int(&j, "first", event->gap_first_ms);
        jo_int(&j, "last", event->gap_last_ms);
    }
    jo_int(&j, "severity", event->severity);
    jo_str(&j, "text", event->text);
    jo_end(&j);
}
