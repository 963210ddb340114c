/* What an engineer may ask a product for: one table for each capability (method_NAME.c), checked here before it is
 * recorded and sent. The product checks again by its own configuration. Adding a method: a row here, a row of the
 * product's (agent/session/visit_NAME.c), a line in fieldline/session.h. */
#pragma once
#include "fieldline/json.h"
#include "fieldline/session.h"

struct relay;

enum method_flag {
    METHOD_NEEDS_PARAMS = 1 << 0,
    METHOD_HAS_SIZE = 1 << 1,       /* cols and rows become the cast's size */
    METHOD_OPENS_TERMINAL = 1 << 2, /* refused while one is open */
    METHOD_ON_TERMINAL = 1 << 3,    /* refused while none is open */
    METHOD_OBSERVES = 1 << 4,       /* observe.sample and observe.log may come from now on */
    METHOD_OPENS_STREAM = 1 << 5,   /* params has "stream": the asking leg owns it; needs an id */
    METHOD_KEEPS_BYTES = 1 << 6,    /* the stream's bytes are recorded, not only their hashes: it can be replayed */
    METHOD_FOR_TOOLS = 1 << 7       /* a tool leg may call it too */
};
struct method {
    const char *name;
    enum capability capability;
    unsigned flags;
    /* Is this request in order? NULL: any is. `params` is an object, or NULL without METHOD_NEEDS_PARAMS. */
    enum result (*check)(const struct relay *relay, const struct json *params, struct fault *fault);
};
struct methods {
    const struct method *rows;
    size_t count;
};
extern const struct methods method_terminal, method_diagnose, method_observe;
extern const struct methods method_files;
extern const struct methods method_forward, method_screen;
extern const struct methods method_configure;
/* NULL: there is none. stream.finish and stream.close are the relay's own. */
const struct method *method_find(const char *name);
