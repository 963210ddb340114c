/* When may the uplink try again? A pure policy: no clock, no randomness of its own.
 *
 *   start, or nothing known              at once
 *   an attempt that failed               a pause that doubles from backoff_min to backoff_max: half of it is certain,
 * the rest, or reconnect_spread if that is longer, is chance a connection that was lost           anywhere within
 * reconnect_spread: the whole fleet may have lost its broker; one that never got an answer of the gateway counts as a
 * failed attempt "session taken over"                 RETRY_TAKEN_MIN_MS, doubling to RETRY_TAKEN_MAX_MS, and as much
 * again by chance: two products with one certificate must not throw each other out all day */
#pragma once
#include "agent_config.h"

enum { RETRY_TAKEN_MIN_MS = 60 * 1000, RETRY_TAKEN_MAX_MS = 3600 * 1000, RETRY_CALM_MS = 2 * 3600 * 1000 };

enum retry_cause { RETRY_FAILED, RETRY_LOST, RETRY_TAKEN };
struct retry {
    int64_t min_ms, max_ms, spread_ms;
    int64_t pause_ms;       /* of the next failure, before chance */
    int64_t taken_pause_ms; /* of the next takeover */
    uint64_t taken_count;   /* in a row */
    bool has_succeeded;     /* since the last pause */
};

void retry_init(struct retry *retry, const struct agent_config *config);
/* The connection ended or did not come about: how long to wait. `chance` is uniform over all its values. `lasted_ms`:
 * how long the connection stood (RETRY_TAKEN; one that lasted RETRY_CALM_MS ends the row). */
int64_t retry_pause(struct retry *retry, enum retry_cause cause, int64_t lasted_ms, uint64_t chance);
/* The gateway answered: failures begin anew. Takeovers do not: both rivals get answers. */
void retry_succeeded(struct retry *retry);
