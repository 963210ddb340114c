/* The arguments behind a path's question mark, already percent-decoded (the HTTP parser does that). */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/result.h"

enum { QUERY_ITEMS = 12, QUERY_NAME_BYTES = 24, QUERY_VALUE_BYTES = 512 };
struct query {
    size_t count;
    struct {
        char name[QUERY_NAME_BYTES + 1];
        char *value;
    } items[QUERY_ITEMS];
};
void query_fini(struct query *query);
/* One "name=value". Refuses a name that is not [a-z_]+ or is there already, a value that is too long, holds control
 * characters or is not UTF-8, and one argument too many. */
FL_CHECK enum result query_add(struct query *query, const char *text, size_t chars, struct fault *fault);
/* Are all names in `allowed` (a space separated list, NULL: none)? */
FL_CHECK enum result query_only(const struct query *query, const char *allowed, struct fault *fault);

const char *query_text(const struct query *query, const char *name); /* NULL: not given */
FL_CHECK enum result query_integer(const struct query *query, const char *name, int64_t min, int64_t max,
                                   int64_t initial, int64_t *out, struct fault *fault);
FL_CHECK enum result query_required_integer(const struct query *query, const char *name, int64_t min, int64_t max,
                                            int64_t *out, struct fault *fault);
FL_CHECK enum result query_bool(const struct query *query, const char *name, bool initial, bool *out,
                                struct fault *fault);
