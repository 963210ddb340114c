/* Devices of one model and firmware, compared with each other: what `fleet_zscore(x)` is made of.
 *
 * A device enters the fleet of its model and firmware when it is born and takes its rule state along
 * (rule_device_join, rules.h). Each of its series that is compared is a member: it tells its samples, and is told how
 * far its own slow average is from those of the others. All of one thread; no clock: a result depends on the order of
 * the samples only. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fieldline/bytes.h"
#include "rules/ranking.h"

enum { FLEET_OTHERS_MIN = 8, FLEET_MEMORY_MS = 3600 * 1000 };

/* All fleets; owned by the gateway. Freed after the last device has left. */
struct fleets;
struct fleets *fleets_new(void);
void fleets_free(struct fleets *all);
size_t fleets_count(const struct fleets *all);
struct fleet;
/* One more device in the fleet of this model and firmware, which is made for the first. */
struct fleet *fleet_enter(struct fleets *all, const char *model, const char *firmware);
void fleet_leave(struct fleet *fleet); /* one less; after its members were withdrawn. NULL is fine */

/* What a member is compared with: the same expression, of the same part. */
struct cohort;
/* One series of one device. Zeros are a member that knows nothing and is in no fleet. It stays where it is while it is
 * in one. */
struct fleet_member {
    struct ranked ranked; /* value: the slow average */
    struct cohort *cohort;
    struct fleet_member *older, *newer; /* by when they were heard; those that are compared with */
    double average;
    int64_t last_ms;
    uint32_t samples; /* up to some number; 0: nothing was heard for a while */
    bool is_present;  /* others are compared with it */
};
/* Into another fleet it goes without its past; otherwise it goes on with what it knows (a state that was loaded), and
 * is there for the others at once. Cheap when it is there already. */
void fleet_member_join(struct fleet_member *member, struct fleet *fleet, const char *expression, const char *part);
void fleet_member_withdraw(struct fleet_member *member); /* from its fleet, if it is in one */
/* A sample, newer than the one before. `stale_ms`: after how long without one a device is compared with no more, and
 * begins anew; the same for all of a cohort. False: no answer: fewer than FLEET_OTHERS_MIN others, or they are all the
 * same, so that nothing tells what is unusual, or the sample is of a past that the others have left. *z: standard
 * deviations (robust) from the others' median, upwards positive. */
bool fleet_zscore_update(struct fleet_member *member, int64_t at_ms, double value, int64_t stale_ms, double *z);
void fleet_member_save(const struct fleet_member *member, struct buf *out);
/* Into zeros. It joins a fleet afterwards. */
FL_CHECK bool fleet_member_load(struct fleet_member *member, struct cursor *in);
