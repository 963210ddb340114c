/* Masking of what is shown. Each pattern runs over the whole text and not over frames, because a program's output comes
 * in pieces and a person types a letter at a time: whoever masks gives all that belongs together.
 *
 * Bounded: a match may take MATCH_STEPS; a text that would take more is covered to the end of its line. Covering too
 * much is a nuisance, too little is a leak. Entropy tests ("looks like a token") were left: serial numbers and hashes
 * of firmware look like that too. */
#include "sessions/mask.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <errno.h>
#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/json.h"
#include "fieldline/json_pull.h"
#include "fieldline/log.h"

enum { MATCH_STEPS = 200000, MATCH_HEAP_KIB = 4096, COVERED = '*' };

static const char *const built_in[] = {
    "(?i)(?:password|passwd|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key)[\"']?[ \\t]*[:=][ \\t]*"
    "(?<secret>\"[^\"\\r\\n]{1,400}\"|'[^'\\r\\n]{1,400}'|[^\\s\"'&;,]{1,400})",
    "(?i)--?(?:password|passwd|passphrase|token|secret)[ \\t]+(?<secret>[^\\s-]\\S{0,400})",
    "(?i)\\bauthorization[\"']?[ \\t]*[:=][ \\t]*[\"']?(?:(?:bearer|basic|digest|token)[ \\t]+)?"
    "(?<secret>[^\\r\\n\"']{1,2000})",
    "(?i)\\b[a-z][a-z0-9+.-]{1,20}://[^\\s/:@]{0,100}:(?<secret>[^\\s/@]{1,200})@",
    "(?s)-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----(?<secret>.{1,16000}?)(?:-----END|\\z)",
};

struct pattern {
    pcre2_code *code;
    int group;
};
struct mask {
    struct pattern patterns[MASK_PATTERNS];
    size_t count;
    pcre2_match_context *limits;
};

static enum result add(struct mask *m, const char *text, struct fault *fault) {
    PCRE2_UCHAR why[120] = "";
    PCRE2_SIZE at;
    int error;
    if (m->count == MASK_PATTERNS) {
        return fault_set(fault, RESULT_TOO_BIG, "more than %d patterns", MASK_PATTERNS);
    }
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED, PCRE2_NEVER_BACKSLASH_C, &error, &at, NULL);
    if (code == NULL) {
        pcre2_get_error_message(error, why, sizeof why);
        return fault_set(fault, RESULT_BAD_INPUT, "%s (at character %zu)", (const char *)why, at + 1);
    }
    int group = pcre2_substring_number_from_name(code, (PCRE2_SPTR) "secret");
    m->patterns[m->count++] = (struct pattern){code, group > 0 ? group : 0};
    return RESULT_OK;
}

static enum result read_file(struct mask *m, const char *path, struct fault *fault) {
    char line[MASK_PATTERN_BYTES + 2];
    enum result result = RESULT_OK;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return fault_set(fault, errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO, "%s: %s", path, strerror(errno));
    }
    for (int number = 1; result == RESULT_OK && fgets(line, sizeof line, file) != NULL; number++) {
        size_t chars = strcspn(line, "\r\n");
        bool is_whole = line[chars] != '\0' || feof(file);
        line[chars] = '\0';
        if (!is_whole) {
            result = fault_set(fault, RESULT_TOO_BIG, "a pattern has more than %d characters", MASK_PATTERN_BYTES);
        } else if (chars > 0 && line[0] != '#') {
            result = add(m, line, fault);
        }
        if (result != RESULT_OK) {
            fault_prefix(fault, "%s:%d", path, number);
        }
    }
    fclose(file);
    return result;
}

enum result mask_new(const char *path, struct mask **out, struct fault *fault) {
    struct mask *m = mem_alloc(sizeof *m);
    m->limits = pcre2_match_context_create(NULL);
    if (m->limits == NULL) {
        die("gateway.sessions", "no memory for patterns");
    }
    pcre2_set_match_limit(m->limits, MATCH_STEPS);
    pcre2_set_heap_limit(m->limits, MATCH_HEAP_KIB);
    for (size_t i = 0; i < sizeof built_in / sizeof *built_in; i++) {
        if (add(m, built_in[i], fault) != RESULT_OK) {
            die("gateway.sessions", "a built-in pattern does not compile: %s", fault->text);
        }
    }
    enum result result = path != NULL ? read_file(m, path, fault) : RESULT_OK;
    if (result != RESULT_OK) {
        mask_free(m);
        return result;
    }
    *out = m;
    return RESULT_OK;
}

void mask_free(struct mask *mask) {
    if (mask == NULL) {
        return;
    }
    for (size_t i = 0; i < mask->count; i++) {
        pcre2_code_free(mask->patterns[i].code);
    }
    pcre2_match_context_free(mask->limits);
    free(mask);
}

