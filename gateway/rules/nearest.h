/* "did you mean": the name that somebody probably meant. */
#pragma once
#include <stddef.h>

/* Of candidates offered one by one, the one that takes the fewest changes (a letter put in, left out, exchanged, or two
 * swapped) to become `name`; more than a third of its letters is no likeness. */
struct nearest {
    const char *name;
    size_t chars;
    const char *best; /* NULL: none is near */
    size_t best_changes;
};
struct nearest nearest_to(const char *name, size_t chars);
void nearest_offer(struct nearest *n, const char *candidate);
/* " (did you mean 'x'?)", or "". Always terminated. */
const char *nearest_hint(const struct nearest *n, char *out, size_t room);
