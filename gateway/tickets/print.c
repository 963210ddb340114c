/* One place for the shape of a ticket and of an alarm in JSON: reads (web) and answers to changes (desk) both come
 * here. */
#include "tickets/print.h"

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
    jo_end(out);
}
