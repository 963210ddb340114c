/* What is usual among the others: the median of their averages, and what lies between their quartiles over 1.349, which
 * is the standard deviation where they are normal. A quarter of the fleet may be broken and both still stand. Values
 * are kept in order (ranking.h), so that a sample costs the logarithm of the fleet: it leaves its place, takes another,
 * and five are looked up. The device itself is left out by its rank.
 *
 * Compared are slow averages, not samples: the spread between devices, not that within one, is what tells an odd device
 * from a busy moment. The average forgets exponentially, with an hour; at first it is the mean, so that one strange
 * sample after a start is not the device.
 *
 * Who is heard no more leaves: members lie in a list in the order in which they were heard, and whoever moves time on
 * takes the stale ones out. Time is the newest sample of any (the gateway lets no sample in that is minutes ahead of
 * its own clock). A device that catches up on its past is not compared until it has arrived in the others' present.
 *
 * Left: the median absolute deviation (stands half of the fleet being broken, costs the square of the logarithm), and
 * sketches of the distribution (cheaper beyond a million devices, inexact for eight). */
#include "rules/fleet.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "fieldline/caps.h"
#include "rules/state.h"

enum { SAMPLES_MAX = 1000 };
#define QUARTILES_TO_SIGMA 1.3489795003921634
#define NOTHING_BETWEEN    1e-12 /* a spread below this part of the median is of the arithmetic */

struct cohort {
    struct fleet *fleet;
    char *expression, *part;
    struct ranked *top;                   /* of those that are compared with */
    struct fleet_member *oldest, *newest; /* the same, by when they were heard */
    size_t members;                       /* those too that are not */
    int64_t newest_ms;
    uint32_t next_serial;
    struct cohort *next;
};
struct fleet {
    char name[CAP_MODEL_BYTES + 1 + CAP_VERSION_BYTES + 1]; /* the model and the firmware, a line each */
    struct fleets *all;
    size_t devices;
    struct cohort *cohorts; /* few */
    UT_hash_handle hh;
};
struct fleets {
    struct fleet *by_name;
};

/* ---- fleets ---- */

struct fleets *fleets_new(void) {
    return mem_alloc(sizeof(struct fleets));
}

void fleets_free(struct fleets *all) {
    assert(!all || !all->by_name);
    free(all);
}

size_t fleets_count(const struct fleets *all) {
    return HASH_COUNT(all->by_name);
}

struct fleet *fleet_enter(struct fleets *all, const char *model, const char *firmware) {
    char name[sizeof((struct fleet *)0)->name];
    struct fleet *fleet;
    snprintf(name, sizeof name, "%s\n%s", model, firmware);
    HASH_FIND_STR(all->by_name, name, fleet);
    if (!fleet) {
        fleet = mem_alloc(sizeof *fleet);
        memcpy(fleet->name, name, sizeof fleet->name);
        fleet->all = all;
        HASH_ADD_STR(all->by_name, name, fleet);
    }
    fleet->devices++;
    return fleet;
}

void fleet_leave(struct fleet *fleet) {
    if (!fleet || --fleet->devices > 0)
        return;
    assert(!fleet->cohorts);
    HASH_DEL(fleet->all->by_name, fleet);
    free(fleet);
}

/* ---- cohorts ---- */

static struct cohort *cohort_of(struct fleet *fleet, const char *expression, const char *part) {
    struct cohort *c = fleet->cohorts;
    while (c && (strcmp(c->part, part) != 0 || strcmp(c->expression, expression) != 0))
        c = c->next;
    if (c)
        return c;
    c = mem_alloc(sizeof *c);
    *c = (struct cohort){.fleet = fleet,
                         .expression = mem_strdup(expression),
                         .part = mem_strdup(part),
                         .newest_ms = INT64_MIN,
                         .next = fleet->cohorts};
    fleet->cohorts = c;
    return c;
}

static void cohort_free(struct cohort *cohort) {
    struct cohort **at = &cohort->fleet->cohorts;
    while (*at != cohort)
        at = &(*at)->next;
    *at = cohort->next;
    free(cohort->expression);
    free(cohort->part);
    free(cohort);
}

static void become_present(struct fleet_member *m) {
    struct cohort *c = m->cohort;
    m->ranked.value = m->average;
    ranking_insert(&c->top, &m->ranked);
    m->older = c->newest;
    m->newer = NULL;
    *(c->newest ? &c->newest->newer : &c->oldest) = m;
    c->newest = m;
    m->is_present = true;
}

