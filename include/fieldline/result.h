/* How a function says that it failed, and how it says why.
 *
 * A function that can fail returns `enum result` and leaves its answer through the last parameter. Where a person
 * will read the reason, it also takes a `struct fault` and writes one sentence: what was wrong and where.
 * A function that fails has changed nothing and freed nothing it was given. */
#pragma once
#include <stdbool.h>

#define FL_CHECK             __attribute__((warn_unused_result))
#define FL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

enum result {
    RESULT_OK = 0,
    RESULT_BAD_INPUT, /* the peer's or the user's fault: count it, say it, go on */
    RESULT_TOO_BIG,   /* a cap of caps.h was passed */
    RESULT_NOT_FOUND,
    RESULT_DENIED,   /* not allowed; also every "no answer" where an answer was needed */
    RESULT_CONFLICT, /* the thing is in a state, or at a version, that forbids this */
    RESULT_EXPIRED,
    RESULT_FULL,   /* a bounded queue or file has no room now */
    RESULT_BUSY,   /* try again later */
    RESULT_CLOSED, /* the other end is gone */
    RESULT_IO,     /* the world's fault: disk, network, library */
    RESULT_CORRUPT /* stored bytes are not what was written */
};

/* "bad_input", "too_big", ...: stable, used in logs and in the API's problem documents. */
const char *result_name(enum result result);

enum { FAULT_TEXT_BYTES = 256 };

/* One sentence for a person. Always terminated; cut, never overrun. */
struct fault {
    char text[FAULT_TEXT_BYTES];
};

/* Writes the sentence (fault may be NULL) and returns `result`, so that `return fault_set(...)` reads well. */
enum result fault_set(struct fault *fault, enum result result, const char *format, ...) FL_PRINTF(3, 4);
/* Puts "where: " before the sentence that is there. */
void fault_prefix(struct fault *fault, const char *format, ...) FL_PRINTF(2, 3);
