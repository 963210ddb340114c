/* Which characters each name of the wire may have.
 *
 * One table of 256 rows with a bit for each place a character may stand in; a name is right when every character has
 * the bit. Regular expressions were left: metric names are checked for every sample. */
#include "src/names.h"

#include <stdint.h>

#include "fieldline/caps.h"

enum { METRIC = 1, METRIC_FIRST = 2, PART = 4, CODE = 8, CODE_FIRST = 16, MODEL = 32, MODEL_FIRST = 64, UNIT = 128 };

#define LOWER (METRIC | METRIC_FIRST | PART | CODE | CODE_FIRST | MODEL | MODEL_FIRST | UNIT)
#define UPPER (PART | CODE | CODE_FIRST | UNIT)
#define DIGIT (METRIC | PART | CODE | CODE_FIRST | MODEL | MODEL_FIRST | UNIT)

static const uint8_t PLACES[256] = {
    ['a' ... 'z'] = LOWER,
    ['A' ... 'Z'] = UPPER,
    ['0' ... '9'] = DIGIT,
    ['_'] = METRIC | METRIC_FIRST | PART | CODE | UNIT,
    ['-'] = PART | CODE | MODEL | UNIT,
    ['.'] = PART | CODE | UNIT,
    [':'] = PART | UNIT,
    ['!'] = UNIT,
    ['#' ... ','] = UNIT,
    ['/'] = UNIT,
    [';' ... '@'] = UNIT,
    ['['] = UNIT,
    [']' ... '^'] = UNIT,
    ['`'] = UNIT,
    ['{' ... '~'] = UNIT,
};

static inline bool all_have(const char *text, size_t chars, uint8_t place) {
    uint8_t common = place;
    for (size_t i = 0; i < chars; i++)
        common &= PLACES[(uint8_t)text[i]];
    return common != 0;
}

static inline bool is_name(const char *text, size_t chars, size_t cap, uint8_t first, uint8_t rest) {
    return chars > 0 && chars <= cap && (PLACES[(uint8_t)text[0]] & first) && all_have(text, chars, rest);
}

bool name_is_metric(const char *text, size_t chars) {
    return is_name(text, chars, CAP_METRIC_BYTES, METRIC_FIRST, METRIC);
}

bool name_is_part(const char *text, size_t chars) {
    return is_name(text, chars, CAP_PART_BYTES, PART, PART);
}

bool name_is_unit(const char *text, size_t chars) {
    return chars <= CAP_UNIT_BYTES && all_have(text, chars, UNIT);
}

bool name_is_code(const char *text, size_t chars) {
    return is_name(text, chars, CAP_CODE_BYTES, CODE_FIRST, CODE);
}

bool name_is_model(const char *text, size_t chars) {
    return is_name(text, chars, CAP_MODEL_BYTES, MODEL_FIRST, MODEL);
}

bool name_is_label(const char *text, size_t chars) {
    for (size_t i = 0; i < chars; i++) {
        if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    }
    return true;
}
