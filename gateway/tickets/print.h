/* Tickets and alarms as the HTTP API shows them (web/openapi.yaml: Ticket, Alarm). `key` as in fieldline/json.h. */
#pragma once
#include "fieldline/json.h"
#include "rules/alarm.h"
#include "tickets/incident.h"
#include "tickets/maintenance.h"
#include "tickets/ticket.h"

void ticket_print(const struct ticket *ticket, struct json_out *out, const char *key);
void ticket_print_members(const struct ticket *ticket, struct json_out *out); /* inside an object that is open */
void alarm_print(const struct alarm *alarm, struct json_out *out, const char *key);
void incident_print(const struct incident *incident, struct json_out *out, const char *key);
/* now_ms: whether it is in force. */
void maintenance_print(const struct maintenance *window, int64_t now_ms, struct json_out *out, const char *key);
