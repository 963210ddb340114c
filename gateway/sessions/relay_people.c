/* More than one person in a session. Every leg has a part, and a table says which part may say what:
 *
 *   typist      holds the keyboard: the engineer whom the grant names, or whoever took it over
 *   watcher     sees everything, sends nothing to the product
 *   moderator   a watcher who may freeze, thaw, end, and take the keyboard; never the engineer whom the grant names
 *   guest       from a link, not logged in: sees the session's output only when the link says "watch"
 *   tool        a further connection of the engineer (files, ports); says nothing as a person
 *
 * Who comes, goes and changes part is noted in the record with his name, told to everybody (session.people), and told
 * to the product (notice.show), so that both ends know who is there. Telling is put off to the end of the call that
 * caused it (relay_people_settle): legs die in the middle of sending, and telling is sending.
 *
 * What the parts do beyond that: relay_floor.c (freeze, hand-over), relay_chat.c, relay_call.c. */
#include <stdio.h>
#include <string.h>

#include "fieldline/log.h"
#include "sessions/relay_inside.h"

enum { NOTICE_BYTES = 400 };

/* ---- parts ------------------------------------------------------------------------------------------------------- */

static const char *const part_names[PART_COUNT] = {[PART_TYPIST] = "typist",
                                                   [PART_WATCHER] = "watcher",
                                                   [PART_MODERATOR] = "moderator",
                                                   [PART_GUEST] = "guest",
                                                   [PART_TOOL] = "tool"};

enum relay_part relay_part(const struct relay_leg *leg) {
    return leg->is_tool                ? PART_TOOL
           : leg == leg->relay->typist ? PART_TYPIST
           : leg->is_guest             ? PART_GUEST
           : leg->may_moderate         ? PART_MODERATOR
                                       : PART_WATCHER;
}

bool relay_may(const struct relay_leg *leg, unsigned right) {
    return leg->is_guest ? (leg->guest_may & right) != 0 : !leg->is_tool;
}

bool relay_sees(const struct relay_leg *leg) {
    return leg->is_tool || relay_may(leg, RELAY_GUEST_WATCH);
}

struct relay_leg *relay_find_person(const struct relay *r, const char *name) {
    for (struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        if (!leg->is_dead && !leg->is_tool && strcmp(leg->name, name) == 0) {
            return leg;
        }
    }
    return NULL;
}

void relay_person_init(struct relay_leg *leg, const struct relay_person *person) {
    const struct relay_options *options = &leg->relay->options;
    bool is_engineer = strcmp(person->name, options->engineer) == 0;
    bool is_staff = !person->is_guest && !person->is_tool;
    bool is_named = options->approver[0] != '\0' && strcmp(person->name, options->approver) == 0;
    leg->is_tool = person->is_tool;
    leg->is_guest = person->is_guest;
    leg->guest_may = person->guest_may;
    leg->may_type = is_staff && (person->may_type || is_engineer);
    leg->may_moderate = is_staff && !is_engineer && (person->may_moderate || is_named);
    leg->joined_mono_ms = leg->relay->now_mono_ms;
    snprintf(leg->invite, sizeof leg->invite, "%s", person->invite != NULL ? person->invite : "");
}

/* ---- what is said in the gateway's name -------------------------------------------------------------------------- */

struct json_out relay_say(struct buf *text, const char *method) {
    buf_init(text, MESSAGE_BYTES);
    struct json_out j = json_out(text);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    jo_str(&j, "method", method);
    jo_object(&j, "params");
    return j;
}

void relay_said(struct json_out *j) {
    jo_end(j);
    jo_end(j);
}

bool relay_record_said(struct relay *r, struct json_out *j, struct buf *text) {
    relay_said(j);
    bool is_kept = relay_note(r, buf_text(text), text->count);
    buf_fini(text);
    return is_kept;
}

void relay_tell_people(struct relay *r, const struct buf *text, unsigned right) {
    for (struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        if (!leg->is_dead && !leg->is_tool && (right == 0 || relay_may(leg, right))) {
            relay_send_leg(leg, true, text->data, text->count);
        }
    }
}

void relay_answer_person(struct relay_leg *leg, const char *id, const char *result) {
    struct buf text;
    if (id == NULL || leg->is_dead) {
        return;
    }
    buf_init(&text, MESSAGE_BYTES);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    jo_raw(&j, "id", id, strlen(id));
    jo_raw(&j, "result", result, strlen(result));
    jo_end(&j);
    relay_send_leg(leg, true, text.data, text.count);
    buf_fini(&text);
}

/* ---- coming and going -------------------------------------------------------------------------------------------- */

