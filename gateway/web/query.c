/* Query arguments: a short list, read strictly. An argument that a route does not know is an error with its name, not
 * silence: a misspelt filter that is ignored shows a person the wrong data. Owned by the request; no thread of its own.
 */
#include "web/query.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"
#include "fieldline/number.h"

void query_fini(struct query *query) {
    for (size_t i = 0; i < query->count; i++) {
        free(query->items[i].value);
    }
    query->count = 0;
}

static bool is_name(const char *text, size_t chars) {
    if (chars == 0 || chars > QUERY_NAME_BYTES) {
        return false;
    }
    for (size_t i = 0; i < chars; i++) {
        if (!((text[i] >= 'a' && text[i] <= 'z') || text[i] == '_')) {
            return false;
        }
    }
    return true;
}

static bool has_control(const char *text, size_t chars) {
    for (size_t i = 0; i < chars; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return true;
        }
    }
    return false;
}

enum result query_add(struct query *query, const char *text, size_t chars, struct fault *fault) {
    const char *equals = memchr(text, '=', chars);
    size_t name_chars = equals == NULL ? chars : (size_t)(equals - text);
    if (!is_name(text, name_chars)) {
        return fault_set(fault, RESULT_BAD_INPUT, "an argument's name must be of a to z and _, at most %d characters",
                         QUERY_NAME_BYTES);
    }
    char name[QUERY_NAME_BYTES + 1] = {0};
    memcpy(name, text, name_chars);
    if (query_text(query, name) != NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "argument '%s' is given twice", name);
    }
    if (query->count == QUERY_ITEMS) {
        return fault_set(fault, RESULT_TOO_BIG, "more than %d arguments", QUERY_ITEMS);
    }
    const char *value = equals == NULL ? "" : equals + 1;
    size_t value_chars = equals == NULL ? 0 : chars - name_chars - 1;
    if (value_chars > QUERY_VALUE_BYTES) {
        return fault_set(fault, RESULT_TOO_BIG, "argument '%s' has more than %d bytes", name, QUERY_VALUE_BYTES);
    }
    if (has_control(value, value_chars) || !utf8_valid(value, value_chars)) {
        return fault_set(fault, RESULT_BAD_INPUT, "argument '%s' is not plain UTF-8 text", name);
    }
    memcpy(query->items[query->count].name, name, sizeof name);
    query->items[query->count].value = mem_strndup(value, value_chars);
    query->count++;
    return RESULT_OK;
}

static bool is_listed(const char *name, const char *list) {
    size_t chars = strlen(name);
    for (const char *at = list; at != NULL && *at != '\0';) {
        size_t word = strcspn(at, " ");
        if (word == chars && memcmp(at, name, chars) == 0) {
            return true;
        }
        at += word + strspn(at + word, " ");
    }
    return false;
}

enum result query_only(const struct query *query, const char *allowed, struct fault *fault) {
    for (size_t i = 0; i < query->count; i++) {
        if (!is_listed(query->items[i].name, allowed)) {
            return fault_set(fault, RESULT_BAD_INPUT, "unknown argument '%s'%s%s", query->items[i].name,
                             allowed == NULL ? "" : ", expected one of: ", allowed == NULL ? "" : allowed);
        }
    }
    return RESULT_OK;
}

const char *query_text(const struct query *query, const char *name) {
    for (size_t i = 0; i < query->count; i++) {
        if (strcmp(query->items[i].name, name) == 0) {
            return query->items[i].value;
        }
    }
    return NULL;
}

enum result query_integer(const struct query *query, const char *name, int64_t min, int64_t max, int64_t initial,
                          int64_t *out, struct fault *fault) {
    if (query_text(query, name) == NULL) {
        *out = initial;
        return RESULT_OK;
    }
    return query_required_integer(query, name, min, max, out, fault);
}

enum result query_required_integer(const struct query *query, const char *name, int64_t min, int64_t max, int64_t *out,
                                   struct fault *fault) {
    const char *text = query_text(query, name);
    if (text == NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "argument '%s' is missing", name);
    }
    if (!number_i64(text, strlen(text), min, max, out)) {
        return fault_set(fault, RESULT_BAD_INPUT, "argument '%s' is not an integer from %lld to %lld", name,
                         (long long)min, (long long)max);
    }
    return RESULT_OK;
}

enum result query_bool(const struct query *query, const char *name, bool initial, bool *out, struct fault *fault) {
    const char *text = query_text(query, name);
    if (text == NULL) {
        *out = initial;
        return RESULT_OK;
    }
    bool is_true = strcmp(text, "true") == 0;
    if (!is_true && strcmp(text, "false") != 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "argument '%s' must be true or false", name);
    }
    *out = is_true;
    return RESULT_OK;
}
