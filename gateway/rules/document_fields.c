/* The schema's questions (see document.h): which keys a map has and what is behind them. Everything is said in the
 * words of the file's author: the key, what was found, what was expected. Knows nothing of libyaml and nothing of
 * packs. */
#include "rules/document.h"

#include <string.h>

#include "fieldline/number.h"
#include "rules/nearest.h"

static const char *found(const struct document *doc, yaml_at at) {
    switch (document_kind(doc, at)) {
    case YAML_IS_LIST: return "a list";
    case YAML_IS_MAP: return "a map";
    case YAML_IS_TEXT: break;
    }
    return "a text";
}

/* "a, b, c" for the problem about an unknown key. */
static void list_keys(const struct yaml_field *fields, size_t count, char *out, size_t room) {
    struct buf text;
    buf_init(&text, room - 1);
    for (size_t i = 0; i < count && !text.overflow; i++)
        buf_printf(&text, "%s%s", i ? ", " : "", fields[i].key);
    memcpy(out, buf_text(&text), text.count + 1);
    buf_fini(&text);
}

static struct yaml_field *field_find(struct yaml_field *fields, size_t count, const char *key) {
    for (size_t i = 0; i < count; i++)
        if (strcmp(fields[i].key, key) == 0)
            return &fields[i];
    return NULL;
}

bool document_fields(const struct document *doc, yaml_at map, const char *what, struct yaml_field *fields, size_t count,
                     struct problems *problems) {
    size_t pairs;
    if (!document_map(doc, map, what, 100, &pairs, problems))
        return false;
    for (size_t i = 0; i < count; i++)
        fields[i].at = 0;
    for (size_t i = 0; i < pairs; i++) {
        const char *key;
        yaml_at key_at, value;
        if (!document_pair(doc, map, i, &key, &key_at, &value, problems))
            continue;
        struct yaml_field *field = field_find(fields, count, key);
        if (!field) {
            char known[300];
            list_keys(fields, count, known, sizeof known);
            struct nearest near = nearest_to(key, strlen(key));
            char hint[100];
            for (size_t k = 0; k < count; k++)
                nearest_offer(&near, fields[k].key);
            document_problem(doc, key_at, problems, "unknown key '%s' in %s%s, expected one of: %s", key, what,
                             nearest_hint(&near, hint, sizeof hint), known);
        } else if (field->at) {
            document_problem(doc, key_at, problems, "'%s' is there twice", key);
        } else {
            field->at = value;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (fields[i].is_required && !fields[i].at)
            document_problem(doc, map, problems, "'%s' is missing in %s", fields[i].key, what);
    return true;
}

bool document_list(const struct document *doc, yaml_at at, const char *key, size_t max, size_t *count,
                   struct problems *problems) {
    *count = 0;
    if (document_kind(doc, at) != YAML_IS_LIST) {
        document_problem(doc, at, problems, "'%s' is %s, expected a list", key, found(doc, at));
        return false;
    }
    size_t n = document_count(doc, at);
    if (n > max) {
        document_problem(doc, at, problems, "'%s' has %zu items, expected at most %zu", key, n, max);
        return false;
    }
    *count = n;
    return true;
}

bool document_map(const struct document *doc, yaml_at at, const char *key, size_t max, size_t *count,
                  struct problems *problems) {
    *count = 0;
    if (document_kind(doc, at) != YAML_IS_MAP) {
        document_problem(doc, at, problems, "%s is %s, expected a map of keys", key, found(doc, at));
        return false;
    }
    size_t n = document_count(doc, at);
    if (n > max) {
        document_problem(doc, at, problems, "%s has %zu keys, expected at most %zu", key, n, max);
        return false;
    }
    *count = n;
    return true;
}

bool document_text_or_empty(const struct document *doc, yaml_at at, const char *key, size_t max_bytes, const char **out,
                            struct problems *problems) {
    if (document_kind(doc, at) != YAML_IS_TEXT) {
        document_problem(doc, at, problems, "'%s' is %s, expected a text", key, found(doc, at));
        return false;
    }
    size_t bytes;
    const char *value = document_value(doc, at, &bytes);
    if (strlen(value) != bytes) {
        document_problem(doc, at, problems, "'%s' has a NUL character in it", key);
        return false;
    }
    if (bytes > max_bytes) {
        document_problem(doc, at, problems, "'%s' has %zu bytes, expected at most %zu", key, bytes, max_bytes);
        return false;
    }
    *out = value;
    return true;
}

bool document_text(const struct document *doc, yaml_at at, const char *key, size_t max_bytes, const char **out,
                   struct problems *problems) {
    const char *value;
    if (!document_text_or_empty(doc, at, key, max_bytes, &value, problems))
        return false;
    if (*value == '\0') {
        document_problem(doc, at, problems, "'%s' is empty, expected a text", key);
        return false;
    }
    *out = value;
    return true;
}

bool document_number(const struct document *doc, yaml_at at, const char *key, double *out, struct problems *problems) {
    const char *text;
    if (!document_text(doc, at, key, 64, &text, problems))
        return false;
    if (!number_double(text, strlen(text), out)) {
        document_problem(doc, at, problems, "'%s' is \"%s\", expected a number", key, text);
        return false;
    }
    return true;
}

bool document_duration(const struct document *doc, yaml_at at, const char *key, int64_t *out_ms,
                       struct problems *problems) {
    const char *text;
    if (!document_text(doc, at, key, 64, &text, problems))
        return false;
    if (!number_duration_ms(text, strlen(text), out_ms)) {
        document_problem(doc, at, problems, "'%s' is \"%s\", expected a duration such as 30s, 10m, 1h30m or 7d", key,
                         text);
        return false;
    }
    return true;
}

bool document_bool(const struct document *doc, yaml_at at, const char *key, bool *out, struct problems *problems) {
    static const struct {
        const char *text;
        bool value;
    } rows[] = {{"yes", true}, {"true", true}, {"on", true}, {"no", false}, {"false", false}, {"off", false}};
    const char *text;
    if (!document_text(doc, at, key, 64, &text, problems))
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].text, text) == 0) {
            *out = rows[i].value;
            return true;
        }
    document_problem(doc, at, problems, "'%s' is \"%s\", expected yes or no", key, text);
    return false;
}
