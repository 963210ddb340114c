/* Reading the two texts of an input series. Both are small languages of their own, known from promtool; what promtool
 * would accept and a device cannot have (other labels than part and device) is refused with a reason. */
#include "rules/test_series.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/number.h"
#include "rules/token.h"

static enum result refuse(size_t *at, size_t where, struct fault *fault, const char *text) {
    *at = where;
    return fault_set(fault, RESULT_BAD_INPUT, "%s", text);
}

static bool copy_token(char *out, size_t room, const char *text, size_t count) {
    if (count >= room)
        return false;
    memcpy(out, text, count);
    out[count] = '\0';
    return true;
}

/* name="value" */
static enum result read_label(const char *text, struct token *t, struct test_series *out, size_t *at,
                              struct fault *fault) {
    bool is_part = token_is(text, t, "part"), is_device = token_is(text, t, "device");
    if (!is_part && !is_device)
        return refuse(at, t->at, fault, "expected the label part or device: a device's series differ in nothing else");
    *t = token_next(text, t->at + t->count);
    if (!token_is(text, t, "="))
        return refuse(at, t->at, fault, "expected '=' after the label");
    *t = token_next(text, t->at + t->count);
    if (t->kind != TOKEN_STRING)
        return refuse(at, t->at, fault, "expected a text in quotes");
    char *to = is_part ? out->part : out->device;
    if (!copy_token(to, is_part ? sizeof out->part : sizeof out->device, text + t->at + 1, t->count - 2))
        return refuse(at, t->at, fault, "the label's value is too long");
    *t = token_next(text, t->at + t->count);
    return RESULT_OK;
}

enum result test_series_parse_name(const char *text, struct test_series *out, size_t *at, struct fault *fault) {
    struct token t = token_next(text, 0);
    if (t.kind != TOKEN_NAME || !copy_token(out->metric, sizeof out->metric, text + t.at, t.count))
        return refuse(at, t.at, fault, "expected a metric such as air_temperature or disk_used_ratio{part=\"root\"}");
    t = token_next(text, t.at + t.count);
    if (token_is(text, &t, "{")) {
        t = token_next(text, t.at + t.count);
        while (!token_is(text, &t, "}")) {
            enum result result = read_label(text, &t, out, at, fault);
            if (result != RESULT_OK)
                return result;
            if (!token_is(text, &t, ","))
                break;
            t = token_next(text, t.at + t.count);
        }
        if (!token_is(text, &t, "}"))
            return refuse(at, t.at, fault, "expected '}' or ','");
        t = token_next(text, t.at + t.count);
    }
    return t.kind == TOKEN_END ? RESULT_OK : refuse(at, t.at, fault, "expected the end of the series");
}

static bool add(struct test_series *out, double value) {
    if (out->count == TEST_SAMPLES_MAX)
        return false;
    if (out->count == out->room) {
        out->room = out->room ? out->room * 2 : 64;
        out->values = mem_realloc(out->values, out->room * sizeof *out->values);
    }
    out->values[out->count++] = value;
    return true;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* A number at *at, with a sign; moves behind it. Inf and NaN are no measurements: nothing arrives then. */
static bool read_number(const char **at, double *out) {
    const char *start = *at;
    bool is_negative = *start == '-';
    if (*start == '-' || *start == '+')
        start++;
    if (strncmp(start, "Inf", 3) == 0 || strncmp(start, "NaN", 3) == 0) {
        *at = start + 3;
        *out = NAN;
        return true;
    }
    const char *end = start;
    while (is_digit(*end) || *end == '.')
        end++;
    if ((*end == 'e' || *end == 'E') && (is_digit(end[1]) || ((end[1] == '-' || end[1] == '+') && is_digit(end[2]))))
        for (end += 2; is_digit(*end);)
            end++;
    if (!number_double(start, (size_t)(end - start), out))
        return false;
    if (is_negative)
        *out = -*out;
    *at = end;
    return true;
}

static bool read_times(const char **at, int64_t *out) {
    size_t digits = strspn(*at, "0123456789");
    if (!number_i64(*at, digits, 0, TEST_SAMPLES_MAX, out))
        return false;
    *at += digits;
    return true;
}

/* One word: _  _x5  stale  7  7x5  1+2x3  1-2x3 */
static bool read_word(const char **at, struct test_series *out) {
    double value = NAN, step = 0;
    int64_t times = 0;
    if (strncmp(*at, "stale", 5) == 0) {
        *at += 5;
        return add(out, NAN);
    }
    if (**at == '_') {
        ++*at;
        if (**at != 'x')
            return add(out, NAN);
        ++*at;
        if (!read_times(at, &times))
            return false;
        for (int64_t i = 0; i < times; i++)
            if (!add(out, NAN))
                return false;
        return true;
    }
    if (!read_number(at, &value))
        return false;
    if ((**at == '+' || **at == '-') && (!read_number(at, &step) || **at != 'x'))
        return false;
    if (**at == 'x') {
        ++*at;
        if (!read_times(at, &times))
            return false;
    }
    for (int64_t i = 0; i <= times; i++)
        if (!add(out, value + step * (double)i))
            return false;
    return true;
}

enum result test_series_parse_values(const char *text, struct test_series *out, size_t *at, struct fault *fault) {
    const char *next = text;
    for (;;) {
        while (*next == ' ' || *next == '\n' || *next == '\t')
            next++;
        if (*next == '\0')
            return RESULT_OK;
        const char *word = next;
        if (!read_word(&next, out) || (*next && !strchr(" \n\t", *next)))
            return refuse(at, (size_t)(word - text), fault,
                          "expected numbers, runs such as 1+2x10 or 5x10, _ (no sample) or stale, 500000 at most");
    }
}

void test_series_fini(struct test_series *series) {
    free(series->values);
    *series = (struct test_series){0};
}
