/* One place for the shape of a ticket and of an alarm in JSON: reads (web) and answers to changes (desk) both come
 * here. */
#include "tickets/print.h"

#include <string.h>

void ticket_print_members(const struct ticket *ticket, struct json_out *out) {
    jo_int(out, "id", ticket->id);
    jo_int(out, "version", ticket->version);
    jo_str(out, "device", ticket->device);
    jo_str(out, "model", ticket->model);
    jo_str(out, "state", ticket_state_name(ticket->state));
    jo_str(out, "severity", alarm_severity_name(ticket->severity));
    jo_str(out, "subject", ticket->subject);
    jo_str(out, "source", ticket_source_name(ticket->source));
    jo_str(out, "assignee", ticket->assignee[0] ? ticket->assignee : NULL);
    jo_int(out, "opened_ms", ticket->opened_ms);
    jo_int(out, "updated_ms", ticket->updated_ms);
    jo_bool(out, "alarm_active", ticket->alarms_active > 0);
    jo_int(out, "repeats", ticket->repeats);
}

void ticket_print(const struct ticket *ticket, struct json_out *out, const char *key) {
    jo_object(out, key);
    ticket_print_members(ticket, out);
    jo_end(out);
}

static void print_id(struct json_out *out, const char *key, int64_t id) {
    if (id)
        jo_int(out, key, id);
    else
        jo_null(out, key);
}

/* How it stands, and why it opens no ticket just now. */
static void print_life(const struct alarm *alarm, struct json_out *out) {
    jo_str(out, "state", alarm_state_name(alarm));
    jo_bool(out, "latches", alarm->latches);
    jo_bool(out, "flapping", alarm->is_flapping);
    jo_str(out, "suppressed", alarm->is_active && alarm->silence != SILENCE_NONE ? silence_name(alarm->silence) : NULL);
    if (!alarm->shelf.until_ms) {
        jo_null(out, "shelved");
        return;
    }
    jo_object(out, "shelved");
    jo_str(out, "by", alarm->shelf.by);
    jo_str(out, "reason", alarm->shelf.reason);
    jo_int(out, "from_ms", alarm->shelf.from_ms);
    jo_int(out, "until_ms", alarm->shelf.until_ms);
    jo_end(out);
}

void alarm_print(const struct alarm *alarm, struct json_out *out, const char *key) {
    jo_object(out, key);
    jo_int(out, "id", alarm->id);
    jo_str(out, "device", alarm->device);
    jo_str(out, "alarm", alarm->alarm);
    jo_str(out, "part", alarm->part);
    jo_str(out, "severity", alarm_severity_name(alarm->severity));
    jo_bool(out, "active", alarm->is_active);
    jo_bool(out, "unknown", alarm->is_unknown);
    jo_bool(out, "acknowledged", alarm->is_acknowledged);
    jo_str(out, "acknowledged_by", alarm->is_acknowledged ? alarm->acknowledged_by : NULL);
    print_life(alarm, out);
    jo_str(out, "summary", alarm->summary);
    jo_str(out, "description", alarm->description);
    if (alarm->is_fault_code)
        jo_null(out, "value");
    else
        jo_num(out, "value", alarm->value);
    jo_int(out, "raised_ms", alarm->raised_ms);
    if (alarm->cleared_ms)
        jo_int(out, "cleared_ms", alarm->cleared_ms);
    else
        jo_null(out, "cleared_ms");
    jo_int(out, "count", alarm->count);
    if (alarm->ticket)
        jo_int(out, "ticket", alarm->ticket);
    else
        jo_null(out, "ticket");
    print_id(out, "incident", alarm->incident);
    jo_raw(out, "explanation", alarm->explanation[0] ? alarm->explanation : "[]",
           alarm->explanation[0] ? strlen(alarm->explanation) : 2);
    jo_end(out);
}

void incident_print(const struct incident *incident, struct json_out *out, const char *key) {
    jo_object(out, key);
    jo_int(out, "id", incident->id);
    jo_str(out, "alarm", incident->alarm);
    jo_str(out, "model", incident->model[0] ? incident->model : NULL);
    jo_str(out, "firmware", incident->model[0] ? incident->firmware : NULL);
    jo_str(out, "site", incident->site[0] ? incident->site : NULL);
    jo_str(out, "summary", incident->summary);
    jo_str(out, "severity", alarm_severity_name(incident->severity));
    jo_bool(out, "active", incident->is_active);
    jo_int(out, "opened_ms", incident->opened_ms);
    jo_int(out, "newest_ms", incident->newest_ms);
    if (incident->closed_ms)
        jo_int(out, "closed_ms", incident->closed_ms);
    else
        jo_null(out, "closed_ms");
    print_id(out, "ticket", incident->ticket);
    jo_int(out, "members", incident->members);
    jo_int(out, "members_active", incident->active);
    jo_end(out);
}

void maintenance_print(const struct maintenance *window, int64_t now_ms, struct json_out *out, const char *key) {
    jo_object(out, key);
    jo_int(out, "id", window->id);
    jo_str(out, "scope", maintenance_scope_name(window->scope));
    jo_str(out, "target", window->target);
    jo_int(out, "from_ms", window->from_ms);
    jo_int(out, "to_ms", window->to_ms);
    jo_bool(out, "in_force", window->from_ms <= now_ms && now_ms < window->to_ms);
    jo_str(out, "by", window->by);
    jo_str(out, "reason", window->reason);
    jo_str(out, "ended_by", window->ended_by[0] ? window->ended_by : NULL);
    jo_end(out);
}
