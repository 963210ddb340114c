/* Log records: many in a message, packed by the agent until the message is full.
 *
 * Texts are the product's own: any UTF-8 but NUL, control characters included, because a log line is evidence; whoever
 * shows it escapes it. The agent cuts long lines at a character and marks them; a longer one than allowed is refused
 * here, so that no peer can make the gateway's records bigger than they are declared. */
#include "fieldline/message.h"

#include <string.h>

#include "src/field.h"
#include "src/names.h"

static const char OPENING[] = "{\"logs\":[", CLOSING[] = "]}";
enum { CLOSING_CHARS = sizeof CLOSING - 1, FACILITY_USER = 1, FACILITY_MAX = 23, RECORD_BYTES = 16 * 1024 };

static enum result read_record(const struct json *node, struct log_record *out, struct fault *fault) {
    enum result result;
    out->is_cut = false;
    if (!json_is_object(node))
        return fault_set(fault, RESULT_BAD_INPUT, "is not an object");
    if (!json_get(node, "sev"))
        return fault_set(fault, RESULT_BAD_INPUT, "'sev' is missing");
    if ((result = field_time(node, "t", &out->event_ms, fault)) ||
        (result = field_optional_int(node, "sev", SEVERITY_EMERGENCY, SEVERITY_DEBUG, 0, &out->severity, fault)) ||
        (result = field_optional_int(node, "fac", 0, FACILITY_MAX, FACILITY_USER, &out->facility, fault)) ||
        (result = field_optional_text(node, "app", name_is_label, CAP_LOG_APP_BYTES, out->app, fault)) ||
        (result = field_text(node, "msg", NULL, CAP_LOG_TEXT_BYTES, out->text, fault)))
        return result;
    return json_get(node, "cut") ? json_bool(node, "cut", &out->is_cut, fault) : RESULT_OK;
}

static enum result read_records(const struct json *root, struct log_record *out, size_t room, size_t *count,
                                struct fault *fault) {
    const struct json *logs;
    size_t max = room < CAP_LOGS_IN_MESSAGE ? room : CAP_LOGS_IN_MESSAGE, read = 0;
    enum result result = json_array(root, "logs", max, &logs, fault);
    if (result)
        return result;
    for (const struct json *node = json_first(logs); node; node = json_next(node), read++) {
        result = read_record(node, &out[read], fault);
        if (result) {
            fault_prefix(fault, "log %zu", read + 1);
            return result;
        }
    }
    *count = read;
    return RESULT_OK;
}

enum result logs_decode(const void *payload, size_t bytes, struct log_record *out, size_t room, size_t *count,
                        struct fault *fault) {
    struct json *root;
    enum result result = payload_parse(payload, bytes, CAP_PAYLOAD_BYTES, &root, fault);
    if (result)
        return result;
    result = read_records(root, out, room, count, fault);
    json_free(root);
    return result;
}

void logs_pack_init(struct logs_pack *p, size_t cap_bytes) {
    *p = (struct logs_pack){0};
    buf_init(&p->body, cap_bytes > CLOSING_CHARS ? cap_bytes - CLOSING_CHARS : 0);
}

void logs_pack_fini(struct logs_pack *p) {
    buf_fini(&p->body);
    *p = (struct logs_pack){0};
}

static void record_print(const struct log_record *record, struct buf *to) {
    struct json_out j = json_out(to);
    jo_object(&j, NULL);
    jo_int(&j, "t", record->event_ms);
    jo_int(&j, "sev", record->severity);
    jo_int(&j, "fac", record->facility);
    if (record->app[0])
        jo_str(&j, "app", record->app);
    jo_str(&j, "msg", record->text);
    if (record->is_cut)
        jo_bool(&j, "cut", true);
    jo_end(&j);
}

enum result logs_pack_add(struct logs_pack *p, const struct log_record *record) {
    if (p->record_count == CAP_LOGS_IN_MESSAGE)
        return RESULT_FULL;
    struct buf text;
    buf_init(&text, RECORD_BYTES);
    buf_str(&text, p->record_count == 0 ? OPENING : ",");
    record_print(record, &text);
    enum result result = p->record_count == 0 ? RESULT_TOO_BIG : RESULT_FULL;
    if (!text.overflow && text.count <= p->body.cap - p->body.count) {
        buf_add(&p->body, text.data, text.count);
        p->record_count++;
        result = RESULT_OK;
    }
    buf_fini(&text);
    return result;
}

void logs_pack_finish(struct logs_pack *p, struct buf *out) {
    buf_reset(out);
    if (p->record_count > 0) {
        buf_add(out, p->body.data, p->body.count);
        buf_str(out, CLOSING);
    }
    buf_reset(&p->body);
    p->record_count = 0;
}
