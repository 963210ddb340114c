/* Lines for live sessions. Only their form: who watches is the launcher's to know. Pure. */
#include "tap.h"

#include <stdio.h>

#include "fieldline/json.h"

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
