/* A pack without a folder. The plan is an open one while the names are put into it, and closed before the expression is
 * compiled, so that a name which is not there is an error with a place and not a metric that never comes.
 *
 * A series counts as missing after five of its intervals, as in a pack, but without a pack's upper bound of 5 minutes:
 * recorded tables may be hourly. */
#include "rules/probe.h"

#include <stdlib.h>
#include <string.h>

#include "rules/token.h"

struct probe {
    struct pack *pack;
    struct expression *expr;
};

static void take_metric(struct plan *plan, const char *name, int64_t interval_ms) {
    const int index = plan_metric(plan, name, strlen(name));
    if (index < 0)
        return; /* more than a plan holds: the expression that names it says so */
    struct plan_metric *m = &plan->metrics[index];
    m->interval_ms = interval_ms;
    if (interval_ms > 0)
        m->stale_ms = interval_ms * PLAN_STALE_INTERVALS > PLAN_STALE_MIN_MS ? interval_ms * PLAN_STALE_INTERVALS
                                                                             : PLAN_STALE_MIN_MS;
}

struct probe *probe_new(const char *source, const char *const *metrics, size_t count, int64_t interval_ms,
                        struct life_library *lives, struct expression_error *error) {
    struct probe *probe = mem_alloc(sizeof *probe);
    probe->pack = mem_alloc(sizeof *probe->pack);
    probe->pack->plan = plan_new(NULL, 0);
    probe->pack->plan->lives = lives;
    for (size_t i = 0; i < count; i++)
        take_metric(probe->pack->plan, metrics[i], interval_ms);
    probe->pack->plan->is_open = false;
    probe->expr = expression_compile(source, probe->pack->plan, error);
    if (!probe->expr) {
        probe_free(probe);
        return NULL;
    }
    return probe;
}

void probe_free(struct probe *probe) {
    if (!probe)
        return;
    expression_free(probe->expr);
    pack_free(probe->pack);
    free(probe);
}

const struct pack *probe_pack(const struct probe *probe) {
    return probe->pack;
}

int probe_metric(const struct probe *probe, const char *name) {
    return plan_metric(probe->pack->plan, name, strlen(name));
}

bool probe_names(const char *source, const char *metric) {
    for (struct token t = token_next(source, 0); t.kind != TOKEN_END && t.kind != TOKEN_BAD;
         t = token_next(source, t.at + t.count))
        if (t.kind == TOKEN_NAME && token_is(source, &t, metric))
            return true;
    return false;
}

void probe_value(const struct probe *probe, struct rule_device *device, int64_t now_ms, struct vector *out) {
    rule_device_value(device, probe->expr, now_ms, out);
}

void probe_function(const char *source, char *out, size_t room) {
    const struct token name = token_next(source, 0);
    struct token t = token_next(source, name.at + name.count);
    int depth = 0;
    *out = '\0';
    if (name.kind != TOKEN_NAME || !token_is(source, &t, "(") || name.count >= room)
        return;
    for (; t.kind != TOKEN_END && t.kind != TOKEN_BAD; t = token_next(source, t.at + t.count)) {
        depth += token_is(source, &t, "(") - token_is(source, &t, ")");
        if (depth == 0 && token_next(source, t.at + t.count).kind == TOKEN_END) {
            memcpy(out, source + name.at, name.count);
            out[name.count] = '\0';
            return;
        }
        if (depth == 0)
            return; /* f(x) > 1: the outermost is no call */
    }
}
