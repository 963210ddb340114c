/* Edit distance with swaps (optimal string alignment), three rows at a time. Names are short and this runs once for a
 * mistake, so nothing cleverer is needed. */
#include "rules/nearest.h"

#include <stdio.h>
#include <string.h>

enum { NAME_MAX_CHARS = 64 };

struct nearest nearest_to(const char *name, size_t chars) {
    return (struct nearest){.name = name, .chars = chars, .best_changes = chars / 3 + 1};
}

static size_t least(size_t a, size_t b, size_t c) {
    const size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

static size_t changes(const char *a, size_t a_count, const char *b, size_t b_count) {
    size_t rows[3][NAME_MAX_CHARS + 1];
    for (size_t j = 0; j <= b_count; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_count; i++) {
        size_t *now = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3], *higher = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_count; j++) {
            now[j] = least(above[j] + 1, now[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1]));
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && higher[j - 2] + 1 < now[j])
                now[j] = higher[j - 2] + 1;
        }
    }
    return rows[a_count % 3][b_count];
}

void nearest_offer(struct nearest *n, const char *candidate) {
    const size_t chars = strlen(candidate);
    if (n->chars > NAME_MAX_CHARS || chars > NAME_MAX_CHARS || chars == 0)
        return;
    const size_t count = changes(n->name, n->chars, candidate, chars);
    if (count >= n->best_changes)
        return;
    n->best_changes = count;
    n->best = candidate;
}

const char *nearest_hint(const struct nearest *n, char *out, size_t room) {
    out[0] = '\0';
    if (n->best)
        snprintf(out, room, " (did you mean '%s'?)", n->best);
    return out;
}
