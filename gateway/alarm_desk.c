/* The decisions are pure (rules/alarm.h, tickets/maintenance.h). Shelving and resetting leave a line in the alarm's
 * ticket, for whoever works there; what was silent and is no more is told at once, not with the next tick. */
#include "alarm_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cases.h"
#include "desk.h"
#include "rules/pending.h"
#include "store/cases.h"
#include "store/locations.h"
#include "store/maintenance_rows.h"
#include "store/shelves.h"
#include "tickets/print.h"

enum { PENDING_LISTED = 256, OBJECT_BYTES = 80 };

/* ---- one alarm ---- */

struct matter {
    const char *what; /* of the audit log */
    char object[OBJECT_BYTES];
    struct alarm alarm;
    struct device *device; /* NULL: there is no such alarm, and that was answered */
};

static enum result find(struct core *core, struct change *change, const char *what, struct matter *m) {
    const int64_t id = strtoll(change->id, NULL, 10);
    m->what = what;
    m->device = NULL;
    snprintf(m->object, sizeof m->object, "alarm/%lld", (long long)id);
    const enum result result = store_alarm_find(core->store, id, &m->alarm);
    if (result == RESULT_OK)
        m->device = registry_find(core->registry, m->alarm.device);
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && !m->device))
        return desk_refuse(core, change, what, m->object, RESULT_NOT_FOUND, "There is no such alarm.");
    return result;
}

static enum result answer(struct core *core, struct change *change, const struct matter *m, const char *detail) {
    struct json_out j = json_out(&change->reply);
    change->status = 200;
    alarm_print(&m->alarm, &j, NULL);
    effects_notify_row(core->effects, "alarm", m->alarm.id, m->alarm.device);
    return desk_audit(core, change, m->what, m->object, "ok", detail);
}

/* A line in the ticket that the alarm counts in; none when there is none. */
static enum result note(struct core *core, const struct change *change, const struct alarm *alarm, const char *text) {
    struct ticket before, after;
    struct ticket_event event;
    const enum result result =
        alarm->ticket ? store_ticket_find(core->store, alarm->ticket, &before) : RESULT_NOT_FOUND;
    if (result != RESULT_OK || !ticket_state_is_open(before.state))
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    ticket_note(&before, TICKET_EVENT_ALARM, change->by.name, text, "", core->now_ms, &after, &event);
    effects_notify_row(core->effects, "ticket", after.id, after.device);
    return store_ticket_put(core->store, &after, &event, 1);
}

enum result alarm_desk_acknowledge(struct core *core, struct change *change) {
    struct matter m;
    struct alarm after;
    struct fault fault;
    enum result result = find(core, change, "alarm.acknowledge", &m);
    if (result != RESULT_OK || !m.device)
        return result;
    const enum result verdict = alarm_acknowledge(&m.alarm, change->by.name, core->now_ms, &after, &fault);
    if (verdict != RESULT_OK)
        return desk_refuse(core, change, m.what, m.object, verdict, fault.text);
    m.alarm = after;
    result = store_alarm_put(core->store, &m.alarm);
    return result == RESULT_OK ? answer(core, change, &m, m.alarm.alarm) : result;
}

static enum result read_shelf(struct core *core, const struct change *change, struct shelf *out, struct fault *fault) {
    const char *reason;
    int64_t minutes = 0;
    enum result result = json_string(change->body, "reason", ALARM_REASON_BYTES, &reason, fault);
    if (result == RESULT_OK)
        result = json_integer(change->body, "minutes", 1, SHELF_MINUTES_MAX, &minutes, fault);
    return result == RESULT_OK ? shelf_make(change->by.name, reason, minutes, core->now_ms, out, fault) : result;
}

