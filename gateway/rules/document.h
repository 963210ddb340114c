/* A YAML file as a tree whose every node knows its place, and the questions a schema asks of it. The only pair that
 * includes libyaml. Each question that finds something wrong writes one line to `problems` and answers "nothing", so
 * one run reports many problems; the caller asks problems_count at the end.
 *
 *   rules/x/pack.yaml:12:9: 'unit' is "C", expected a unit of the SenML registry such as Cel, W, m/s2 or / */
#pragma once
#include "fieldline/bytes.h"

enum { DOCUMENT_BYTES_MAX = 1024 * 1024, PROBLEMS_MAX = 50 };

/* Where readers complain. At most PROBLEMS_MAX lines are written; the rest are only counted. */
struct problems {
    struct buf *to;
    size_t count;
};
void problem(struct problems *problems, const char *file, int line, int column, const char *format, ...)
    FL_PRINTF(5, 6); /* line 0: the file as a whole */

/* Reads a whole regular file of at most DOCUMENT_BYTES_MAX bytes, valid UTF-8; says so otherwise. */
FL_CHECK bool file_read(const char *path, struct buf *out, struct problems *problems);

struct document;
/* `name` stands for the file in problems. NULL (and a problem) when the text is not one YAML document. */
struct document *document_parse(const char *name, const char *text, size_t bytes, struct problems *problems);
struct document *document_open(const char *path, struct problems *problems);
void document_free(struct document *doc);

/* A node is an index into its document; 0 is "no node". */
typedef int yaml_at;
yaml_at document_root(const struct document *doc);
enum yaml_kind { YAML_IS_TEXT, YAML_IS_LIST, YAML_IS_MAP };
enum yaml_kind document_kind(const struct document *doc, yaml_at at);
/* A text node's value, NUL at the end, which *bytes does not count. */
const char *document_value(const struct document *doc, yaml_at text, size_t *bytes);
size_t document_count(const struct document *doc, yaml_at list); /* items of a list, pairs of a map */
yaml_at document_item(const struct document *doc, yaml_at list, size_t index);
/* Pair `index` of a map; the key is always a text. false for a key that is not (a problem is written). */
FL_CHECK bool document_pair(const struct document *doc, yaml_at map, size_t index, const char **key, yaml_at *key_at,
                            yaml_at *value, struct problems *problems);
/* A problem at a node; `key` goes before the text when given: "'key' ...". */
void document_problem(const struct document *doc, yaml_at at, struct problems *problems, const char *format, ...)
    FL_PRINTF(4, 5);
/* A problem at a byte of a text node's value (an expression's error): finds its line and column in the file. */
void document_problem_inside(const struct document *doc, yaml_at text, size_t offset, struct problems *problems,
                             const char *message);
int document_line(const struct document *doc, yaml_at at); /* 1 is the first */

/* The keys that a map may have. `at` is filled: 0 when missing. Unknown and doubled keys are problems, and so is a
 * missing one that is required. false when `map` is not a map. */
struct yaml_field {
    const char *key;
    bool is_required;
    yaml_at at;
};
FL_CHECK bool document_fields(const struct document *doc, yaml_at map, const char *what, struct yaml_field *fields,
                              size_t count, struct problems *problems);

/* Typed values. `key` names it in the problem. All return false, with a problem, when it is something else. */
FL_CHECK bool document_list(const struct document *doc, yaml_at at, const char *key, size_t max, size_t *count,
                            struct problems *problems);
FL_CHECK bool document_map(const struct document *doc, yaml_at at, const char *key, size_t max, size_t *count,
                           struct problems *problems);
/* The document's own bytes: valid until document_free. Not empty; use document_text_or_empty where "" is fine. */
FL_CHECK bool document_text(const struct document *doc, yaml_at at, const char *key, size_t max_bytes, const char **out,
                            struct problems *problems);
FL_CHECK bool document_text_or_empty(const struct document *doc, yaml_at at, const char *key, size_t max_bytes,
                                     const char **out, struct problems *problems);
FL_CHECK bool document_number(const struct document *doc, yaml_at at, const char *key, double *out,
                              struct problems *problems);
FL_CHECK bool document_duration(const struct document *doc, yaml_at at, const char *key, int64_t *out_ms,
                                struct problems *problems);
FL_CHECK bool document_bool(const struct document *doc, yaml_at at, const char *key, bool *out,
                            struct problems *problems);
