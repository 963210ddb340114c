/* A pattern is a list of levels, compared with the topic where it stands; nothing is copied. A name takes one whole
 * level: names inside a level ("shelly-{id}") and names for several levels were left, no device we map needs them.
 *
 * Topics come from whoever may publish on the broker, so they are checked before anything looks into them. The broker
 * refuses most of what is refused here; we do not count on it. */
#include "ingest/adapters/pattern.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/bytes.h"

static bool name_valid(const char *text, size_t chars) {
    if (chars == 0 || chars > PATTERN_NAME_BYTES || text[0] < 'a' || text[0] > 'z')
        return false;
    for (size_t i = 0; i < chars; i++)
        if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= '0' && text[i] <= '9') || text[i] == '_'))
            return false;
    return true;
}

static bool has_name(const struct pattern *p, const char *text, size_t chars) {
    for (size_t i = 0; i < p->level_count; i++)
        if (p->levels[i].kind == LEVEL_NAME && strlen(p->levels[i].text) == chars &&
            memcmp(p->levels[i].text, text, chars) == 0)
            return true;
    return false;
}

static enum result parse_level(const char *text, size_t chars, struct pattern *p, struct fault *fault) {
    struct pattern_level *level = &p->levels[p->level_count];
    level->kind = LEVEL_TEXT;
    if (chars == 1 && text[0] == '+') {
        level->kind = LEVEL_ANY;
    } else if (chars > 2 && text[0] == '{' && text[chars - 1] == '}') {
        text++;
        chars -= 2;
        if (!name_valid(text, chars))
            return fault_set(fault, RESULT_BAD_INPUT, "'%.*s' is no name: [a-z][a-z0-9_]*, at most %d characters",
                             (int)chars, text, PATTERN_NAME_BYTES);
        if (has_name(p, text, chars))
            return fault_set(fault, RESULT_BAD_INPUT, "{%.*s} stands twice in the topic", (int)chars, text);
        level->kind = LEVEL_NAME;
    } else if (memchr(text, '#', chars) || memchr(text, '+', chars) || memchr(text, '{', chars) ||
               memchr(text, '}', chars)) {
        return fault_set(fault, RESULT_BAD_INPUT, "the level '%.*s' is neither a text, nor +, nor {name}", (int)chars,
                         text);
    }
    memcpy(level->text, text, chars);
    level->text[chars] = 0;
    p->level_count++;
    return RESULT_OK;
}

static size_t count_names(const struct pattern *p) {
    size_t count = 0;
    for (size_t i = 0; i < p->level_count; i++)
        count += p->levels[i].kind == LEVEL_NAME;
    return count;
}

enum result pattern_parse(const char *text, struct pattern *out, struct fault *fault) {
    struct pattern p = {0};
    const size_t bytes = strlen(text);
    if (bytes == 0 || bytes > CAP_TOPIC_BYTES || !utf8_valid(text, bytes))
        return fault_set(fault, RESULT_BAD_INPUT, "a topic is 1 to %d bytes of UTF-8", CAP_TOPIC_BYTES);
    for (const char *at = text;;) {
        const size_t chars = strcspn(at, "/");
        if (p.level_count == PATTERN_LEVELS_MAX)
            return fault_set(fault, RESULT_BAD_INPUT, "the topic has more than %d levels", PATTERN_LEVELS_MAX);
        const enum result result = parse_level(at, chars, &p, fault);
        if (result != RESULT_OK)
            return result;
        if (!at[chars])
            break;
        at += chars + 1;
    }
    if (count_names(&p) > PATTERN_NAMES_MAX)
        return fault_set(fault, RESULT_BAD_INPUT, "the topic has more than %d names", PATTERN_NAMES_MAX);
    if (p.levels[0].kind == LEVEL_TEXT && (p.levels[0].text[0] == '$' || strcmp(p.levels[0].text, "fl") == 0))
        return fault_set(fault, RESULT_BAD_INPUT, "topics below '%s' are not for adapters", p.levels[0].text);
    *out = p;
    return RESULT_OK;
}

void pattern_filter(const struct pattern *p, char out[CAP_TOPIC_BYTES + 1]) {
    size_t at = 0;
    out[0] = 0;
    for (size_t i = 0; i < p->level_count && at < CAP_TOPIC_BYTES; i++)
        at += (size_t)snprintf(out + at, CAP_TOPIC_BYTES + 1 - at, "%s%s", i > 0 ? "/" : "",
                               p->levels[i].kind == LEVEL_TEXT ? p->levels[i].text : "+");
}

void captures_add(struct captures *c, const char *name, const char *text, size_t chars) {
    if (c->count < PATTERN_NAMES_MAX)
        c->items[c->count++] = (struct capture){.name = name, .text = text, .chars = chars};
}

