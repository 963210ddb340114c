/* Annotation texts with Prometheus' templates, of which these are understood:
 *
 *   {{ $value }}  {{ $labels.device }}  {{ $labels.part }}  {{ printf "%.1f" $value }}
 *   {{ $value | humanize }}  humanize1024  humanizePercentage  humanizeDuration  printf "%.1f"
 *
 * Anything else between braces is an error when the pack is loaded, not a riddle in a ticket. */
#pragma once
#include "fieldline/bytes.h"

enum { TEMPLATE_BYTES_MAX = 2000 };
struct template;
/* NULL on an error: *at is the byte of `text`. */
struct template *template_compile(const char *text, size_t *at, struct fault *fault);
void template_free(struct template *t);
struct template_values {
    double value;
    const char *device, *part;
};
/* Always terminated; what does not fit is cut at a character. Returns the length. */
size_t template_render(const struct template *t, const struct template_values *values, char *out, size_t room);
