/* JSON as a tree, for the control plane: commands, replies, events, the API's bodies.
 *
 * cJSON builds the tree and is included nowhere else. It is lenient in ways that a border must not be (raw control
 * characters, "01", text cut at \u0000, the last of doubled keys wins or the first, depending on who asks), so the text
 * goes through the strict pull parser first and cJSON only sees what is valid. A tree of our own was left: this one is
 * tried and its speed does not matter here. Numbers are doubles: integers are exact up to 2^53 and refused beyond. */
#include "fieldline/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/caps.h"
#include "fieldline/json_pull.h"
#include "fieldline/log.h"
#include "fieldline/number.h"

#define INTEGER_MAX (1LL << 53)

static inline const cJSON *tree(const struct json *node) {
    return (const cJSON *)node;
}

static inline const struct json *from_tree(const cJSON *node) {
    return (const struct json *)node;
}

/* cJSON keeps C strings: a text with U+0000 inside would be cut silently. A lone surrogate is no text at all. */
static bool string_is_sound(const struct json_pull *p) {
    if (!p->escaped)
        return true;
    size_t count;
    char *plain = mem_alloc(p->text_count);
    bool is_sound = json_pull_unescape(p, plain, p->text_count, &count) && !memchr(plain, 0, count);
    free(plain);
    return is_sound;
}

static enum result text_check(const char *text, size_t count, struct fault *fault) {
    if (!utf8_valid(text, count))
        return fault_set(fault, RESULT_BAD_INPUT, "not valid UTF-8");
    struct json_pull p;
    json_pull_init(&p, text, count);
    for (;;) {
        double number;
        switch (json_pull_next(&p)) {
        case JSON_END: return RESULT_OK;
        case JSON_ERROR:
            return fault_set(fault, RESULT_BAD_INPUT, "not JSON: %s (at byte %zu)", p.error,
                             (size_t)(p.at - p.start) + 1);
        case JSON_KEY:
        case JSON_STRING:
            if (!string_is_sound(&p))
                return fault_set(fault, RESULT_BAD_INPUT,
                                 "a string holds U+0000 or half a surrogate pair (at byte %zu)",
                                 (size_t)(p.at - p.start));
            break;
        case JSON_NUMBER:
            if (!number_double(p.text, p.text_count, &number))
                return fault_set(fault, RESULT_BAD_INPUT, "the number %.*s is out of range",
                                 (int)(p.text_count < 40 ? p.text_count : 40), p.text);
            break;
        default: break;
        }
    }
}

static int key_compare(const void *a, const void *b) {
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted rather than compared each with each: a hostile object of 10,000 members must not cost 10^8 steps. */
static const char *doubled_key_here(const cJSON *object) {
    size_t count = 0, at = 0;
    for (const cJSON *member = object->child; member; member = member->next)
        count++;
    if (count < 2)
        return NULL;
    const char *doubled = NULL;
    char **keys = mem_alloc(count * sizeof *keys);
    for (const cJSON *member = object->child; member; member = member->next)
        keys[at++] = member->string;
    qsort(keys, count, sizeof *keys, key_compare);
    for (size_t i = 1; i < count && !doubled; i++) {
        if (strcmp(keys[i - 1], keys[i]) == 0)
            doubled = keys[i];
    }
    free(keys);
    return doubled;
}

/* Recursion is bounded by CAP_JSON_DEPTH, which the pull parser has checked. */
static const char *doubled_key(const cJSON *node) {
    const char *doubled = cJSON_IsObject(node) ? doubled_key_here(node) : NULL;
    for (const cJSON *child = node->child; child && !doubled; child = child->next)
        doubled = doubled_key(child);
    return doubled;
}

enum result json_parse(const char *text, size_t count, struct json **out, struct fault *fault) {
    enum result result = text_check(text, count, fault);
    if (result)
        return result;
    const char *end = NULL;
    cJSON *root = cJSON_ParseWithLengthOpts(text, count, &end, 0);
    if (!root)
        return fault_set(fault, RESULT_BAD_INPUT, "not JSON: the tree cannot be built");
    const char *key = doubled_key(root);
    if (key) {
        result = fault_set(fault, RESULT_BAD_INPUT, "'%.80s' stands twice in one object", key);
        cJSON_Delete(root);
        return result;
    }
    *out = (struct json *)root;
    return RESULT_OK;
}

void json_free(struct json *root) {
    cJSON_Delete((cJSON *)root);
}

bool json_is_object(const struct json *node) {
    return cJSON_IsObject(tree(node));
}

bool json_is_array(const struct json *node) {
    return cJSON_IsArray(tree(node));
}

size_t json_count(const struct json *array) {
    return array ? (size_t)cJSON_GetArraySize(tree(array)) : 0;
}

const struct json *json_at(const struct json *array, size_t index) {
    const cJSON *child = array ? tree(array)->child : NULL;
    while (child && index-- > 0)
        child = child->next;
    return from_tree(child);
}

const struct json *json_get(const struct json *object, const char *key) {
    if (!json_is_object(object))
        return NULL;
    return from_tree(cJSON_GetObjectItemCaseSensitive(tree(object), key));
}

const struct json *json_first(const struct json *parent) {
    return parent ? from_tree(tree(parent)->child) : NULL;
}

const struct json *json_next(const struct json *node) {
    return node ? from_tree(tree(node)->next) : NULL;
}

const char *json_key(const struct json *node) {
    return node ? tree(node)->string : NULL;
}

static const char *type_name(const struct json *node) {
    const cJSON *n = tree(node);
    return cJSON_IsString(n)   ? "a string"
           : cJSON_IsNumber(n) ? "a number"
           : cJSON_IsBool(n)   ? "a boolean"
           : cJSON_IsNull(n)   ? "null"
           : cJSON_IsArray(n)  ? "an array"
                               : "an object";
}

/* The member, or a fault that it is missing. */
static enum result member(const struct json *object, const char *key, const struct json **out, struct fault *fault) {
    if (!json_is_object(object))
        return fault_set(fault, RESULT_BAD_INPUT, "expected an object with '%s'", key);
    *out = json_get(object, key);
    return *out ? RESULT_OK : fault_set(fault, RESULT_BAD_INPUT, "'%s' is missing", key);
}

static enum result wrong_type(const char *key, const struct json *node, const char *expected, struct fault *fault) {
    return fault_set(fault, RESULT_BAD_INPUT, "'%s' is %s, expected %s", key, type_name(node), expected);
}

enum result json_string(const struct json *object, const char *key, size_t max_bytes, const char **out,
                        struct fault *fault) {
    const struct json *node;
    enum result result = member(object, key, &node, fault);
    if (result)
        return result;
    const char *text = cJSON_GetStringValue(tree(node));
    if (!text)
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is %s, expected a string of at most %zu bytes", key,
                         type_name(node), max_bytes);
    size_t count = strlen(text);
    if (count > max_bytes)
        return fault_set(fault, RESULT_TOO_BIG, "'%s' has %zu bytes, at most %zu are allowed", key, count, max_bytes);
    *out = text;
    return RESULT_OK;
}

