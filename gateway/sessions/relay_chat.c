/* What people say to each other in a session: a line, recorded and shown to all who may read it. */
#include <string.h>

#include "sessions/relay_inside.h"

enum { CHAT_CHARS = 500, CHAT_BYTES = CHAT_CHARS * 4, CHAT_LINES = 10, CHAT_WITHIN_MS = 10 * 1000 };

bool relay_pace(struct relay_pace *pace, int64_t mono_ms, int most, int64_t within_ms) {
    if (mono_ms - pace->since_mono_ms >= within_ms) {
        *pace = (struct relay_pace){.since_mono_ms = mono_ms};
    }
    return pace->count < most && ++pace->count > 0;
}

/* A line of text that a person can read: some, not too long, no control characters. */
static enum result check_line(const char *text, struct fault *fault) {
    size_t chars = 0;
    for (const uint8_t *at = (const uint8_t *)text; *at != '\0'; at++) {
        if (*at < 0x20 || *at == 0x7f) {
            return fault_set(fault, RESULT_BAD_INPUT, "'text' must be one line without control characters");
        }
        chars += (*at & 0xc0) != 0x80;
    }
    if (text[strspn(text, " ")] == '\0' || chars > CHAT_CHARS) {
        return fault_set(fault, RESULT_BAD_INPUT, "'text' must have 1 to %d characters", CHAT_CHARS);
    }
    return RESULT_OK;
}

void relay_chat_say(struct relay_leg *leg, const struct json *params, const char *id) {
    struct relay *r = leg->relay;
    struct fault fault;
    const char *line = NULL;
    enum result result = params == NULL ? fault_set(&fault, RESULT_BAD_INPUT, "'params' is missing")
                                        : json_string(params, "text", CHAT_BYTES, &line, &fault);
    if (result == RESULT_OK) {
        result = check_line(line, &fault);
    }
    if (result == RESULT_OK && !relay_pace(&leg->chat, r->now_mono_ms, CHAT_LINES, CHAT_WITHIN_MS)) {
        result = fault_set(&fault, RESULT_BUSY, "more than %d lines in %d s", CHAT_LINES, CHAT_WITHIN_MS / 1000);
    }
    if (result != RESULT_OK) {
        relay_refuse(leg, id, result_name(result), fault.text);
        return;
    }
    struct buf text;
    struct json_out j = relay_say(&text, "chat.said");
    jo_str(&j, "by", leg->name);
    jo_str(&j, "text", line);
    jo_int(&j, "t_ms", relay_t_ms(r));
    relay_said(&j);
    if (relay_note(r, buf_text(&text), text.count)) {
        relay_tell_people(r, &text, RELAY_GUEST_CHAT);
        relay_answer_person(leg, id, "{}");
    }
    buf_fini(&text);
}
