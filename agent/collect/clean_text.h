/* Text from anywhere made fit for the wire: valid UTF-8 without control characters but tab and line feed. Others become
 * their visible picture (U+2400..., so an escape sequence can be read and does nothing), bad bytes become U+FFFD. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Writes at most `cap` bytes and a NUL (out has room for cap + 1). Returns true when something had to be left out. */
bool clean_text(const void *bytes, size_t count, char *out, size_t cap);
