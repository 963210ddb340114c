/* A ring of (device, time) for each group. It never holds more than an incident needs, so a group costs at most 16 KiB
 * and a raise one walk over it. Times come in order but for a clock that was set back: what seems to come from the
 * future is dropped with the old.
 *
 * Left: counting in the store (a query that walks all raises of the window for each raise), and rates learnt for each
 * alarm (a fleet of a new model has no past to learn from on the day when it matters). */
#include "tickets/storm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "fieldline/bytes.h"

struct raise {
    int64_t device, at_ms;
};
struct storm_group {
    char key[STORM_KEY_BYTES];
    struct raise *ring;
    size_t first, count, room;
    int64_t population, population_ms; /* 0: not known */
    UT_hash_handle hh;                 /* in order of use: the first is the one that was quiet longest */
};
struct storm {
    struct storm_group *groups;
};

struct storm *storm_new(void) {
    return mem_alloc(sizeof(struct storm));
}

static void drop(struct storm *storm, struct storm_group *group) {
    HASH_DEL(storm->groups, group);
    free(group->ring);
    free(group);
}

void storm_forget(struct storm *storm) {
    while (storm->groups)
        drop(storm, storm->groups);
}

void storm_free(struct storm *storm) {
    if (!storm)
        return;
    storm_forget(storm);
    free(storm);
}

struct storm_group *storm_group(struct storm *storm, const char *key, int64_t now_ms) {
    char name[STORM_KEY_BYTES] = "";
    struct storm_group *group;
    snprintf(name, sizeof name, "%s", key);
    HASH_FIND_STR(storm->groups, name, group);
    if (group) {
        HASH_DEL(storm->groups, group); /* to the end */
    } else {
        while (HASH_COUNT(storm->groups) >= STORM_GROUPS)
            drop(storm, storm->groups);
        group = mem_alloc(sizeof *group);
        memcpy(group->key, name, sizeof name);
    }
    HASH_ADD_STR(storm->groups, key, group);
    if (group->population_ms > now_ms)
        group->population_ms = 0; /* our clock was set back */
    return group;
}

bool storm_group_needs_population(const struct storm_group *group, int64_t now_ms) {
    return group->population_ms == 0 || now_ms - group->population_ms > STORM_POPULATION_MS;
}

void storm_group_set_population(struct storm_group *group, int64_t devices, int64_t now_ms) {
    group->population = devices;
    group->population_ms = now_ms;
}

size_t storm_group_devices(const struct storm_group *group) {
    return group->count;
}

static struct raise *at(const struct storm_group *group, size_t index) {
    return &group->ring[(group->first + index) % group->room];
}

static void forget_old(struct storm_group *group, int64_t now_ms) {
    while (group->count > 0 && (at(group, 0)->at_ms <= now_ms - STORM_WINDOW_MS || at(group, 0)->at_ms > now_ms)) {
        group->first = (group->first + 1) % group->room;
        group->count--;
    }
}

static void grow(struct storm_group *group) {
    const size_t room = group->room ? group->room * 2 : 16;
    struct raise *ring = mem_alloc(room * sizeof *ring);
    for (size_t i = 0; i < group->count; i++)
        ring[i] = *at(group, i);
    free(group->ring);
    group->ring = ring;
    group->first = 0;
    group->room = room;
}

static enum storm_verdict judge(const struct storm_group *group) {
    if (group->count < STORM_DEVICES)
        return STORM_NONE;
    const bool is_part = (int64_t)group->count * 1000 >= group->population * STORM_PER_MILLE;
    return is_part || group->count >= STORM_ENOUGH ? STORM_RAGES : STORM_GATHERING;
}

enum storm_verdict storm_group_verdict(struct storm_group *group, int64_t now_ms) {
    forget_old(group, now_ms);
    return judge(group);
}

enum storm_verdict storm_group_note(struct storm_group *group, int64_t device, int64_t at_ms) {
    forget_old(group, at_ms);
    for (size_t i = 0; i < group->count; i++)
        if (at(group, i)->device == device)
            return judge(group);
    if (group->count == STORM_ENOUGH) { /* the oldest makes room */
        group->first = (group->first + 1) % group->room;
        group->count--;
    }
    if (group->count == group->room)
        grow(group);
    group->count++;
    *at(group, group->count - 1) = (struct raise){.device = device, .at_ms = at_ms};
    return judge(group);
}
