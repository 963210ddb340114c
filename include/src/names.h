/* The spelling of names on the wire, as caps.h gives it. Private to include/src. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

bool name_is_metric(const char *text, size_t chars);
bool name_is_part(const char *text, size_t chars);
bool name_is_unit(const char *text, size_t chars); /* visible ASCII but quotes and backslash; may be empty */
bool name_is_code(const char *text, size_t chars);
bool name_is_model(const char *text, size_t chars);
/* A label for people (serial number, version): UTF-8 without control characters; may be empty. */
bool name_is_label(const char *text, size_t chars);
