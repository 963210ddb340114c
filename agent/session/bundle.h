/* The diagnostics bundle: every diagnostic that is marked for it, one after the other, into one .tar.gz with a
 * manifest, which then goes to the engineer as a stream. Loop thread only. */
#pragma once
#include "loop.h"
#include "session/streams.h"
#include "session_grant.h"

enum {
    BUNDLE_BYTES = 4 * 1024 * 1024, /* of what goes in; later outputs are left out beyond it */
    BUNDLE_MS = 4 * 60 * 1000       /* for all of them; what has not begun by then is left out */
};
struct bundle_owner {
    /* It is gathered: {"name":..,"size":..,"sha256":..,"results":[..]}; the bytes follow. */
    void (*ready)(void *self, const char *result_json, size_t bytes);
    /* Its stream was closed while it was being gathered, or it could not be made. */
    void (*failed)(void *self, const char *why);
    /* It is over and has freed itself; the last call. */
    void (*over)(void *self);
};
/* Opens the stream and begins. RESULT_NOT_FOUND: nothing is marked for it; others: the stream's. */
FL_CHECK enum result bundle_start(struct loop *loop, const struct session_grant *grant, struct streams *streams,
                                  int64_t stream, const struct bundle_owner *owner, void *self, struct fault *fault);
