/* Parameters in a session: shows them, sets some of them together, and takes that back by itself unless it is confirmed
 * in time and the product is well. One change at a time on a product; whatever ends this process in the middle, the
 * resident agent finds the journal (param_journal.h) and puts the old values back. Loop thread only.
 *
 *   set -> (read what is, check, journal, write and read back each) -> answer -> waits -> confirm (health) -> kept
 *                                                                         '-> timeout, unhealthy, revert, end -> undone
 */
#pragma once
#include "loop.h"
#include "param_set.h"

struct configure;
struct configure_owner {
    /* Each call that was taken is answered once, with one of these. */
    void (*answer)(void *self, int64_t id, const char *result_json, size_t bytes);
    void (*refuse)(void *self, int64_t id, enum result result, const char *text);
    /* configure.reverted, configure.health */
    void (*notify)(void *self, const char *method, const char *params_json, size_t bytes);
    /* After configure_end: nothing is under way any more. */
    void (*idle)(void *self);
    void *self;
};
/* `set` and `session` outlive it. */
struct configure *configure_new(struct loop *loop, const struct param_set *set, const char *session,
                                const struct configure_owner *owner);
/* Lets go at once: an open change is the resident agent's from now on. No answers any more. NULL is fine. */
void configure_free(struct configure *configure);

/* {"parameters":[{"name":..,"value":.. or "fault":"..",type,bounds..,"unit":..,"writable":..}],"rules":["a > b + 5"],
 * "confirm_s":{"min":..,"max":..},"has_health":..,"change":{..} while one waits}. RESULT_BUSY: being read already. */
FL_CHECK enum result configure_list(struct configure *configure, int64_t id, struct fault *fault);
/* params: {"values":{name:value},"confirm_s":n,"by":"name"}; answer: {"change","before","after","confirm_by_ms"}.
 * RESULT_BUSY: a change is under way, here or in another session. What follows later is refused through the owner:
 * RESULT_CONFLICT: a rule does not hold, or there is nothing to change; RESULT_IO: it could not be set, and the old
 * values are back, or will be as soon as the product takes them. */
FL_CHECK enum result configure_set(struct configure *configure, int64_t id, const struct json *params,
                                   struct fault *fault);
/* {} when the product is well; else it is refused (RESULT_CONFLICT) and taken back. RESULT_NOT_FOUND: no such change
 * waits (any more). */
FL_CHECK enum result configure_confirm(struct configure *configure, int64_t id, const char *change,
                                       struct fault *fault);
/* {"values":{..}}: the old ones. */
FL_CHECK enum result configure_revert(struct configure *configure, int64_t id, const char *change, struct fault *fault);
/* The session ends: what is not confirmed is taken back. true: `idle` follows, never from this call. */
FL_CHECK bool configure_end(struct configure *configure);
bool configure_is_busy(const struct configure *configure);