enum result alarm_desk_shelve(struct core *core, struct change *change) {
    struct matter m;
    struct fault fault;
    char text[ALARM_NAME_BYTES + ALARM_REASON_BYTES + 80];
    int64_t shelved = 0;
    enum result result = find(core, change, "alarm.shelve", &m);
    if (result != RESULT_OK || !m.device)
        return result;
    const enum result verdict = read_shelf(core, change, &m.alarm.shelf, &fault);
    if (verdict != RESULT_OK)
        return desk_refuse(core, change, m.what, m.object, verdict, fault.text);
    result = store_shelves_count(core->store, &shelved);
    if (result == RESULT_OK && shelved >= SHELVES_MAX)
        return desk_refuse(core, change, m.what, m.object, RESULT_CONFLICT, "Too many alarms are shelved already.");
    if (result == RESULT_OK)
        result = store_shelf_put(core->store, m.device->row, m.alarm.alarm, m.alarm.part, &m.alarm.shelf);
    if (m.alarm.is_active && m.alarm.silence != SILENCE_FLEET) {
        m.alarm.silence = SILENCE_SHELVED;
        m.alarm.surface_ms = 0;
    }
    snprintf(text, sizeof text, "%s was shelved for %lld minutes: %s", m.alarm.alarm,
             (long long)((m.alarm.shelf.until_ms - m.alarm.shelf.from_ms) / 60000), m.alarm.shelf.reason);
    if (result == RESULT_OK)
        result = store_alarm_put(core->store, &m.alarm);
    if (result == RESULT_OK)
        result = note(core, change, &m.alarm, text);
    effects_notify(core->effects, "shelf", "", m.alarm.device);
    return result == RESULT_OK ? answer(core, change, &m, text) : result;
}

enum result alarm_desk_unshelve(struct core *core, struct change *change) {
    struct matter m;
    enum result result = find(core, change, "alarm.unshelve", &m);
    if (result != RESULT_OK || !m.device)
        return result;
    if (!m.alarm.shelf.until_ms)
        return desk_refuse(core, change, m.what, m.object, RESULT_CONFLICT, "The alarm is not shelved.");
    result = store_shelf_delete(core->store, m.device->row, m.alarm.alarm, m.alarm.part);
    m.alarm.shelf = (struct shelf){0};
    if (result == RESULT_OK && m.alarm.is_active && m.alarm.silence == SILENCE_SHELVED)
        result = cases_surface(core, m.device, &m.alarm, false);
    effects_notify(core->effects, "shelf", "", m.alarm.device);
    return result == RESULT_OK ? answer(core, change, &m, m.alarm.alarm) : result;
}

enum result alarm_desk_reset(struct core *core, struct change *change) {
    struct matter m;
    struct alarm after;
    struct fault fault;
    char text[ALARM_NAME_BYTES + 40];
    enum result result = find(core, change, "alarm.reset", &m);
    if (result != RESULT_OK || !m.device)
        return result;
    const enum result verdict = alarm_reset(&m.alarm, change->by.name, core->now_ms, &after, &fault);
    if (verdict != RESULT_OK)
        return desk_refuse(core, change, m.what, m.object, verdict, fault.text);
    m.alarm = after;
    snprintf(text, sizeof text, "%s was reset.", m.alarm.alarm);
    result = note(core, change, &m.alarm, text);
    if (result == RESULT_OK)
        result = cases_change(core, m.device, &m.alarm, ALARM_CLEARED);
    return result == RESULT_OK ? answer(core, change, &m, text) : result;
}

/* ---- maintenance ---- */

static enum result read_window(struct core *core, const struct change *change, struct maintenance *w,
                               struct fault *fault) {
    const char *scope, *reason, *target = NULL;
    *w = (struct maintenance){.created_ms = core->now_ms, .from_ms = core->now_ms};
    enum result result = json_string(change->body, "scope", 16, &scope, fault);
    if (result == RESULT_OK && !maintenance_scope_parse(scope, &w->scope))
        return fault_set(fault, RESULT_BAD_INPUT, "'scope' is '%s', expected device, site, model or all", scope);
    if (result == RESULT_OK)
        result = json_optional_string(change->body, "target", CAP_MODEL_BYTES, &target, fault);
    if (result == RESULT_OK)
        result = json_string(change->body, "reason", MAINTENANCE_REASON_BYTES, &reason, fault);
    if (result == RESULT_OK && json_get(change->body, "from_ms"))
        result = json_integer(change->body, "from_ms", 0, INT64_MAX / 2, &w->from_ms, fault);
    if (result == RESULT_OK)
        result = json_integer(change->body, "to_ms", 0, INT64_MAX / 2, &w->to_ms, fault);
    if (result != RESULT_OK)
        return result;
    snprintf(w->target, sizeof w->target, "%s", target ? target : "");
    snprintf(w->reason, sizeof w->reason, "%s", reason);
    snprintf(w->by, sizeof w->by, "%s", change->by.name);
    return maintenance_check(w, core->now_ms, fault);
}

