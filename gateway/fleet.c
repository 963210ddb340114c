/* Two groups are counted for each raise: the device's site, and its model with its firmware; an incident that is open
 * for either takes it. The site comes first: that a whole site is dark says more than that its devices are alike.
 *
 * When a storm is found, what led to it is folded in: alarms of the window that are active, with the tickets they have
 * opened. There are at most STORM_DEVICES - 1 of those tickets, but any number of alarms that waited. */
#include "fleet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "store/incidents.h"
#include "tickets/storm.h"

enum { FOLD_ROWS = 200 /* looked at in one query */ };

static void site_key(char key[STORM_KEY_BYTES], const char *alarm, const char *site) {
    snprintf(key, STORM_KEY_BYTES, "site/%s/%s", site, alarm);
}

static void model_key(char key[STORM_KEY_BYTES], const char *alarm, const char *model, const char *firmware) {
    snprintf(key, STORM_KEY_BYTES, "model/%s/%s/%s", model, firmware, alarm);
}

/* ---- the members ---- */

static enum result find_ticket_of(struct core *core, int64_t id, struct ticket *out, const struct ticket **found) {
    const enum result result = id ? store_ticket_find(core->store, id, out) : RESULT_NOT_FOUND;
    *found = result == RESULT_OK ? out : NULL;
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result put_ticket(struct core *core, struct ticket *ticket, struct ticket_event *event) {
    const enum result result = store_ticket_put(core->store, ticket, event, 1);
    effects_notify_row(core->effects, "ticket", ticket->id, ticket->device);
    return result;
}

/* The ticket that the alarm opened by itself before. */
static enum result fold_own_ticket(struct core *core, const struct incident *incident, const struct alarm *alarm) {
    struct ticket before, after;
    struct ticket_event event;
    const struct ticket *ticket;
    if (!alarm->is_in_ticket || alarm->ticket == 0 || alarm->ticket == incident->ticket)
        return RESULT_OK;
    const enum result result = find_ticket_of(core, alarm->ticket, &before, &ticket);
    if (result != RESULT_OK || !ticket || !ticket_state_is_open(ticket->state))
        return result;
    incident_fold_ticket(incident, ticket, alarm, core->now_ms, &after, &event);
    return put_ticket(core, &after, &event);
}

static enum result join(struct core *core, struct incident *incident, struct alarm *alarm) {
    struct ticket before, after;
    struct ticket_event event;
    const struct ticket *ticket;
    enum result result = fold_own_ticket(core, incident, alarm);
    if (result == RESULT_OK)
        result = find_ticket_of(core, incident->ticket, &before, &ticket);
    if (result != RESULT_OK)
        return result;
    const bool is_told = incident_join(incident, alarm, ticket, core->now_ms, &after, &event);
    return is_told ? put_ticket(core, &after, &event) : RESULT_OK;
}

/* ---- the incident ---- */

struct rows {
    int64_t ids[FOLD_ROWS];
    size_t count;
};

static void keep_id(void *self, const struct alarm *alarm) {
    struct rows *rows = self;
    if (rows->count < FOLD_ROWS)
        rows->ids[rows->count++] = alarm->id;
}

static enum result join_row(struct core *core, struct incident *incident, int64_t id) {
    struct alarm alarm;
    enum result result = store_alarm_find(core->store, id, &alarm);
    if (result == RESULT_OK)
        result = join(core, incident, &alarm);
    if (result == RESULT_OK)
        result = store_alarm_put(core->store, &alarm);
    effects_notify_row(core->effects, "alarm", id, alarm.device);
    return result;
}

/* All that led to it, but the alarm at hand, whose row the caller writes. */
static enum result join_others(struct core *core, struct incident *incident, const struct alarm *but) {
    struct rows rows;
    int64_t after = 0;
    enum result result;
    do {
        rows.count = 0;
        result = store_incident_candidates(core->store, incident, core->now_ms - STORM_WINDOW_MS, after, FOLD_ROWS,
                                           keep_id, &rows);
        for (size_t i = 0; i < rows.count && result == RESULT_OK; i++) {
            after = rows.ids[i];
            if (after != but->id)
                result = join_row(core, incident, after);
        }
    } while (result == RESULT_OK && rows.count == FOLD_ROWS);
    return result;
}

/* The ticket comes first: what led to it is folded into it. */
static enum result open(struct core *core, const struct device *device, size_t products, struct incident *incident,
                        struct alarm *alarm) {
    struct ticket ticket;
    struct ticket_event event;
    char group[200];
    incident_open(incident, alarm, core->now_ms);
    incident_open_ticket(incident, products, device->model, alarm, core->now_ms, &ticket, &event);
    enum result result = store_ticket_put(core->store, &ticket, &event, 1);
    incident->ticket = ticket.id;
    if (result == RESULT_OK)
        result = store_incident_put(core->store, incident);
    if (result == RESULT_OK)
        result = join_others(core, incident, alarm);
    if (result == RESULT_OK)
        result = join(core, incident, alarm);
    if (result == RESULT_OK)
        result = store_ticket_find(core->store, incident->ticket, &ticket);
    if (result != RESULT_OK)
        return result;
    ticket.alarms_active = incident->active;
    core->figures.tickets_opened++;
    core->figures.incidents_opened++;
    incident_group_text(incident, group, sizeof group);
    log_warn("gateway.fleet", "incident_opened", "incident=%lld ticket=%lld alarm=%s group=%s members=%lld",
             (long long)incident->id, (long long)ticket.id, alarm->alarm, log_text(group),
             (long long)incident->members);
    effects_notify_row(core->effects, "ticket", ticket.id, device->id);
    return store_ticket_put(core->store, &ticket, NULL, 0);
}

/* ---- counting ---- */

static enum result count_in(struct core *core, const char *key, const struct device *device,
                            const struct location *location, bool is_site, size_t *products, enum storm_verdict *out) {
    struct storm_group *group = storm_group(core->storm, key, core->now_ms);
    int64_t population = 0;
    *out = storm_group_note(group, device->row, core->now_ms);
    *products = storm_group_devices(group);
    if (*products < STORM_DEVICES || !storm_group_needs_population(group, core->now_ms))
        return RESULT_OK;
    const enum result result = is_site
                                   ? store_count_site(core->store, location->site, &population)
                                   : store_count_model(core->store, location->model, location->firmware, &population);
    if (result != RESULT_OK)
        return result;
    storm_group_set_population(group, population, core->now_ms);
    *out = storm_group_verdict(group, core->now_ms);
    return RESULT_OK;
}

/* Fills the group of the incident that begins, if one does. */
static enum result count(struct core *core, const struct device *device, const struct alarm *alarm,
                         const struct location *location, struct incident *incident, size_t *products,
                         enum storm_verdict *out) {
    char key[STORM_KEY_BYTES];
    size_t at_site = 0, alike = 0;
    enum storm_verdict of_site = STORM_NONE, of_model = STORM_NONE;
    enum result result = RESULT_OK;
    if (location->site[0]) {
        site_key(key, alarm->alarm, location->site);
        result = count_in(core, key, device, location, true, &at_site, &of_site);
    }
    model_key(key, alarm->alarm, location->model, location->firmware);
    if (result == RESULT_OK)
        result = count_in(core, key, device, location, false, &alike, &of_model);
    if (of_site == STORM_RAGES) {
        snprintf(incident->site, sizeof incident->site, "%s", location->site);
    } else if (of_model == STORM_RAGES) {
        snprintf(incident->model, sizeof incident->model, "%s", location->model);
        snprintf(incident->firmware, sizeof incident->firmware, "%s", location->firmware);
    }
    *products = of_site == STORM_RAGES ? at_site : alike;
    *out = of_site > of_model ? of_site : of_model;
    return result;
}

enum result fleet_raise(struct core *core, const struct device *device, struct alarm *alarm,
                        const struct location *location, enum fleet_verdict *out) {
    struct incident incident = {0};
    enum storm_verdict verdict;
    size_t products;
    *out = FLEET_ALONE;
    enum result result = store_incident_for(core->store, alarm->alarm, location->model, location->firmware,
                                            location->site, core->now_ms - INCIDENT_JOIN_MS, &incident);
    if (result == RESULT_NOT_FOUND) {
        result = count(core, device, alarm, location, &incident, &products, &verdict);
        if (result != RESULT_OK || verdict != STORM_RAGES) {
            *out = verdict == STORM_GATHERING ? FLEET_GATHERING : FLEET_ALONE;
            return result;
        }
        result = open(core, device, products, &incident, alarm);
    } else if (result == RESULT_OK) {
        result = join(core, &incident, alarm);
    }
    if (result == RESULT_OK)
        result = store_incident_put(core->store, &incident);
    *out = FLEET_MEMBER;
    effects_notify_row(core->effects, "incident", incident.id, NULL);
    return result;
}

enum result fleet_rise(struct core *core, struct alarm *alarm) {
    struct incident incident;
    enum result result = store_incident_find(core->store, alarm->incident, &incident);
    if (result == RESULT_OK)
        result = join(core, &incident, alarm);
    return result == RESULT_OK ? store_incident_put(core->store, &incident) : result;
}

enum result fleet_clear(struct core *core, struct alarm *alarm) {
    struct incident incident;
    struct ticket before, after;
    struct ticket_event event;
    const struct ticket *ticket = NULL;
    enum result result = store_incident_find(core->store, alarm->incident, &incident);
    if (result == RESULT_OK && incident.active <= 1)
        result = find_ticket_of(core, incident.ticket, &before, &ticket);
    if (result != RESULT_OK)
        return result;
    if (incident_leave(&incident, alarm, ticket, core->now_ms, &after, &event))
        result = put_ticket(core, &after, &event);
    if (!incident.is_active)
        log_info("gateway.fleet", "incident_over", "incident=%lld ticket=%lld alarm=%s members=%lld",
                 (long long)incident.id, (long long)incident.ticket, incident.alarm, (long long)incident.members);
    effects_notify_row(core->effects, "incident", incident.id, NULL);
    return result == RESULT_OK ? store_incident_put(core->store, &incident) : result;
}

static void count_again(void *self, const struct raise_row *row) {
    struct core *core = self;
    char key[STORM_KEY_BYTES];
    if (row->site[0]) {
        site_key(key, row->alarm, row->site);
        storm_group_note(storm_group(core->storm, key, row->taken_ms), row->device_id, row->taken_ms);
    }
    model_key(key, row->alarm, row->model, row->firmware);
    storm_group_note(storm_group(core->storm, key, row->taken_ms), row->device_id, row->taken_ms);
}

enum result fleet_load(struct core *core) {
    storm_forget(core->storm);
    return store_raises_since(core->store, clock_wall_ms() - STORM_WINDOW_MS, count_again, core);
}
