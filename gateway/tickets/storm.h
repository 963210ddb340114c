/* Is this one device's trouble, or the fleet's? Counts on how many devices of a group (the same model and firmware, or
 * the same site) an alarm was raised lately. Memory only, owned by the pipeline thread; after a restart it is told
 * again what was raised within STORM_WINDOW_MS. Bounded; the cost of an alarm does not depend on how many came before.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers of fleet-wide correlation. Fewer than STORM_DEVICES: each opens its ticket at once. That many, and
 * STORM_PER_MILLE of the group: one incident. That many, but a smaller part of the group: the next ones wait for
 * STORM_GATHER_MS whether it becomes an incident, and open tickets of their own when it does not. So a fault of a whole
 * fleet opens STORM_DEVICES tickets at most, its incident's among them. */
enum {
    STORM_WINDOW_MS = 10 * 60 * 1000,
    STORM_DEVICES = 10,
    STORM_PER_MILLE = 50,
    STORM_ENOUGH = 1000, /* devices: an incident, however big the group is */
    STORM_GATHER_MS = 2 * 60 * 1000,
    STORM_POPULATION_MS = 10 * 60 * 1000, /* how long the size of a group is believed */
    STORM_GROUPS = 4096,                  /* counted at a time; the one that was quiet longest makes room */
    STORM_KEY_BYTES = 320
};

struct storm;
struct storm *storm_new(void);
void storm_free(struct storm *storm);
void storm_forget(struct storm *storm);

struct storm_group;
/* The group of that key, made when it is new. Valid until the next call. */
struct storm_group *storm_group(struct storm *storm, const char *key, int64_t now_ms);
/* How many devices the group has: asked for when this says so. */
bool storm_group_needs_population(const struct storm_group *group, int64_t now_ms);
void storm_group_set_population(struct storm_group *group, int64_t devices, int64_t now_ms);

enum storm_verdict {
    STORM_NONE,      /* one device's trouble */
    STORM_GATHERING, /* many, but not yet enough of the group */
    STORM_RAGES      /* the fleet's */
};
/* The alarm was raised on this device then. A device counts once in the window. */
enum storm_verdict storm_group_note(struct storm_group *group, int64_t device, int64_t at_ms);
enum storm_verdict storm_group_verdict(struct storm_group *group, int64_t now_ms); /* without a raise */
size_t storm_group_devices(const struct storm_group *group); /* counted, as of the last note or verdict */