/* A window over nothing would be believed to be one over something. */
static enum result check_target(struct core *core, const struct maintenance *w, struct fault *fault) {
    const struct device *device;
    switch (w->scope) {
    case MAINTENANCE_DEVICE:
        device = registry_find(core->registry, w->target);
        if (!device || device->row == 0)
            return fault_set(fault, RESULT_NOT_FOUND, "There is no device '%s'.", w->target);
        break;
    case MAINTENANCE_MODEL:
        if (!packs_find(core->packs, w->target))
            return fault_set(fault, RESULT_NOT_FOUND, "There is no model '%s'.", w->target);
        break;
    case MAINTENANCE_SITE:
        if (!location_site_valid(w->target))
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' is not a site's name, expected [a-z0-9][a-z0-9-]*",
                             w->target);
        break;
    case MAINTENANCE_ALL:
    case MAINTENANCE_SCOPES: break;
    }
    return RESULT_OK;
}

static enum result answer_window(struct core *core, struct change *change, int status, const struct maintenance *w,
                                 const char *what) {
    char object[OBJECT_BYTES];
    struct json_out j = json_out(&change->reply);
    snprintf(object, sizeof object, "maintenance/%lld", (long long)w->id);
    change->status = status;
    maintenance_print(w, core->now_ms, &j, NULL);
    effects_notify_row(core->effects, "maintenance", w->id, NULL);
    return desk_audit(core, change, what, object, "ok", w->reason);
}

enum result alarm_desk_maintain(struct core *core, struct change *change) {
    struct maintenance w;
    struct fault fault;
    int64_t windows = 0;
    enum result verdict = read_window(core, change, &w, &fault);
    if (verdict == RESULT_OK)
        verdict = check_target(core, &w, &fault);
    enum result result = store_maintenance_count(core->store, core->now_ms, &windows);
    if (result != RESULT_OK)
        return result;
    if (verdict == RESULT_OK && windows >= MAINTENANCE_WINDOWS_MAX)
        verdict = fault_set(&fault, RESULT_CONFLICT, "There are %d windows already that are not over.",
                            MAINTENANCE_WINDOWS_MAX);
    if (verdict != RESULT_OK)
        return desk_refuse(core, change, "maintenance.begin", "maintenance", verdict, fault.text);
    result = store_maintenance_put(core->store, &w);
    return result == RESULT_OK ? answer_window(core, change, 201, &w, "maintenance.begin") : result;
}

enum result alarm_desk_end_maintenance(struct core *core, struct change *change) {
    struct maintenance w;
    struct fault fault;
    char object[OBJECT_BYTES];
    snprintf(object, sizeof object, "maintenance/%s", change->id);
    enum result result = store_maintenance_find(core->store, strtoll(change->id, NULL, 10), &w);
    if (result == RESULT_NOT_FOUND)
        return desk_refuse(core, change, "maintenance.end", object, result, "There is no such maintenance window.");
    if (result != RESULT_OK)
        return result;
    const enum result verdict = maintenance_end(&w, change->by.name, core->now_ms, &fault);
    if (verdict != RESULT_OK)
        return desk_refuse(core, change, "maintenance.end", object, verdict, fault.text);
    result = store_maintenance_put(core->store, &w);
    return result == RESULT_OK ? answer_window(core, change, 200, &w, "maintenance.end") : result;
}

/* ---- where a device stands ---- */

