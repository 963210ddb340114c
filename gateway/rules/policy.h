/* What a rule says about its alarm beyond when it is raised: labels and annotations of alerts.yaml that the engine does
 * not evaluate, but that decide how the alarm lives (alarm.h) and when it stays silent (silence.h). */
#pragma once
#include "rules/document.h"

enum { POLICY_SILENCERS_MAX = 16, POLICY_DEPTH_MAX = 4 /* of alarms that explain alarms, as far as it is checked */ };

struct policy {
    bool latches;         /* label latched: "yes": stays until a person resets it */
    bool isolates;        /* label isolates: "yes": while it is active, nothing behind this device can be reached */
    bool is_contact;      /* label contact: "yes": it says that data or contact is missing. Silent while what the device
                             hangs on is down */
    char **silencers;     /* annotation silenced_by: names of alarms of the same device; NULL at the end; NULL: none */
    yaml_at silencers_at; /* where that stands */
};
void policy_fini(struct policy *policy);

/* A label of a rule. True: the name is one of ours, and it was read (a value that is not yes or no is a problem). */
bool policy_label(struct policy *policy, const struct document *doc, const char *name, yaml_at at,
                  struct problems *problems);
/* The annotation silenced_by: "PowerLost, MainsLow". */
void policy_silencers(struct policy *policy, const struct document *doc, yaml_at at, struct problems *problems);

struct pack;
/* After all rules are read: each silencer must be another alert or a fault code of the pack. */
void policy_check(const struct pack *pack, const struct document *doc, struct problems *problems);
/* Of all rules with that name together: one that latches makes the alarm latch. Walks the rules. `pack` NULL: none. */
bool policy_latches(const struct pack *pack, const char *alarm);
bool policy_isolates(const struct pack *pack, const char *alarm);
bool policy_is_contact(const struct pack *pack, const char *alarm);
/* The index-th silencer of the alarm, over all its rules; NULL behind the last. */
const char *policy_silencer(const struct pack *pack, const char *alarm, size_t index);
