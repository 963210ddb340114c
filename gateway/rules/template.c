/* A text cut into segments when the pack loads; rendering is one pass that appends. This is the small part of Go's
 * template language that alert annotations use: a value, and one function applied to it. The formats are Prometheus'
 * own, digit for digit, so that a test file written for promtool expects the same texts. */
#include "rules/template.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SEGMENTS_MAX = 64, FORMAT_BYTES = 16 };

enum segment_kind { SEGMENT_TEXT, SEGMENT_DEVICE, SEGMENT_PART, SEGMENT_VALUE };
typedef void print_fn(double value, const char *format, char *out, size_t room);

struct segment {
    enum segment_kind kind;
    size_t at, count; /* of SEGMENT_TEXT, in the source */
    print_fn *print;  /* of SEGMENT_VALUE */
    char format[FORMAT_BYTES];
};
struct template {
    char *source;
    size_t count;
    struct segment segments[];
};

/* ---- formats ---- */

/* As Go prints a float64 with %v: shortest digits, an exponent below 1e-4 and from 1e21 on. */
static void print_plain(double value, const char *format, char *out, size_t room) {
    (void)format;
    int digits = 1;
    for (; digits < 17; digits++) {
        char text[40];
        double back;
        snprintf(text, sizeof text, "%.*e", digits - 1, value);
        if (sscanf(text, "%lf", &back) == 1 && back == value)
            break;
    }
    double size = fabs(value);
    if (size != 0 && (size < 1e-4 || size >= 1e21)) {
        snprintf(out, room, "%.*e", digits - 1, value);
        return;
    }
    int whole = size >= 1 ? (int)floor(log10(size)) + 1 : size == 0 ? 1 : (int)floor(log10(size)) + 1;
    int decimals = digits - whole;
    snprintf(out, room, "%.*f", decimals > 0 ? decimals : 0, value);
}
static void print_format(double value, const char *format, char *out, size_t room) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(out, room, format, value); /* checked by format_read: one %, flags, width, precision, one of e f g */
#pragma GCC diagnostic pop
}
static void print_humanize(double value, const char *format, char *out, size_t room) {
    static const char *const large[] = {"", "k", "M", "G", "T", "P", "E", "Z", "Y"};
    static const char *const small[] = {"", "m", "u", "n", "p", "f", "a", "z", "y"};
    (void)format;
    size_t i = 0;
    bool is_large = value == 0 || fabs(value) >= 1;
    if (is_large)
        for (; fabs(value) >= 1000 && i < 8; i++)
            value /= 1000;
    else
        for (; fabs(value) < 1 && i < 8; i++)
            value *= 1000;
    snprintf(out, room, "%.4g%s", value, is_large ? large[i] : small[i]);
}
static void print_humanize1024(double value, const char *format, char *out, size_t room) {
    static const char *const prefix[] = {"", "ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"};
    (void)format;
    size_t i = 0;
    if (fabs(value) > 1)
        for (; fabs(value) >= 1024 && i < 8; i++)
            value /= 1024;
    snprintf(out, room, "%.4g%s", value, prefix[i]);
}
static void print_percentage(double value, const char *format, char *out, size_t room) {
    (void)format;
    snprintf(out, room, "%.4g%%", value * 100);
}
static void print_duration(double value, const char *format, char *out, size_t room) {
    double size = fabs(value);
    if (value == 0 || size >= 1e15) {
        snprintf(out, room, "%.4gs", value);
        return;
    }
    if (size < 1) {
        char number[40];
        print_humanize(value, format, number, sizeof number);
        snprintf(out, room, "%ss", number);
        return;
    }
    const char *sign = value < 0 ? "-" : "";
    long long s = (long long)size, days = s / 86400, hours = s / 3600 % 24, minutes = s / 60 % 60, seconds = s % 60;
    if (days)
        snprintf(out, room, "%s%lldd %lldh %lldm %llds", sign, days, hours, minutes, seconds);
    else if (hours)
        snprintf(out, room, "%s%lldh %lldm %llds", sign, hours, minutes, seconds);
    else if (minutes)
        snprintf(out, room, "%s%lldm %llds", sign, minutes, seconds);
    else
        snprintf(out, room, "%s%.4gs", sign, size);
}

static const struct {
    const char *name;
    print_fn *print;
} functions[] = {{"humanize", print_humanize},
                 {"humanize1024", print_humanize1024},
                 {"humanizePercentage", print_percentage},
                 {"humanizeDuration", print_duration}};

/* ---- compiling ---- */

struct reader {
    const char *source;
    size_t at;
    struct fault *fault;
};

static void skip_blanks(struct reader *r) {
    while (r->source[r->at] == ' ' || r->source[r->at] == '\t' || r->source[r->at] == '\n')
        r->at++;
}
static bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
           c == '$';
}
static size_t word_bytes(const struct reader *r) {
    size_t n = 0;
    while (is_word_byte(r->source[r->at + n]))
        n++;
    return n;
}
static bool accept_word(struct reader *r, const char *word) {
    skip_blanks(r);
    size_t n = word_bytes(r);
    if (n != strlen(word) || memcmp(r->source + r->at, word, n) != 0)
        return false;
    r->at += n;
    return true;
}
static bool accept_sign(struct reader *r, const char *sign) {
    skip_blanks(r);
    size_t n = strlen(sign);
    if (strncmp(r->source + r->at, sign, n) != 0)
        return false;
    r->at += n;
    return true;
}