void relay_person_joined(struct relay_leg *leg) {
    struct relay *r = leg->relay;
    struct buf text;
    struct json_out j = relay_say(&text, "session.joined");
    jo_str(&j, "by", leg->name);
    jo_str(&j, "part", part_names[relay_part(leg)]);
    r->floor.has_changed = true;
    (void)!relay_record_said(r, &j, &text); /* a failure has ended the session */
}

void relay_person_left(struct relay_leg *leg, enum relay_part part) {
    struct relay *r = leg->relay;
    struct buf text;
    relay_call_leave(leg);
    struct json_out j = relay_say(&text, "session.left");
    jo_str(&j, "by", leg->name);
    jo_str(&j, "part", part_names[part]);
    jo_int(&j, "seconds", (r->now_mono_ms - leg->joined_mono_ms) / 1000);
    r->floor.has_changed = true;
    if (!relay_record_said(r, &j, &text)) {
        log_warn("gateway.sessions", "left_unrecorded", "session=%s", r->options.session);
    }
}

/* {"people":[{"name":..,"part":..,"may_type":..,"in_call":..}],"offered":..} */
static void tell_everybody(struct relay *r) {
    struct buf text;
    struct json_out j = relay_say(&text, "session.people");
    jo_array(&j, "people");
    for (const struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        if (leg->is_dead || leg->is_tool) {
            continue;
        }
        jo_object(&j, NULL);
        jo_str(&j, "name", leg->name);
        jo_str(&j, "part", part_names[relay_part(leg)]);
        jo_bool(&j, "may_type", leg->may_type);
        jo_bool(&j, "in_call", leg->call.is_in);
        jo_end(&j);
    }
    jo_end(&j);
    jo_str(&j, "offered", r->floor.offered);
    relay_said(&j);
    if (relay_note(r, buf_text(&text), text.count)) {
        relay_tell_people(r, &text, 0);
    }
    buf_fini(&text);
}

/* One line for the product's display. */
static void print_notice(const struct relay *r, struct buf *out) {
    const char *between = "";
    buf_str(out, "Recorded.");
    if (r->typist != NULL) {
        buf_printf(out, " %s works.", r->typist->name);
    }
    for (const struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        if (!leg->is_dead && relay_part(leg) != PART_TYPIST && !leg->is_tool && relay_sees(leg)) {
            buf_printf(out, "%s%s", between[0] != '\0' ? between : " Watching: ", leg->name);
            between = ", ";
        }
    }
    if (relay_is_frozen(r)) {
        buf_str(out, " Frozen.");
    }
}

static void tell_product(struct relay *r) {
    struct buf text, line;
    if (r->phase != RELAY_LIVE) {
        return;
    }
    buf_init(&line, (size_t)RELAY_LEGS * (SESSION_NAME_BYTES + 2) + NOTICE_BYTES);
    print_notice(r, &line);
    if (strcmp(buf_text(&line), r->floor.notice) != 0) {
        snprintf(r->floor.notice, sizeof r->floor.notice, "%s", buf_text(&line));
        struct json_out j = relay_say(&text, "notice.show");
        jo_str(&j, "text", buf_text(&line));
        jo_str(&j, "by", "gateway");
        relay_said(&j);
        (void)!relay_send_control(r, &text, "gateway", 0, 0);
        buf_fini(&text);
    }
    buf_fini(&line);
}

bool relay_people_settle(struct relay *r) {
    if (!r->floor.has_changed || r->phase == RELAY_OVER) {
        return false;
    }
    r->floor.has_changed = false;
    relay_floor_update(r);
    if (r->phase != RELAY_OVER) {
        tell_everybody(r);
    }
    if (r->phase == RELAY_LIVE) {
        tell_product(r);
    }
    return true;
}

void relay_people_state(const struct relay_leg *leg, struct json_out *j) {
    static const struct {
        const char *name;
        unsigned right;
    } rights[] = {{"watch", RELAY_GUEST_WATCH}, {"call", RELAY_GUEST_CALL}, {"chat", RELAY_GUEST_CHAT}};
    const struct relay *r = leg->relay;
    enum relay_part part = relay_part(leg);
    jo_str(j, "part", part_names[part]);
    jo_array(j, "may");
    for (size_t i = 0; i < sizeof rights / sizeof *rights; i++) {
        if (relay_may(leg, rights[i].right)) {
            jo_str(j, NULL, rights[i].name);
        }
    }
    if (leg->may_type) {
        jo_str(j, NULL, "type");
    }
    if (part == PART_MODERATOR) {
        jo_str(j, NULL, "moderate");
    }
    jo_end(j);
    jo_str(j, "frozen", relay_frozen_why(r));
    jo_str(j, "frozen_by", r->floor.frozen_by);
    jo_int(j, "next_stream", r->last_streams[0] + 1);
    if (r->is_terminal_open && r->floor.columns > 0) {
        jo_int(j, "cols", r->floor.columns);
        jo_int(j, "rows", r->floor.rows);
    }
}