static void become_absent(struct fleet_member *m) {
    struct cohort *c = m->cohort;
    if (!m->is_present)
        return;
    ranking_remove(&c->top, &m->ranked);
    *(m->older ? &m->older->newer : &c->oldest) = m->newer;
    *(m->newer ? &m->newer->older : &c->newest) = m->older;
    m->older = m->newer = NULL;
    m->is_present = false;
}

/* ---- members ---- */

void fleet_member_withdraw(struct fleet_member *member) {
    struct cohort *c = member->cohort;
    if (!c)
        return;
    become_absent(member);
    member->cohort = NULL;
    if (--c->members == 0)
        cohort_free(c);
}

void fleet_member_join(struct fleet_member *member, struct fleet *fleet, const char *expression, const char *part) {
    if (member->cohort && member->cohort->fleet == fleet)
        return;
    if (member->cohort) {
        fleet_member_withdraw(member);
        member->samples = 0;
    }
    member->cohort = cohort_of(fleet, expression, part);
    member->cohort->members++;
    member->ranked.serial = member->cohort->next_serial++;
    if (member->samples > 0) {
        become_present(member);
        if (member->last_ms > member->cohort->newest_ms)
            member->cohort->newest_ms = member->last_ms;
    }
}

static void learn(struct fleet_member *m, int64_t at_ms, double value, int64_t stale_ms) {
    if (m->samples > 0 && at_ms - m->last_ms > stale_ms)
        m->samples = 0;
    const double passed = m->samples > 0 ? (double)(at_ms - m->last_ms) / FLEET_MEMORY_MS : 0;
    m->samples += m->samples < SAMPLES_MAX;
    const double by_time = -expm1(-passed), by_count = 1.0 / m->samples;
    const double weight = m->samples < SAMPLES_MAX ? fmax(by_time, by_count) : by_time;
    m->average = weight < 1 ? m->average + weight * (value - m->average) : value;
    m->last_ms = at_ms;
}

/* Time is there; who was not heard of for too long is compared with no more. */
static void move_on(struct cohort *c, int64_t at_ms, int64_t stale_ms) {
    if (at_ms > c->newest_ms)
        c->newest_ms = at_ms;
    while (c->oldest && c->newest_ms - c->oldest->last_ms > stale_ms)
        become_absent(c->oldest);
}

/* The nth of the others, from 0. */
static double other(const struct fleet_member *m, size_t before, size_t nth) {
    return ranking_nth(m->cohort->top, nth >= before ? nth + 1 : nth);
}

static bool compare(const struct fleet_member *m, double *z) {
    const size_t others = ranking_count(m->cohort->top) - 1;
    if (others < FLEET_OTHERS_MIN)
        return false;
    const size_t before = ranking_before(m->cohort->top, &m->ranked), quarter = (others - 1) / 4;
    const double low = other(m, before, (others - 1) / 2), high = other(m, before, others / 2);
    const double median = low + (high - low) / 2;
    const double between = other(m, before, others - 1 - quarter) - other(m, before, quarter);
    if (!(between > NOTHING_BETWEEN * fabs(median)))
        return false;
    *z = (m->average - median) / (between / QUARTILES_TO_SIGMA);
    return true;
}

bool fleet_zscore_update(struct fleet_member *member, int64_t at_ms, double value, int64_t stale_ms, double *z) {
    learn(member, at_ms, value, stale_ms);
    if (!member->cohort)
        return false;
    become_absent(member);
    move_on(member->cohort, at_ms, stale_ms);
    if (member->cohort->newest_ms - at_ms > stale_ms)
        return false;
    become_present(member);
    return compare(member, z);
}

void fleet_member_save(const struct fleet_member *member, struct buf *out) {
    buf_add_varint(out, member->samples);
    state_put_time(out, member->last_ms);
    state_put_double(out, member->average);
}

bool fleet_member_load(struct fleet_member *member, struct cursor *in) {
    uint64_t samples;
    if (!cursor_varint(in, &samples) || samples > SAMPLES_MAX || !state_get_time(in, &member->last_ms) ||
        !state_get_double(in, &member->average) || !isfinite(member->average))
        return false;
    member->samples = (uint32_t)samples;
    return true;
}
