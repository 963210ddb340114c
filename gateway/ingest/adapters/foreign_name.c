/* Names that strangers chose, made safe by construction: whatever comes in, what goes out is spelt as caps.h wants it.
 *
 * Not a lookup: the same name gives the same id on every gateway and after every restart, without a table that could be
 * lost. A plain transliteration would let "Node" and "node" be one device; a hash for all would make ids that nobody
 * can read. Hence the two forms (see the header). 64 bits of the hash are kept: two names by chance never meet, and
 * finding a second name for somebody else's id takes 2^64 tries for each. */
#include "ingest/adapters/foreign_name.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/bytes.h"

enum { HASH_CHARS = 16, SHORT_HASH_CHARS = 8, MARK_CHARS = 3 };

static bool is_lower_alnum(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* [a-z0-9] with single hyphens inside: stands in an id as it is. */
static bool is_plain(const char *text, size_t chars) {
    if (chars == 0 || !is_lower_alnum(text[0]) || !is_lower_alnum(text[chars - 1]))
        return false;
    for (size_t i = 1; i < chars; i++)
        if (!is_lower_alnum(text[i]) && !(text[i] == '-' && text[i - 1] != '-'))
            return false;
    return true;
}

static const struct capture *find(const struct captures *captures, const char *name) {
    for (size_t i = 0; i < captures->count; i++)
        if (strcmp(captures->items[i].name, name) == 0)
            return &captures->items[i];
    return NULL;
}

/* Appends what can be read of the text: lower case, one hyphen for whatever else. */
static size_t add_slug(char *out, size_t at, size_t room, const char *text, size_t chars) {
    for (size_t i = 0; i < chars && at < room; i++) {
        const char c = lower(text[i]);
        if (is_lower_alnum(c))
            out[at++] = c;
        else if (at > 0 && out[at - 1] != '-')
            out[at++] = '-';
    }
    return at;
}

static void hash_of(const struct captures *captures, const struct pattern_template *t, char out[HASH_CHARS + 1]) {
    struct buf all;
    uint8_t hash[SHA256_BYTES];
    buf_init(&all, 64 * 1024);
    for (size_t i = 0; i < t->piece_count; i++) {
        const struct capture *c = t->pieces[i].is_name ? find(captures, t->pieces[i].text) : NULL;
        if (!c)
            continue;
        buf_add(&all, c->text, c->chars);
        buf_add_u8(&all, 0);
    }
    sha256(buf_text(&all), all.count, hash);
    hex_encode(hash, HASH_CHARS / 2, out);
    buf_fini(&all);
}

void foreign_device_id(const struct pattern_template *template, const struct captures *captures,
                       char out[CAP_DEVICE_ID_BYTES + 1]) {
    char hash[HASH_CHARS + 1];
    bool is_exact = true;
    size_t at = 0, whole = 0;
    for (size_t i = 0; i < template->piece_count; i++) {
        const struct template_piece *piece = &template->pieces[i];
        const struct capture *c = piece->is_name ? find(captures, piece->text) : NULL;
        whole += c ? c->chars : strlen(piece->text);
        if (piece->is_name && (!c || !is_plain(c->text, c->chars)))
            is_exact = false;
    }
    is_exact = is_exact && whole <= CAP_DEVICE_ID_BYTES;
    const size_t room = is_exact ? CAP_DEVICE_ID_BYTES : CAP_DEVICE_ID_BYTES - HASH_CHARS - MARK_CHARS;
    for (size_t i = 0; i < template->piece_count; i++) {
        const struct template_piece *piece = &template->pieces[i];
        const struct capture *c = piece->is_name ? find(captures, piece->text) : NULL;
        const char *text = c ? c->text : piece->text;
        const size_t chars = c ? c->chars : strlen(piece->text);
        if (is_exact || !piece->is_name) {
            const size_t fits = chars < room - at ? chars : room - at;
            memcpy(out + at, text, fits);
            at += fits;
        } else {
            at = add_slug(out, at, room, text, chars);
        }
    }
    out[at] = 0;
    if (is_exact)
        return;
    while (at > 0 && out[at - 1] == '-')
        at--;
    hash_of(captures, template, hash);
    snprintf(out + at, CAP_DEVICE_ID_BYTES + 1 - at, "---%s", hash);
}

enum result foreign_device_template(const struct pattern_template *template, struct fault *fault) {
    size_t literal = 0, names = 0;
    bool is_after_name = false;
    for (size_t i = 0; i < template->piece_count; i++) {
        const struct template_piece *piece = &template->pieces[i];
        if (piece->is_name) {
            if (is_after_name)
                return fault_set(fault, RESULT_BAD_INPUT, "two names in a device id need '--' between them");
            is_after_name = true;
            names++;
            continue;
        }
        const bool is_between = is_after_name && i + 1 < template->piece_count;
        literal += strlen(piece->text);
        for (const char *c = piece->text; *c; c++)
            if (!is_lower_alnum(*c) && *c != '-')
                return fault_set(fault, RESULT_BAD_INPUT, "a device id is made of [a-z0-9-], not of '%c'", *c);
        if (strstr(piece->text, "---"))
            return fault_set(fault, RESULT_BAD_INPUT, "'---' in a device id is ours");
        if (is_between && !strstr(piece->text, "--"))
            return fault_set(fault, RESULT_BAD_INPUT, "two names in a device id need '--' between them");
        is_after_name = false;
    }
    if (names == 0 || template->pieces[0].is_name || !is_lower_alnum(template->pieces[0].text[0]) || literal < 2)
        return fault_set(fault, RESULT_BAD_INPUT,
                         "expected a text of at least 2 characters that begins with [a-z0-9], and a {name}");
    if (literal > CAP_DEVICE_ID_BYTES - HASH_CHARS - MARK_CHARS - 4)
        return fault_set(fault, RESULT_TOO_BIG, "the fixed part of a device id has %zu characters, at most %d", literal,
                         CAP_DEVICE_ID_BYTES - HASH_CHARS - MARK_CHARS - 4);
    return RESULT_OK;
}

/* Cuts what is too long and puts the hash of the whole at its end. */
static void shorten(char *out, size_t cap, const char *text, size_t chars, char mark) {
    uint8_t hash[SHA256_BYTES];
    char hex[SHORT_HASH_CHARS + 1];
    sha256(text, chars, hash);
    hex_encode(hash, SHORT_HASH_CHARS / 2, hex);
    snprintf(out + cap - SHORT_HASH_CHARS - 1, SHORT_HASH_CHARS + 2, "%c%s", mark, hex);
}

void foreign_metric(const char *text, size_t chars, char out[CAP_METRIC_BYTES + 1]) {
    size_t at = 0;
    bool is_long = false;
    for (size_t i = 0; i < chars; i++) {
        const char c = lower(text[i]);
        if (at == CAP_METRIC_BYTES) {
            is_long = true;
            break;
        }
        if (is_lower_alnum(c)) {
            if (at == 0 && c <= '9')
                out[at++] = '_';
            out[at++] = c;
        } else if (at > 0 && out[at - 1] != '_') {
            out[at++] = '_';
        }
    }
    while (at > 0 && out[at - 1] == '_')
        at--;
    out[at] = 0;
    if (is_long)
        shorten(out, CAP_METRIC_BYTES, text, chars, '_');
}

static void keep(const char *text, size_t chars, const char *others, char *out, size_t cap) {
    for (size_t i = 0; i < chars && i < cap; i++)
        out[i] = is_lower_alnum(lower(text[i])) || (text[i] && strchr(others, text[i])) ? text[i] : '_';
    out[chars < cap ? chars : cap] = 0;
    if (chars > cap)
        shorten(out, cap, text, chars, '_');
}

void foreign_part(const char *text, size_t chars, char out[CAP_PART_BYTES + 1]) {
    keep(text, chars, "._:-", out, CAP_PART_BYTES);
}

void foreign_code(const char *text, size_t chars, char out[CAP_CODE_BYTES + 1]) {
    keep(text, chars, "._-", out, CAP_CODE_BYTES);
    if (out[0] && !is_lower_alnum(lower(out[0])))
        out[0] = 'x';
}

void foreign_model(const char *text, size_t chars, char out[CAP_MODEL_BYTES + 1]) {
    size_t at = add_slug(out, 0, CAP_MODEL_BYTES, text, chars);
    while (at > 0 && out[at - 1] == '-')
        at--;
    out[at] = 0;
}

void foreign_unit(const char *text, size_t chars, char out[CAP_UNIT_BYTES + 1]) {
    static const struct {
        const char *from, *to;
    } usual[] = {
        {"°C", "Cel"},      {"℃", "Cel"},     {"degC", "Cel"},    {"deg C", "Cel"}, {"Celsius", "Cel"},
        {"celsius", "Cel"}, {"rpm", "1/min"}, {"RPM", "1/min"},   {"%", "/100"},    {"percent", "/100"},
        {"sec", "s"},       {"seconds", "s"}, {"Ω", "Ohm"},       {"ohm", "Ohm"},   {"m³/s", "m3/s"},
        {"m³", "m3"},       {"m/s²", "m/s2"}, {"µg/m³", "ug/m3"}, {"lux", "lx"},    {"kWh", "kWh"},
        {"mbar", "hPa"},
    };
    out[0] = 0;
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        if (strlen(usual[i].from) == chars && memcmp(usual[i].from, text, chars) == 0) {
            snprintf(out, CAP_UNIT_BYTES + 1, "%s", usual[i].to);
            return;
        }
    }
    if (chars > CAP_UNIT_BYTES)
        return;
    for (size_t i = 0; i < chars; i++)
        if (text[i] <= 0x20 || text[i] > 0x7e || text[i] == '"' || text[i] == '\\' || text[i] == '\'')
            return;
    memcpy(out, text, chars);
    out[chars] = 0;
}