/* Recorded as the frame that asked for it. */
void relay_people_size(struct relay_leg *leg, const char *method, int columns, int rows) {
    struct relay *r = leg->relay;
    struct buf text;
    r->floor.columns = columns;
    r->floor.rows = rows;
    struct json_out j = relay_say(&text, method);
    jo_int(&j, "cols", columns);
    jo_int(&j, "rows", rows);
    jo_str(&j, "by", leg->name);
    relay_said(&j);
    for (struct relay_leg *other = r->people; other != NULL; other = other->next) {
        if (!other->is_dead && !other->is_tool && other != leg && relay_sees(other)) {
            relay_send_leg(other, true, text.data, text.count);
        }
    }
    buf_fini(&text);
}

void relay_people_tick(struct relay *r) {
    if (r->options.guest_gone == NULL) {
        return;
    }
    for (struct relay_leg *leg = r->people; leg != NULL; leg = leg->next) {
        const char *why = leg->is_guest && !leg->is_dead ? r->options.guest_gone(r->options.self, leg->invite) : NULL;
        if (why != NULL) {
            relay_drop_leg(leg, why);
        }
    }
}

/* ---- what each part may say -------------------------------------------------------------------------------------- */

#define BIT(part) (1u << (part))
#define ANYBODY   (BIT(PART_TYPIST) | BIT(PART_WATCHER) | BIT(PART_MODERATOR) | BIT(PART_GUEST))

static void act_end(struct relay_leg *leg, const struct json *params, const char *id) {
    bool is_moderator = relay_part(leg) == PART_MODERATOR;
    (void)params;
    relay_answer_person(leg, id, "{}");
    relay_begin_end(leg->relay, is_moderator ? "ended_by_moderator" : "ended_by_engineer", leg->name);
}

static const struct {
    const char *method;
    unsigned parts; /* BIT of those who may */
    unsigned right; /* that a guest needs besides */
    bool is_any_time;
    void (*act)(struct relay_leg *leg, const struct json *params, const char *id);
} rows[] = {
    {"session.end", BIT(PART_TYPIST) | BIT(PART_MODERATOR), 0, true, act_end},
    {"session.freeze", BIT(PART_MODERATOR), 0, false, relay_floor_freeze},
    {"session.thaw", BIT(PART_MODERATOR), 0, false, relay_floor_thaw},
    {"session.offer", BIT(PART_TYPIST) | BIT(PART_MODERATOR), 0, false, relay_floor_offer},
    {"session.take", BIT(PART_WATCHER) | BIT(PART_MODERATOR), 0, false, relay_floor_take},
    {"chat.say", ANYBODY, RELAY_GUEST_CHAT, false, relay_chat_say},
    {"call.join", ANYBODY, RELAY_GUEST_CALL, false, relay_call_join},
    {"call.leave", ANYBODY, RELAY_GUEST_CALL, false, relay_call_ask_leave},
    {"call.signal", ANYBODY, RELAY_GUEST_CALL, false, relay_call_signal},
};

bool relay_people_request(struct relay_leg *leg, const char *method, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    struct fault fault;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(method, rows[i].method) != 0) {
            continue;
        }
        enum relay_part part = relay_part(leg);
        bool is_live = r->phase == RELAY_LIVE || (rows[i].is_any_time && r->phase < RELAY_LIVE);
        if ((rows[i].parts & BIT(part)) == 0 || (rows[i].right != 0 && !relay_may(leg, rows[i].right))) {
            (void)fault_set(&fault, RESULT_DENIED, "'%s' is not for a %s", method, part_names[part]);
            relay_refuse(leg, id, "denied", fault.text);
        } else if (!is_live) {
            relay_refuse(leg, id, "not_live", "the session is not live");
        } else {
            rows[i].act(leg, params, id);
        }
        return true;
    }
    return false;
}

bool relay_may_act(struct relay_leg *leg, const char *id) {
    struct relay *r = leg->relay;
    bool holds_it = leg == r->typist || (leg->is_tool && strcmp(leg->name, r->floor.keyboard) == 0);
    if (!holds_it) {
        relay_refuse(leg, id, "denied", "only who holds the keyboard may do anything here");
        return false;
    }
    if (relay_is_frozen(r)) {
        relay_refuse(leg, id, "frozen",
                     r->floor.lacks_moderator ? "the session is frozen until a moderator is there"
                                              : "a moderator has frozen the session");
        return false;
    }
    return true;
}