/* "%.1f" in quotes: a format that printf may be given. */
static bool read_format(struct reader *r, struct segment *s) {
    skip_blanks(r);
    const char *text = r->source + r->at;
    size_t n = 0, end;
    if (text[n++] != '"' || text[n++] != '%')
        goto refuse;
    while (text[n] && strchr("+- 0#", text[n]))
        n++;
    for (int digits = 0; text[n] >= '0' && text[n] <= '9' && digits < 2; digits++)
        n++;
    if (text[n] == '.')
        for (int digits = -1; digits < 0 || (text[n] >= '0' && text[n] <= '9' && digits < 2); digits++)
            n++;
    if (!text[n] || !strchr("efg", text[n]))
        goto refuse;
    end = ++n;
    if (strncmp(text + n, "%%", 2) == 0)
        end = n += 2;
    if (text[n] != '"' || end - 1 >= FORMAT_BYTES)
        goto refuse;
    memcpy(s->format, text + 1, end - 1);
    s->format[end - 1] = '\0';
    s->print = print_format;
    r->at += n + 1;
    return true;
refuse:
    (void)fault_set(r->fault, RESULT_BAD_INPUT,
                    "expected a format such as \"%%.1f\" (flags, width, precision, e f or g)");
    return false;
}

static bool read_function(struct reader *r, struct segment *s) {
    if (accept_word(r, "printf"))
        return read_format(r, s);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (accept_word(r, functions[i].name)) {
            s->print = functions[i].print;
            return true;
        }
    skip_blanks(r);
    (void)fault_set(r->fault, RESULT_BAD_INPUT,
                    "'%.*s' is no template function, expected printf, humanize, humanize1024, humanizePercentage or "
                    "humanizeDuration",
                    (int)word_bytes(r), r->source + r->at);
    return false;
}

/* What stands between {{ and }}. */
static bool read_action(struct reader *r, struct segment *s) {
    if (accept_word(r, "$labels.device")) {
        s->kind = SEGMENT_DEVICE;
    } else if (accept_word(r, "$labels.part")) {
        s->kind = SEGMENT_PART;
    } else if (accept_word(r, "$value")) {
        s->kind = SEGMENT_VALUE;
        s->print = print_plain;
        if (accept_sign(r, "|") && !read_function(r, s))
            return false;
    } else {
        skip_blanks(r);
        if (r->source[r->at] == '$') {
            (void)fault_set(r->fault, RESULT_BAD_INPUT,
                            "'%.*s' is not there, expected $value, $labels.device or $labels.part", (int)word_bytes(r),
                            r->source + r->at);
            return false;
        }
        s->kind = SEGMENT_VALUE;
        if (!read_function(r, s))
            return false;
        if (!accept_word(r, "$value")) {
            (void)fault_set(r->fault, RESULT_BAD_INPUT, "expected $value here");
            return false;
        }
    }
    if (accept_sign(r, "}}"))
        return true;
    (void)fault_set(r->fault, RESULT_BAD_INPUT, "expected '}}' here");
    return false;
}

struct template *template_compile(const char *text, size_t *at, struct fault *fault) {
    struct segment segments[SEGMENTS_MAX] = {0};
    size_t count = 0;
    struct reader r = {.source = text, .fault = fault};
    if (strlen(text) > TEMPLATE_BYTES_MAX) {
        *at = 0;
        (void)fault_set(fault, RESULT_TOO_BIG, "the text has more than %d bytes", TEMPLATE_BYTES_MAX);
        return NULL;
    }
    while (text[r.at]) {
        const char *open = strstr(text + r.at, "{{");
        size_t plain = open ? (size_t)(open - text) - r.at : strlen(text + r.at);
        if (count + 2 > SEGMENTS_MAX) {
            *at = r.at;
            (void)fault_set(fault, RESULT_TOO_BIG, "the text has more than %d templates", SEGMENTS_MAX / 2);
            return NULL;
        }
        if (plain > 0) {
            segments[count] = (struct segment){.kind = SEGMENT_TEXT, .at = r.at, .count = plain};
            count++;
        }
        r.at += plain;
        if (!open)
            break;
        r.at += 2;
        if (!read_action(&r, &segments[count])) {
            *at = r.at;
            return NULL;
        }
        count++;
    }
    struct template *t = mem_alloc(sizeof *t + count * sizeof *segments);
    t->source = mem_strdup(text);
    t->count = count;
    memcpy(t->segments, segments, count * sizeof *segments);
    return t;
}

void template_free(struct template *t) {
    if (!t)
        return;
    free(t->source);
    free(t);
}

size_t template_render(const struct template *t, const struct template_values *values, char *out, size_t room) {
    size_t used = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct segment *s = &t->segments[i];
        char number[400]; /* 1e308 with all its digits */
        const char *text = number;
        size_t count;
        switch (s->kind) {
        case SEGMENT_TEXT: text = t->source + s->at; break;
        case SEGMENT_DEVICE: text = values->device; break;
        case SEGMENT_PART: text = values->part; break;
        case SEGMENT_VALUE: s->print(values->value, s->format, number, sizeof number); break;
        }
        count = s->kind == SEGMENT_TEXT ? s->count : strlen(text);
        if (count > room - 1 - used) {
            memcpy(out + used, text, room - 1 - used);
            used = utf8_cut(out, room - 1);
            break;
        }
        memcpy(out + used, text, count);
        used += count;
    }
    out[used] = '\0';
    return used;
}
