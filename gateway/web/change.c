/* What a change is made of and how it is answered badly. A change starts on a reader thread (a person's request) or on
 * the edge thread (a session's own news), is carried out on the pipeline thread and comes back to the edge thread,
 * which frees it; at any moment exactly one thread holds it, so nothing here locks. */
#include "web/change.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { REPLY_CAP_BYTES = 4 * 1024 * 1024 };

struct change *change_new(enum change_verb verb) {
    struct change *change = mem_alloc(sizeof *change);
    change->verb = verb;
    change->if_match = -1;
    change->etag = -1;
    buf_init(&change->reply, REPLY_CAP_BYTES);
    return change;
}

void change_free(struct change *change) {
    if (change == NULL) {
        return;
    }
    json_free(change->body);
    buf_fini(&change->reply);
    wipe(change->cookie, sizeof change->cookie);
    free(change);
}

void change_problem(struct change *change, int status, const char *code, const char *format, ...) {
    char detail[FAULT_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    change->status = status;
    buf_reset(&change->reply);
    struct json_out j = json_out(&change->reply);
    jo_object(&j, NULL);
    jo_str(&j, "code", code);
    jo_str(&j, "detail", detail);
    jo_end(&j);
}