enum result json_copy(const struct json *object, const char *key, char *out, size_t room, struct fault *fault) {
    const char *text;
    enum result result = json_string(object, key, room - 1, &text, fault);
    if (result == RESULT_OK)
        memcpy(out, text, strlen(text) + 1);
    return result;
}

enum result json_optional_string(const struct json *object, const char *key, size_t max_bytes, const char **out,
                                 struct fault *fault) {
    if (json_is_object(object) && !json_get(object, key)) {
        *out = NULL;
        return RESULT_OK;
    }
    return json_string(object, key, max_bytes, out, fault);
}

enum result json_number(const struct json *object, const char *key, double *out, struct fault *fault) {
    const struct json *node;
    enum result result = member(object, key, &node, fault);
    if (result)
        return result;
    if (!json_as_number(node, out))
        return wrong_type(key, node, "a number", fault);
    return RESULT_OK;
}

enum result json_integer(const struct json *object, const char *key, int64_t min, int64_t max, int64_t *out,
                         struct fault *fault) {
    double value;
    enum result result = json_number(object, key, &value, fault);
    if (result)
        return result;
    if (fabs(value) > (double)INTEGER_MAX || value != floor(value))
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is not a whole number", key);
    if ((int64_t)value < min || (int64_t)value > max)
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is %lld, expected %lld to %lld", key, (long long)value,
                         (long long)min, (long long)max);
    *out = (int64_t)value;
    return RESULT_OK;
}

enum result json_bool(const struct json *object, const char *key, bool *out, struct fault *fault) {
    const struct json *node;
    enum result result = member(object, key, &node, fault);
    if (result)
        return result;
    if (!json_as_bool(node, out))
        return wrong_type(key, node, "true or false", fault);
    return RESULT_OK;
}

enum result json_array(const struct json *object, const char *key, size_t max_count, const struct json **out,
                       struct fault *fault) {
    const struct json *node;
    enum result result = member(object, key, &node, fault);
    if (result)
        return result;
    if (!json_is_array(node))
        return wrong_type(key, node, "an array", fault);
    if (json_count(node) > max_count)
        return fault_set(fault, RESULT_TOO_BIG, "'%s' has %zu items, at most %zu are allowed", key, json_count(node),
                         max_count);
    *out = node;
    return RESULT_OK;
}

bool json_as_string(const struct json *node, const char **out) {
    const char *text = cJSON_GetStringValue(tree(node));
    if (text)
        *out = text;
    return text != NULL;
}

bool json_as_number(const struct json *node, double *out) {
    if (!cJSON_IsNumber(tree(node)))
        return false;
    *out = tree(node)->valuedouble;
    return true;
}

bool json_as_bool(const struct json *node, bool *out) {
    if (!cJSON_IsBool(tree(node)))
        return false;
    *out = cJSON_IsTrue(tree(node)) != 0;
    return true;
}

/* Not cJSON_Print: that one knows neither our escapes nor our numbers. */
static void print_node(const cJSON *node, const char *key, struct json_out *j) {
    if (cJSON_IsString(node)) {
        jo_str(j, key, node->valuestring);
    } else if (cJSON_IsNumber(node)) {
        jo_num(j, key, node->valuedouble);
    } else if (cJSON_IsBool(node)) {
        jo_bool(j, key, cJSON_IsTrue(node));
    } else if (cJSON_IsObject(node) || cJSON_IsArray(node)) {
        bool is_object = cJSON_IsObject(node);
        if (is_object)
            jo_object(j, key);
        else
            jo_array(j, key);
        for (const cJSON *child = node->child; child; child = child->next)
            print_node(child, is_object ? child->string : NULL, j);
        jo_end(j);
    } else {
        jo_null(j, key);
    }
}

void json_print(const struct json *node, struct buf *out) {
    struct json_out j = json_out(out);
    print_node(tree(node), NULL, &j);
}
