/* From a JSON node to a number or to a word to be compared. Devices write the same switch as true, "ON", "on" or 1;
 * what is meant stands in the mapping, and what does not stand there is no value. */
#include <stdio.h>
#include <string.h>

#include "fieldline/number.h"
#include "ingest/adapters/mapping.h"

static bool word_number(const struct mapping_value *value, const char *text, size_t chars, double *out) {
    for (size_t i = 0; i < value->word_count; i++) {
        if (strlen(value->words[i].text) == chars && memcmp(value->words[i].text, text, chars) == 0) {
            *out = value->words[i].value;
            return true;
        }
    }
    return false;
}

bool mapping_text_number(const struct mapping_value *value, const char *text, size_t chars, double *out) {
    if (word_number(value, text, chars, out))
        return true;
    if (!number_double(text, chars, out))
        return false;
    *out *= value->scale;
    return true;
}

bool mapping_number(const struct mapping_value *value, const struct json *node, double *out) {
    const char *text;
    bool is_true;
    if (json_as_string(node, &text))
        return mapping_text_number(value, text, strlen(text), out);
    if (json_as_bool(node, &is_true)) {
        if (!word_number(value, is_true ? "true" : "false", is_true ? 4 : 5, out))
            *out = is_true;
        return true;
    }
    if (!json_as_number(node, out))
        return false;
    *out *= value->scale;
    return true;
}

bool mapping_word(const struct json *node, char *out, size_t room) {
    const char *text;
    char digits[32];
    double number;
    bool is_true;
    if (json_as_bool(node, &is_true)) {
        text = is_true ? "true" : "false";
    } else if (json_as_number(node, &number)) {
        number_print(number, digits);
        text = digits;
    } else if (!json_as_string(node, &text)) {
        return false;
    }
    return (size_t)snprintf(out, room, "%s", text) < room;
}

bool mapping_fault_is_on(const struct mapping_fault *fault, const char *word) {
    for (size_t i = 0; i < fault->word_count; i++)
        if (strcmp(fault->words[i], word) == 0)
            return true;
    return false;
}
