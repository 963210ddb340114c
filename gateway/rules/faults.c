/* Fault codes become alarms by the pack's rows. A code that no row knows is still told, as a warning that opens no
 * ticket: hiding it would be worse than not understanding it. How many foreign codes one device may name is bounded,
 * because their names live as long as the device. */
#include "rules/faults.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/firings.h"

void fault_states_init(struct fault_states *s, const struct pack *pack) {
    *s = (struct fault_states){.known = pack->fault_count};
}

void fault_states_fini(struct fault_states *s) {
    for (size_t i = s->known; i < s->count; i++)
        free(s->items[i].code);
    free(s->items);
}

static void make_room(struct fault_states *s) {
    if (!s->items) {
        s->room = s->known + 1;
        s->items = mem_alloc(s->room * sizeof *s->items);
        s->count = s->known;
    } else if (s->count == s->room) {
        s->room *= 2;
        s->items = mem_realloc(s->items, s->room * sizeof *s->items);
    }
}

/* The state of a code; a foreign one gets a place. */
static struct fault_state *find(struct fault_states *s, const struct pack *pack, const char *code) {
    const struct pack_fault *row = pack_fault_find(pack, code);
    make_room(s);
    if (row)
        return &s->items[row - pack->faults];
    for (size_t i = s->known; i < s->count; i++)
        if (strcmp(s->items[i].code, code) == 0)
            return &s->items[i];
    if (s->count - s->known >= FAULTS_FOREIGN_MAX && strcmp(code, FAULT_OTHER) != 0)
        return find(s, pack, FAULT_OTHER);
    struct fault_state *state = &s->items[s->count++];
    *state = (struct fault_state){.code = mem_strdup(code)};
    return state;
}

static void tell(const struct fault_states *s, const struct pack *pack, const struct fault_state *state,
                 enum firing_kind kind, const char *text, int64_t event_ms, struct firings *out) {
    const struct pack_fault *row = state->code ? NULL : &pack->faults[state - s->items];
    struct firing *f = firings_add(out);
    f->kind = kind;
    f->alarm = row ? row->code : state->code;
    f->part = "";
    f->severity = row ? row->severity : SEVERITY_IS_WARNING;
    f->opens_ticket = row && row->opens_ticket;
    f->is_fault_code = true;
    f->event_ms = event_ms;
    f->value = kind != FIRING_CLEAR;
    char summary[400];
    snprintf(summary, sizeof summary, "%s: %s", f->alarm,
             row ? row->title : "a fault code that the pack does not know");
    text_copy(f->summary, sizeof f->summary, summary);
    text_copy(f->description, sizeof f->description, text);
}

void fault_states_event(struct fault_states *s, const struct pack *pack, const char *code, bool active,
                        const char *text, int64_t event_ms, struct firings *out) {
    struct fault_state *state = find(s, pack, code);
    uint32_t text_hash = hash_text(HASH_START, text);
    if (active && !state->is_active)
        tell(s, pack, state, FIRING_RAISE, text, event_ms, out);
    else if (active && state->text_hash != text_hash)
        tell(s, pack, state, FIRING_UPDATE, text, event_ms, out);
    else if (!active && state->is_active)
        tell(s, pack, state, FIRING_CLEAR, text, event_ms, out);
    state->is_active = active;
    state->text_hash = text_hash;
}

void fault_states_settle(struct fault_states *s) {
    for (size_t i = 0; i < s->count; i++)
        s->items[i].is_active = false;
}

void fault_states_restore(struct fault_states *s, const struct pack *pack, const char *code) {
    find(s, pack, code)->is_active = true;
}

size_t fault_states_on(const struct fault_states *s, const struct pack *pack, const char **out, size_t room) {
    size_t count = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (!s->items[i].is_active)
            continue;
        if (count < room)
            out[count] = i < s->known ? pack->faults[i].code : s->items[i].code;
        count++;
    }
    return count;
}

size_t fault_states_bytes(const struct fault_states *s) {
    size_t bytes = s->room * sizeof *s->items;
    for (size_t i = s->known; i < s->count; i++)
        bytes += strlen(s->items[i].code) + 1;
    return bytes;
}