/* What the body does not mention stays as it is. */
static enum result read_location(struct core *core, const struct change *change, struct location *l, int64_t *parent,
                                 struct fault *fault) {
    const char *site = NULL, *above = NULL;
    *parent = 0;
    enum result result = json_optional_string(change->body, "site", LOCATION_SITE_BYTES, &site, fault);
    if (result == RESULT_OK)
        result = json_optional_string(change->body, "parent", CAP_DEVICE_ID_BYTES, &above, fault);
    if (result != RESULT_OK)
        return result;
    if (!site && !above)
        return fault_set(fault, RESULT_BAD_INPUT, "neither 'site' nor 'parent' is there");
    if (site && site[0] && !location_site_valid(site))
        return fault_set(fault, RESULT_BAD_INPUT, "'site' is '%s', expected [a-z0-9][a-z0-9-]*", site);
    if (site)
        snprintf(l->site, sizeof l->site, "%s", site);
    if (above)
        snprintf(l->parent, sizeof l->parent, "%s", above);
    const struct device *device = l->parent[0] ? registry_find(core->registry, l->parent) : NULL;
    if (l->parent[0] && (!device || device->row == 0))
        return fault_set(fault, RESULT_NOT_FOUND, "There is no device '%s'.", l->parent);
    *parent = device ? device->row : 0;
    return RESULT_OK;
}

enum result alarm_desk_locate(struct core *core, struct change *change) {
    struct location l;
    struct fault fault;
    char object[OBJECT_BYTES + CAP_DEVICE_ID_BYTES];
    int64_t parent;
    const struct device *device = registry_find(core->registry, change->id);
    snprintf(object, sizeof object, "device/%s", change->id);
    if (!device || device->row == 0)
        return desk_refuse(core, change, "device.locate", object, RESULT_NOT_FOUND, "There is no such device.");
    enum result result = store_location_read(core->store, device->row, &l);
    if (result != RESULT_OK)
        return result;
    const enum result verdict = read_location(core, change, &l, &parent, &fault);
    if (verdict != RESULT_OK)
        return desk_refuse(core, change, "device.locate", object, verdict, fault.text);
    result = store_location_put(core->store, device->row, parent, l.site);
    if (result == RESULT_CONFLICT)
        return desk_refuse(core, change, "device.locate", object, result,
                           "A device cannot hang on itself, nor more than eight on one another.");
    if (result != RESULT_OK)
        return result;
    struct json_out j = json_out(&change->reply);
    change->status = 200;
    jo_object(&j, NULL);
    jo_str(&j, "site", l.site[0] ? l.site : NULL);
    jo_str(&j, "parent", l.parent[0] ? l.parent : NULL);
    jo_end(&j);
    effects_notify(core->effects, "device", device->id, device->id);
    return desk_audit(core, change, "device.locate", object, "ok", l.site);
}

enum result alarm_desk_pending(struct core *core, struct change *change) {
    struct rule_pending pending[PENDING_LISTED];
    const struct device *device = registry_find(core->registry, change->id);
    if (!device || device->row == 0) {
        change_problem(change, 404, "not_found", "There is no device '%s'.", change->id);
        return RESULT_OK;
    }
    const size_t found = device->rules ? rule_device_pending(device->rules, pending, PENDING_LISTED) : 0;
    struct json_out j = json_out(&change->reply);
    change->status = 200;
    jo_object(&j, NULL);
    jo_array(&j, "items");
    for (size_t i = 0; i < found && i < PENDING_LISTED; i++) {
        jo_object(&j, NULL);
        jo_str(&j, "alarm", pending[i].alarm);
        jo_str(&j, "part", pending[i].part);
        jo_str(&j, "severity", alarm_severity_name(pending[i].severity));
        jo_int(&j, "since_ms", pending[i].since_ms);
        jo_int(&j, "for_ms", pending[i].for_ms);
        jo_num(&j, "value", pending[i].value);
        jo_end(&j);
    }
    jo_end(&j);
    jo_end(&j);
    return RESULT_OK;
}
