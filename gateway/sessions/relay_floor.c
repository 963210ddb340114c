/* Who has the floor: who holds the keyboard, and whether the session is frozen.
 *
 * Frozen means: nothing that a person sends reaches the product. What the product says is recorded and shown as ever.
 * Streams are closed when it freezes: a file goes on later by its offset, and what a port has under way is lost as on
 * any broken line; holding their bytes back would only move them past the freeze. A moderator freezes and thaws; a
 * session that needs a moderator is frozen by itself while none is there, and ends moderator_ms after the last has
 * left.
 *
 * The keyboard is a name, not a leg: who holds it gets it back when his connection returns. It is handed over in two
 * steps (offered by the typist or a moderator, taken by the other), taken by a moderator without being offered, or
 * taken when nobody is there to hold it. The taker's right to type was found out when he joined (role, qualification).
 */
#include <stdio.h>
#include <string.h>

#include "sessions/relay_inside.h"

enum {
    MODERATOR_FIRST_MS = 10 * 60 * 1000 /* without one from the start */
};

bool relay_is_frozen(const struct relay *r) {
    return r->floor.lacks_moderator || r->floor.frozen_by[0] != '\0';
}

const char *relay_frozen_why(const struct relay *r) {
    return r->floor.lacks_moderator ? "no_moderator" : r->floor.frozen_by[0] != '\0' ? "moderator" : "";
}

void relay_floor_init(struct relay *r) {
    snprintf(r->floor.keyboard, sizeof r->floor.keyboard, "%s", r->options.engineer);
    r->floor.lacks_moderator = r->options.needs_moderator;
}

void relay_floor_live(struct relay *r) {
    r->floor.has_changed = true;
    r->floor.moderator_gone_mono_ms = r->now_mono_ms;
}

/* ---- frozen or not ----------------------------------------------------------------------------------------------- */

static void note_change(struct relay *r, const char *method, const char *by, const char *why) {
    struct buf text;
    struct json_out j = relay_say(&text, method);
    jo_str(&j, "by", by);
    jo_str(&j, "why", why);
    (void)!relay_record_said(r, &j, &text); /* a failure has ended the session */
}

/* Whatever is on its way to the product stays here. */
static void hold_everything(struct relay *r) {
    relay_forget_input(r);
    for (struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        relay_streams_leave(leg);
    }
}

static bool has_moderator(const struct relay *r) {
    for (const struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        if (!leg->is_dead && relay_part(leg) == PART_MODERATOR) {
            return true;
        }
    }
    return false;
}

void relay_floor_update(struct relay *r) {
    bool is_here = has_moderator(r), lacks = r->options.needs_moderator && !is_here;
    r->floor.had_moderator = r->floor.had_moderator || is_here;
    if (r->floor.offered[0] != '\0' && relay_find_person(r, r->floor.offered) == NULL) {
        r->floor.offered[0] = '\0';
    }
    if (lacks == r->floor.lacks_moderator) {
        return;
    }
    r->floor.lacks_moderator = lacks;
    if (lacks) {
        r->floor.moderator_gone_mono_ms = r->now_mono_ms;
        hold_everything(r);
    }
    note_change(r, lacks ? "session.frozen" : "session.thawed", "gateway", lacks ? "no_moderator" : "moderator_came");
    relay_send_states(r);
}

bool relay_floor_tick(struct relay *r) {
    int64_t grace_ms = r->floor.had_moderator ? r->options.moderator_ms : MODERATOR_FIRST_MS;
    if (!r->floor.lacks_moderator || r->now_mono_ms - r->floor.moderator_gone_mono_ms < grace_ms) {
        return false;
    }
    relay_begin_end(r, r->floor.had_moderator ? "moderator_left" : "no_moderator", "gateway");
    return true;
}

void relay_floor_freeze(struct relay_leg *leg, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    (void)params;
    if (r->floor.frozen_by[0] != '\0') {
        relay_refuse(leg, id, "conflict", "the session is frozen already");
        return;
    }
    snprintf(r->floor.frozen_by, sizeof r->floor.frozen_by, "%s", leg->name);
    r->floor.has_changed = true;
    hold_everything(r);
    note_change(r, "session.frozen", leg->name, "moderator");
    relay_answer_person(leg, id, "{}");
    relay_send_states(r);
}

