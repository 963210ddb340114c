/* The fault codes of one device: which are on. The device says when a code comes and goes, in an order that the
 * transport keeps, so there is nothing to measure here: a code that comes again while it is on only brings its newest
 * text. */
#pragma once
#include "rules/rules.h"

enum { FAULTS_FOREIGN_MAX = 64 }; /* codes that the pack does not know; further ones count as FAULT_OTHER */
#define FAULT_OTHER "other-codes"

struct fault_state {
    char *code; /* NULL: that of the pack's row with this index */
    uint32_t text_hash;
    bool is_active;
};
struct fault_states {
    struct fault_state *items; /* the pack's faults, then foreign ones in order of appearance; NULL until the first */
    size_t count, room, known; /* known: the pack's */
};
void fault_states_init(struct fault_states *s, const struct pack *pack);
void fault_states_fini(struct fault_states *s);
void fault_states_event(struct fault_states *s, const struct pack *pack, const char *code, bool active,
                        const char *text, int64_t event_ms, struct firings *out);
void fault_states_settle(struct fault_states *s); /* none is on */
void fault_states_restore(struct fault_states *s, const struct pack *pack, const char *code);
size_t fault_states_on(const struct fault_states *s, const struct pack *pack, const char **out, size_t room);
size_t fault_states_bytes(const struct fault_states *s);
