/* The form of what passes the tap, for both ends: who watches is the launcher's to know, what is shown the session's.
 * Both programs come from one package, and still each holds what it reads against its form. Pure. */
#include "tap.h"

#include <stdio.h>

#include "fieldline/caps.h"

enum { NAME_BYTES = CAP_METRIC_BYTES + CAP_PART_BYTES + 1, WATCH_MOST_MS = 3600 * 1000 };

void tap_sample(const struct senml_record *record, struct buf *out) {
    char name[sizeof record->metric + sizeof record->part + 1];
    snprintf(name, sizeof name, "%s%s%s", record->metric, record->part[0] == '\0' ? "" : "/", record->part);
    buf_reset(out);
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_int(&j, "t", record->event_ms);
    jo_str(&j, "metric", name);
    jo_num(&j, "v", record->value);
    jo_end(&j);
}

void tap_log(const struct log_record *record, struct buf *out) {
    buf_reset(out);
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_int(&j, "t", record->event_ms);
    jo_str(&j, "log", record->text);
    jo_int(&j, "sev", record->severity);
    jo_str(&j, "app", record->app);
    jo_end(&j);
}

static enum result read_fields(const struct json *line, struct tap_line *out, struct fault *fault) {
    enum result result = json_integer(line, "t", 0, INT64_MAX / 2, &out->event_ms, fault);
    out->is_log = json_get(line, "log") != NULL;
    if (result != RESULT_OK) {
        return result;
    }
    if (!out->is_log) {
        result = json_string(line, "metric", NAME_BYTES, &out->metric, fault);
        return result == RESULT_OK ? json_number(line, "v", &out->value, fault) : result;
    }
    if ((result = json_string(line, "log", CAP_LOG_TEXT_BYTES, &out->text, fault)) != RESULT_OK ||
        (result = json_integer(line, "sev", 0, 7, &out->severity, fault)) != RESULT_OK) {
        return result;
    }
    return json_string(line, "app", CAP_LOG_APP_BYTES, &out->app, fault);
}

enum result tap_read(const char *text, size_t bytes, struct tap_line *out, struct json **holder, struct fault *fault) {
    struct json *line = NULL;
    *out = (struct tap_line){0};
    enum result result = json_parse(text, bytes, &line, fault);
    if (result == RESULT_OK && !json_is_object(line)) {
        result = fault_set(fault, RESULT_BAD_INPUT, "a live line must be an object");
    }
    if (result == RESULT_OK) {
        result = read_fields(line, out, fault);
    }
    if (result != RESULT_OK) {
        json_free(line);
        return result;
    }
    *holder = line;
    return RESULT_OK;
}

void tap_watch_print(const struct tap_watch *watch, struct buf *out) {
    buf_printf(out, "{\"watch\":%lld,\"last\":%lld}", (long long)watch->interval_ms, (long long)watch->last);
}

enum result tap_watch_read(const char *text, size_t bytes, struct tap_watch *out, struct fault *fault) {
    struct json *message = NULL;
    *out = (struct tap_watch){0};
    enum result result = json_parse(text, bytes, &message, fault);
    if (result == RESULT_OK && !json_is_object(message)) {
        result = fault_set(fault, RESULT_BAD_INPUT, "a watch must be an object");
    }
    if (result == RESULT_OK) {
        result = json_integer(message, "watch", 0, WATCH_MOST_MS, &out->interval_ms, fault);
    }
    if (result == RESULT_OK && json_get(message, "last") != NULL) {
        result = json_integer(message, "last", 0, TAP_LAST_MOST, &out->last, fault);
    }
    json_free(message);
    return result;
}