static size_t cover(char *covered, const char *text, size_t from, size_t to) {
    size_t count = 0;
    for (size_t i = from; i < to; i++) {
        if ((uint8_t)text[i] >= 0x20 && text[i] != 0x7f && covered[i] == 0) {
            covered[i] = 1;
            count++;
        }
    }
    return count;
}

static size_t end_of_line(const char *text, size_t from, size_t count) {
    const char *end = memchr(text + from, '\n', count - from);
    return end != NULL ? (size_t)(end - text) + 1 : count;
}

/* Marks in `covered` what this pattern finds. */
static size_t find(const struct mask *m, const struct pattern *p, pcre2_match_data *data, const char *text,
                   size_t count, char *covered) {
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(data);
    size_t total = 0, from = 0;
    while (from < count) {
        int found = pcre2_match(p->code, (PCRE2_SPTR)text, count, from, 0, data, m->limits);
        if (found == PCRE2_ERROR_NOMATCH) {
            break;
        }
        if (found < 0) { /* it gave up */
            size_t end = end_of_line(text, from, count);
            total += cover(covered, text, from, end);
            from = end;
            continue;
        }
        int group = p->group < found && at[2 * p->group] != PCRE2_UNSET ? p->group : 0;
        total += cover(covered, text, at[2 * group], at[2 * group + 1]);
        from = at[1] > from ? at[1] : from + 1;
    }
    return total;
}

size_t mask_apply(const struct mask *mask, char *text, size_t count) {
    size_t total = 0;
    char *covered = mem_alloc(count + 1);
    pcre2_match_data *data = pcre2_match_data_create(20, NULL);
    if (data == NULL) {
        die("gateway.sessions", "no memory for patterns");
    }
    for (size_t i = 0; i < mask->count; i++) {
        total += find(mask, &mask->patterns[i], data, text, count, covered);
    }
    for (size_t i = 0; total > 0 && i < count; i++) {
        if (covered[i] != 0) {
            text[i] = COVERED;
        }
    }
    pcre2_match_data_free(data);
    free(covered);
    return total;
}

size_t mask_text(const struct mask *mask, const char *text, size_t count, struct buf *out) {
    size_t at = out->count;
    buf_add(out, text, count);
    return out->overflow || count == 0 ? 0 : mask_apply(mask, (char *)out->data + at, count);
}

/* The value behind a name. When the name makes its beginning a secret, all of it is one: where it ends was said by
 * JSON, and not by what a pattern takes for an end in running text. */
static size_t mask_value(const struct mask *mask, char *text, size_t name_count, size_t count) {
    char *value = text + name_count + 1, *alone = mem_alloc(count + 1);
    memcpy(alone, value, count);
    size_t masked = mask_apply(mask, text, name_count + 1 + count);
    if (count > 0 && value[0] != alone[0]) {
        char first = alone[0];
        (void)mask_apply(mask, alone, count);
        if (alone[0] == first) {
            masked = count;
            memset(value, COVERED, count);
        }
    }
    wipe(alone, count + 1);
    free(alone);
    return masked;
}

/* A string of JSON, with "name=" before it while patterns look. */
static size_t mask_string(const struct mask *mask, const struct json_pull *p, const char *name, size_t name_count,
                          struct buf *out) {
    size_t count = 0, masked = 0, room = name_count + 1 + p->text_count + 1;
    char *text = mem_alloc(room);
    memcpy(text, name, name_count);
    text[name_count] = '=';
    char *value = text + name_count + 1;
    if (!json_pull_unescape(p, value, room - name_count - 1, &count)) {
        buf_str(out, "null");
    } else {
        masked = name_count > 0 ? mask_value(mask, text, name_count, count) : mask_apply(mask, value, count);
        json_quote(out, value, count);
    }
    wipe(text, room);
    free(text);
    return masked;
}

size_t mask_json(const struct mask *mask, const char *json, size_t count, struct buf *out) {
    struct json_pull p;
    const char *copied = json, *name = "";
    size_t name_count = 0, masked = 0, start = out->count;
    enum json_token token;
    json_pull_init(&p, json, count);
    while ((token = json_pull_next(&p)) != JSON_END) {
        if (token == JSON_ERROR) {
            out->count = start;
            buf_str(out, "null");
            return 1;
        }
        if (token == JSON_KEY) {
            name = p.text;
            name_count = p.text_count;
        } else if (token == JSON_STRING) {
            buf_add(out, copied, (size_t)(p.text - 1 - copied));
            masked += mask_string(mask, &p, name, name_count, out);
            copied = p.text + p.text_count + 1;
        }
    }
    buf_add(out, copied, (size_t)(json + count - copied));
    return masked;
}
