/* A log line as one JSON object. Private to include/src. */
#pragma once
#include <stddef.h>

struct log_parts {
    const char *time, *level, *area, *id;
    const char *message; /* key=value ..., values quoted as log_text does it; other words are allowed */
};
/* Writes {"time":...,"level":...,"area":...,"id":...,KEY:VALUE...} without a newline; room is at least LOG_JSON_LEAST.
 * What does not fit is left out, and "cut":"yes" says so. Always valid JSON, whatever came. Returns the length. */
enum { LOG_JSON_LEAST = 512 };
size_t log_json_print(const struct log_parts *parts, char *out, size_t room);