bool pattern_match_root(const struct pattern *p, const char *topic, size_t chars, struct captures *out,
                        const char **rest) {
    const char *at = topic, *end = topic + chars;
    out->count = 0;
    for (size_t i = 0; i < p->level_count; i++) {
        const struct pattern_level *level = &p->levels[i];
        const char *slash = at <= end ? memchr(at, '/', (size_t)(end - at)) : NULL;
        if (at > end)
            return false;
        const size_t count = (size_t)((slash ? slash : end) - at);
        if (level->kind == LEVEL_TEXT && (strlen(level->text) != count || memcmp(level->text, at, count) != 0))
            return false;
        if (level->kind == LEVEL_NAME) {
            if (count == 0)
                return false;
            captures_add(out, level->text, at, count);
        }
        at += count + 1;
    }
    *rest = at; /* end + 1 when nothing follows */
    return true;
}

bool pattern_match(const struct pattern *p, const char *topic, size_t chars, struct captures *out) {
    const char *rest;
    return pattern_match_root(p, topic, chars, out, &rest) && rest == topic + chars + 1;
}

enum result template_parse(const char *text, const struct pattern *pattern, struct pattern_template *out,
                           struct fault *fault) {
    struct pattern_template t = {0};
    size_t names = 0;
    if (strlen(text) > PATTERN_TEMPLATE_BYTES)
        return fault_set(fault, RESULT_BAD_INPUT, "more than %d characters", PATTERN_TEMPLATE_BYTES);
    for (const char *at = text; *at;) {
        struct template_piece *piece = &t.pieces[t.piece_count];
        const bool is_name = *at == '{';
        const size_t chars = is_name ? strcspn(at + 1, "}") : strcspn(at, "{");
        const char *piece_text = at + is_name;
        if (is_name && (piece_text[chars] != '}' || !name_valid(piece_text, chars)))
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' does not begin with a {name}", at);
        if (is_name && pattern && !has_name(pattern, piece_text, chars))
            return fault_set(fault, RESULT_BAD_INPUT, "the topic has no {%.*s}", (int)chars, piece_text);
        if (!is_name && memchr(piece_text, '}', chars))
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' has a '}' without a '{'", text);
        if (is_name && ++names > PATTERN_NAMES_MAX)
            return fault_set(fault, RESULT_BAD_INPUT, "more than %d names", PATTERN_NAMES_MAX);
        piece->is_name = is_name;
        memcpy(piece->text, piece_text, chars);
        piece->text[chars] = 0;
        t.piece_count++;
        at = piece_text + chars + is_name;
    }
    *out = t;
    return RESULT_OK;
}

size_t template_fill(const struct pattern_template *t, const struct captures *captures, char *out, size_t room) {
    size_t count = 0;
    for (size_t i = 0; i < t->piece_count; i++) {
        const char *text = t->pieces[i].text;
        size_t chars = strlen(text);
        for (size_t k = 0; t->pieces[i].is_name && k < captures->count; k++) {
            if (strcmp(captures->items[k].name, text) == 0) {
                text = captures->items[k].text;
                chars = captures->items[k].chars;
                break;
            }
        }
        if (chars > room - 1 - count)
            chars = room - 1 - count;
        memcpy(out + count, text, chars);
        count += chars;
    }
    out[count] = 0;
    return count;
}

enum result foreign_topic_check(const char *topic, size_t bytes, struct fault *fault) {
    size_t levels = 1;
    if (bytes == 0 || bytes > CAP_TOPIC_BYTES)
        return fault_set(fault, RESULT_TOO_BIG, "topic of %zu bytes, expected 1 to %d", bytes, CAP_TOPIC_BYTES);
    if (!utf8_valid(topic, bytes))
        return fault_set(fault, RESULT_BAD_INPUT, "the topic is not valid UTF-8 or holds a NUL");
    if (topic[0] == '$')
        return fault_set(fault, RESULT_BAD_INPUT, "the topic begins with '$'");
    for (size_t i = 0; i < bytes; i++) {
        const uint8_t c = (uint8_t)topic[i];
        if (c == '+' || c == '#')
            return fault_set(fault, RESULT_BAD_INPUT, "the topic holds a wildcard");
        if (c < 0x20 || c == 0x7f)
            return fault_set(fault, RESULT_BAD_INPUT, "the topic holds a control character");
        levels += c == '/';
    }
    if (levels > PATTERN_LEVELS_MAX)
        return fault_set(fault, RESULT_BAD_INPUT, "the topic has %zu levels, at most %d", levels, PATTERN_LEVELS_MAX);
    return RESULT_OK;
}
