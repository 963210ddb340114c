/* Configuration values: the types, their bounds, and how they are described to a person.
 *
 * A closed set: six types with one function each to read and one word each to describe. A row whose min and max are
 * both 0 has no bounds. For a string the bounds count bytes. A plug-in type (host:port, lists) was left: such values
 * are strings here and are checked by the part that uses them, which can say more about what is wrong. */
#include "src/config_value.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/number.h"

static const struct {
    const char *what; /* "expected ..." */
} TYPES[] = {
    [CONFIG_STRING] = {"text"},
    [CONFIG_INTEGER] = {"a whole number"},
    [CONFIG_BOOL] = {"yes or no"},
    [CONFIG_DURATION] = {"a duration such as 250ms, 10s, 5m or 1h30m"},
    [CONFIG_SIZE] = {"a size such as 64KiB, 10MiB or plain bytes"},
    [CONFIG_REAL] = {"a number"},
};

static bool has_bounds(const struct config_row *row) {
    return row->min != 0 || row->max != 0;
}

static bool read_bool(const char *text, bool *out) {
    static const struct {
        const char *word;
        bool value;
    } WORDS[] = {{"yes", true}, {"true", true}, {"on", true}, {"no", false}, {"false", false}, {"off", false}};
    for (size_t i = 0; i < sizeof WORDS / sizeof WORDS[0]; i++) {
        if (strcmp(WORDS[i].word, text) == 0) {
            *out = WORDS[i].value;
            return true;
        }
    }
    return false;
}

static bool read_whole(enum config_type type, const char *text, int64_t *out) {
    size_t chars = strlen(text);
    if (type == CONFIG_DURATION) {
        *out = 0;
        return strcmp(text, "0") == 0 || number_duration_ms(text, chars, out);
    }
    return type == CONFIG_SIZE ? number_size_bytes(text, chars, out)
                               : number_i64(text, chars, INT64_MIN, INT64_MAX, out);
}

static void print_bound(enum config_type type, int64_t bound, struct buf *out) {
    static const struct {
        const char *unit;
        int64_t factor;
    } TIMES[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}},
      SIZES[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}};
    const char *unit = "";
    for (size_t i = 0; type == CONFIG_DURATION && i < sizeof TIMES / sizeof TIMES[0] && !*unit && bound != 0; i++) {
        if (bound % TIMES[i].factor == 0) {
            unit = TIMES[i].unit;
            bound /= TIMES[i].factor;
        }
    }
    for (size_t i = 0; type == CONFIG_SIZE && i < sizeof SIZES / sizeof SIZES[0] && !*unit && bound != 0; i++) {
        if (bound % SIZES[i].factor == 0) {
            unit = SIZES[i].unit;
            bound /= SIZES[i].factor;
        }
    }
    buf_printf(out, "%lld%s", (long long)bound, unit);
}

static void print_bounds(const struct config_row *row, struct buf *out) {
    print_bound(row->type, row->min, out);
    buf_str(out, row->max == INT64_MAX ? " or more" : " to ");
    if (row->max != INT64_MAX)
        print_bound(row->type, row->max, out);
    if (row->type == CONFIG_STRING)
        buf_str(out, " bytes");
}

static enum result out_of_bounds(const struct config_row *row, const char *text, struct fault *fault) {
    struct buf bounds;
    buf_init(&bounds, 128);
    print_bounds(row, &bounds);
    enum result result =
        fault_set(fault, RESULT_BAD_INPUT, "'%.60s' is out of bounds, expected %s", text, buf_text(&bounds));
    buf_fini(&bounds);
    return result;
}

static enum result wrong_type(const struct config_row *row, const char *text, struct fault *fault) {
    return fault_set(fault, RESULT_BAD_INPUT, "'%.60s' is wrong, expected %s", text, TYPES[row->type].what);
}

static enum result set_string(const struct config_row *row, const char *text, char **place, struct fault *fault) {
    int64_t count = (int64_t)strlen(text);
    if (has_bounds(row) && (count < row->min || count > row->max))
        return out_of_bounds(row, text, fault);
    free(*place);
    *place = mem_strdup(text);
    return RESULT_OK;
}

static enum result set_real(const struct config_row *row, const char *text, double *place, struct fault *fault) {
    double value;
    if (!number_double(text, strlen(text), &value))
        return wrong_type(row, text, fault);
    if (has_bounds(row) && (value < (double)row->min || value > (double)row->max))
        return out_of_bounds(row, text, fault);
    *place = value;
    return RESULT_OK;
}

enum result config_value_set(const struct config_row *row, const char *text, void *into, struct fault *fault) {
    void *place = (char *)into + row->offset;
    int64_t whole;
    switch (row->type) {
    case CONFIG_STRING: return set_string(row, text, place, fault);
    case CONFIG_REAL: return set_real(row, text, place, fault);
    case CONFIG_BOOL: return read_bool(text, place) ? RESULT_OK : wrong_type(row, text, fault);
    case CONFIG_INTEGER:
    case CONFIG_DURATION:
    case CONFIG_SIZE: break;
    }
    if (!read_whole(row->type, text, &whole))
        return wrong_type(row, text, fault);
    if (has_bounds(row) && (whole < row->min || whole > row->max))
        return out_of_bounds(row, text, fault);
    *(int64_t *)place = whole;
    return RESULT_OK;
}

void config_print_reference(const struct config_schema *schema, struct buf *out) {
    const char *section = "";
    buf_str(out,
            "# A line is a [section], key = value, or a comment (# or ;). After a space, ; begins a comment too.\n");
    for (size_t i = 0; i < schema->row_count; i++) {
        const struct config_row *row = &schema->rows[i];
        if (strcmp(section, row->section) != 0)
            buf_printf(out, "\n[%s]\n", row->section);
        section = row->section;
        if (row->help)
            buf_printf(out, "# %s\n", row->help);
        buf_printf(out, "# %s", TYPES[row->type].what);
        if (has_bounds(row)) {
            buf_str(out, ", ");
            print_bounds(row, out);
        }
        buf_str(out, row->is_required && !row->initial ? "; required\n" : "\n");
        buf_printf(out, "#%s = %s\n", row->key, row->initial ? row->initial : "");
    }
}