void relay_floor_thaw(struct relay_leg *leg, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    (void)params;
    if (r->floor.frozen_by[0] == '\0') {
        relay_refuse(leg, id, "conflict", "the session is not frozen");
        return;
    }
    r->floor.frozen_by[0] = '\0';
    r->floor.has_changed = true;
    note_change(r, "session.thawed", leg->name, "moderator");
    relay_answer_person(leg, id, "{}");
    relay_send_states(r);
}

/* ---- the keyboard ------------------------------------------------------------------------------------------------ */

void relay_floor_offer(struct relay_leg *leg, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    struct fault fault;
    struct buf text;
    const char *to;
    if (params == NULL || json_string(params, "to", SESSION_NAME_BYTES, &to, &fault) != RESULT_OK) {
        relay_refuse(leg, id, "bad_input", params == NULL ? "'params' is missing" : fault.text);
        return;
    }
    const struct relay_leg *other = to[0] != '\0' ? relay_find_person(r, to) : NULL;
    if (to[0] != '\0' && (other == NULL || !other->may_type || other == r->typist)) {
        relay_refuse(leg, id, "denied",
                     "who is named is not here, holds the keyboard, or may not type on this product");
        return;
    }
    snprintf(r->floor.offered, sizeof r->floor.offered, "%s", to);
    r->floor.has_changed = true;
    struct json_out j = relay_say(&text, "session.offered");
    jo_str(&j, "by", leg->name);
    jo_str(&j, "to", to);
    if (relay_record_said(r, &j, &text)) {
        relay_answer_person(leg, id, "{}");
    }
}

static const char *why_not_take(const struct relay_leg *leg) {
    const struct relay *r = leg->relay;
    if (!leg->may_type) {
        return "your role or qualification does not let you type on this product";
    }
    if (strcmp(r->floor.offered, leg->name) != 0 && relay_part(leg) != PART_MODERATOR && r->typist != NULL) {
        return "the keyboard was not offered to you";
    }
    return NULL;
}

void relay_floor_take(struct relay_leg *leg, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    struct relay_leg *before = r->typist;
    struct buf text;
    const char *why = why_not_take(leg);
    (void)params;
    if (why != NULL) {
        relay_refuse(leg, id, "denied", why);
        return;
    }
    struct json_out j = relay_say(&text, "session.taken");
    jo_str(&j, "by", leg->name);
    jo_str(&j, "from", r->floor.keyboard);
    if (!relay_record_said(r, &j, &text)) {
        return;
    }
    relay_forget_input(r); /* typed by the other, and not yet taken by the product */
    if (before != NULL) {
        relay_streams_leave(before);
    }
    for (struct relay_leg *tool = r->people; tool != NULL; tool = tool->next) {
        if (tool->is_tool && strcmp(tool->name, leg->name) != 0) {
            relay_drop_leg(tool, "keyboard_taken"); /* whose hands it was for has lost the keyboard */
        }
    }
    if (r->phase == RELAY_OVER) {
        return;
    }
    r->typist = leg;
    r->had_typist = true;
    r->active_mono_ms = r->now_mono_ms;
    r->floor.offered[0] = '\0';
    r->floor.has_changed = true; /* a moderator who types does not watch: that may freeze it */
    snprintf(r->floor.keyboard, sizeof r->floor.keyboard, "%s", leg->name);
    relay_answer_person(leg, id, "{}");
    relay_send_states(r);
    relay_give_credit(r);
}

bool relay_floor_author(struct relay *r) {
    struct buf text;
    if (strcmp(r->floor.author, r->typist->name) == 0) {
        return true;
    }
    struct json_out j = relay_say(&text, "terminal.typist");
    jo_str(&j, "by", r->typist->name);
    relay_said(&j);
    bool is_sent = relay_send_control(r, &text, r->typist->name, 0, 0);
    buf_fini(&text);
    if (is_sent) {
        snprintf(r->floor.author, sizeof r->floor.author, "%s", r->typist->name);
    }
    return is_sent;
}

void relay_floor_opened(struct relay_leg *leg) {
    snprintf(leg->relay->floor.author, sizeof leg->relay->floor.author, "%s", leg->name);
}
