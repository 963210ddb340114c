/* The birth message.
 *
 * Metrics are remembered from the first sample of each on, in memory only: after a restart they are learnt again within
 * one flush, and a metric that a firmware update removed goes away by itself. Capabilities are those of the
 * configuration, and none at all while sessions are off: the gateway cannot even ask for what is not offered. Owned by
 * agent.c, loop thread. */
#include "birth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "version.h"

struct seen {
    UT_hash_handle hh;
    char metric[CAP_METRIC_BYTES + 1];
};

struct birth {
    const struct agent_config *config;
    char boot[CAP_UUID_BYTES + 1];
    struct seen *seen;
};

struct birth *birth_new(const struct agent_config *config, const char *boot) {
    struct birth *b = mem_alloc(sizeof *b);
    b->config = config;
    snprintf(b->boot, sizeof b->boot, "%s", boot);
    return b;
}

void birth_free(struct birth *b) {
    if (b == NULL) {
        return;
    }
    struct seen *s = b->seen, *next;
    HASH_CLEAR(hh, b->seen);
    for (; s != NULL; s = next) {
        next = s->hh.next;
        free(s);
    }
    free(b);
}

bool birth_saw(struct birth *b, const char *metric) {
    struct seen *s;
    HASH_FIND_STR(b->seen, metric, s);
    if (s != NULL || HASH_COUNT(b->seen) >= CAP_METRICS_IN_BIRTH) {
        return false;
    }
    s = mem_alloc(sizeof *s);
    snprintf(s->metric, sizeof s->metric, "%s", metric);
    HASH_ADD_STR(b->seen, metric, s);
    return true;
}

void birth_write(const struct birth *b, int64_t wall_ms, struct buf *out) {
    const struct agent_config *c = b->config;
    struct birth_message message = {.event_ms = wall_ms};
    snprintf(message.model, sizeof message.model, "%s", c->model);
    snprintf(message.serial, sizeof message.serial, "%s", c->serial);
    snprintf(message.firmware, sizeof message.firmware, "%s", c->firmware);
    snprintf(message.agent, sizeof message.agent, "%s", AGENT_VERSION);
    memcpy(message.boot, b->boot, sizeof message.boot);
    message.capabilities = c->session_enabled ? c->session_capabilities : 0;
    message.evidence_bytes = c->evidence_enabled ? c->evidence_bytes : 0;
    for (const struct agent_diagnostic *d = c->diagnostics; d != NULL; d = d->next) {
        snprintf(message.diagnostics[message.diagnostic_count++], CAP_CODE_BYTES + 1, "%s", d->name);
    }
    message.metrics = mem_alloc((HASH_COUNT(b->seen) + 1) * sizeof *message.metrics);
    for (const struct seen *s = b->seen; s != NULL; s = s->hh.next) {
        memcpy(message.metrics[message.metric_count++], s->metric, sizeof s->metric);
    }
    birth_encode(&message, out);
    birth_fini(&message);
}
