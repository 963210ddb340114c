/* One fault on many devices: an alarm raised on so many of a group (storm.h) that it is one incident with members, and
 * one ticket speaks for all of them. Pure, but for what the caller stores.
 *
 *   opened    by the storm's verdict: the alarms that led to it become members, tickets they had are folded into its
 * own joined    each further raise in the group is a member and opens nothing; its ticket says so at 16, 32, 64 ...
 * members left      members clear one by one and stay listed; with the last one the incident is over */
#pragma once
#include "rules/alarm.h"
#include "tickets/ticket.h"

enum { INCIDENT_JOIN_MS = 6 * 60 * 60 * 1000 /* a raise so long after the newest member is a story of its own */ };

struct incident {
    int64_t id; /* 0: not stored yet */
    char alarm[ALARM_NAME_BYTES + 1];
    /* the group: a model with its firmware, or a site (then the others are "") */
    char model[CAP_MODEL_BYTES + 1], firmware[CAP_VERSION_BYTES + 1], site[CAP_MODEL_BYTES + 1];
    char summary[ALARM_SUMMARY_BYTES + 1]; /* of the alarm that opened it */
    enum severity severity;                /* of its worst member so far */
    bool is_active;
    int64_t opened_ms, newest_ms, closed_ms; /* our time; newest: when a member last joined or came back */
    int64_t ticket;
    int64_t members, active; /* alarms that ever joined; that are active now */
};

/* "10 products of vaccine-freezer 1.0", "at site-7" */
void incident_group_text(const struct incident *incident, char *out, size_t room);

/* A new one, of `alarm`'s kind; its group was filled in by the caller. No members yet. */
void incident_open(struct incident *incident, const struct alarm *alarm, int64_t now_ms);
/* Its ticket: on the device of the alarm that made it an incident. So many products have raised it lately. */
void incident_open_ticket(const struct incident *incident, size_t products, const char *model,
                          const struct alarm *alarm, int64_t now_ms, struct ticket *ticket, struct ticket_event *event);
/* The alarm (active, not a member of another one) becomes a member, or is active again. True: the ticket has a line or
 * a severity to write. `ticket` NULL: it is gone. */
bool incident_join(struct incident *incident, struct alarm *alarm, const struct ticket *ticket, int64_t now_ms,
                   struct ticket *out, struct ticket_event *event);
/* A member cleared. True: the ticket has something to write. `ticket` NULL: it is gone. */
bool incident_leave(struct incident *incident, struct alarm *alarm, const struct ticket *ticket, int64_t now_ms,
                    struct ticket *out, struct ticket_event *event);
/* A ticket that a member had opened before: says where it is handled now; resolved when nobody had touched it and no
 * other alarm of it is active. */
void incident_fold_ticket(const struct incident *incident, const struct ticket *ticket, const struct alarm *alarm,
                          int64_t now_ms, struct ticket *out, struct ticket_event *event);
