/* Names of results and the sentences that go with them.
 *
 * Not an exception system: no stack, no codes besides `enum result`, no allocation. A fault is a fixed buffer inside
 * the caller's frame, so that a refusal costs nothing to free and can be made while memory is short. Chained faults (a
 * list of causes) were left out: one sentence with "where: " put before it says the same and fits a log line. */
#include "fieldline/result.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const NAMES[] = {
    [RESULT_OK] = "ok",           [RESULT_BAD_INPUT] = "bad_input",
    [RESULT_TOO_BIG] = "too_big", [RESULT_NOT_FOUND] = "not_found",
    [RESULT_DENIED] = "denied",   [RESULT_CONFLICT] = "conflict",
    [RESULT_EXPIRED] = "expired", [RESULT_FULL] = "full",
    [RESULT_BUSY] = "busy",       [RESULT_CLOSED] = "closed",
    [RESULT_IO] = "io",           [RESULT_CORRUPT] = "corrupt",
};

const char *result_name(enum result result) {
    size_t index = (size_t)result;
    return index < sizeof NAMES / sizeof NAMES[0] ? NAMES[index] : "unknown";
}

enum result fault_set(struct fault *fault, enum result result, const char *format, ...) {
    if (fault) {
        va_list args;
        va_start(args, format);
        vsnprintf(fault->text, sizeof fault->text, format, args);
        va_end(args);
    }
    return result;
}

void fault_prefix(struct fault *fault, const char *format, ...) {
    if (!fault)
        return;
    char joined[2 * FAULT_TEXT_BYTES + 2]; /* what does not fit is cut at the sentence's end, never at the place */
    va_list args;
    va_start(args, format);
    int wrote = vsnprintf(joined, FAULT_TEXT_BYTES, format, args);
    va_end(args);
    size_t at = wrote < 0 ? 0 : strlen(joined);
    snprintf(joined + at, sizeof joined - at, ": %s", fault->text);
    memcpy(fault->text, joined, FAULT_TEXT_BYTES - 1);
    fault->text[FAULT_TEXT_BYTES - 1] = 0;
}
