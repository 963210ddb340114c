/* Asks the owner, on the product, whether an engineer may come in; one question per object. Whatever is not a clear yes
 * in time is a no: a hook that crashes, prints nonsense or is late, a code that is wrong three times.
 *
 *   CONSENT_HOOK  the maker's program gets the request as JSON on its standard input and prints
 *                 {"answer":"allow","capabilities":["observe","shell"],"minutes":30,"by":"name"}, exit status 0.
 *                 {"answer":"deny"} is a no.
 *   CONSENT_CODE  eight digits are shown to the owner: by the program `consent_code_show` (the code and a newline on
 * its standard input; who asks, why and for what in FIELDLINE_ENGINEER, _REASON, _SUBJECT, _CAPABILITIES), or, without
 * one, in the file consent-code below run_dir. Whoever is told the code passes it on.
 *   CONSENT_PAGE  the question goes to the owner's page; the answer is a statement that a key enrolled on this product
 * has signed (fieldline/owner.h).
 *
 * Before any of these, with `consent_windows`: a standing window that is open now and covers all that is asked for is
 * the answer. One that covers a part of it changes nothing: the owner is asked for the whole. */
#pragma once
#include <stdint.h>

#include "consent_question.h"
#include "fieldline/owner.h"
#include "loop.h"

enum { CONSENT_CODE_DIGITS = 8, CONSENT_TRIES = 3, CONSENT_BY_BYTES = 63 };

enum consent_outcome {
    CONSENT_ALLOWED,
    CONSENT_REFUSED,
    CONSENT_LATE,        /* nobody answered in time */
    CONSENT_HOOK_FAILED, /* the hook could not run, crashed, or printed nonsense */
    CONSENT_LOCKED       /* the last try was wrong too */
};
struct consent_answer {
    enum consent_outcome outcome;
    const char *method;    /* "hook", "code", "page", "window" */
    uint32_t capabilities; /* allowed: never more than was asked for, never none */
    int64_t duration_ms;   /* allowed: never more than was asked for */
    char by[CONSENT_BY_BYTES + 1];
    struct fault why; /* a sentence when it is no */
    /* Of a page's answer, or the window: what the owner has signed. NULL: nothing was. Until `done` returns. */
    const char *statement, *signature;
    char key[SHA256_HEX_BYTES];      /* whose signature; "" when nothing was signed */
    char window[CAP_UUID_BYTES + 1]; /* "" unless it was one */
};
typedef void consent_done_fn(void *self, const struct consent_answer *answer);

struct consent;
/* `done` is called once, from the loop or from consent_try, never before this returns; the object frees itself after
 * it. Fails at once when nobody can be asked (RESULT_DENIED: consent = deny; RESULT_IO: the hook cannot be started or
 * the code cannot be shown). */
FL_CHECK enum result consent_ask(struct loop *loop, const struct agent_config *config,
                                 const struct consent_question *question, consent_done_fn *done, void *self,
                                 struct consent **out, struct fault *fault);
bool consent_wants_code(const struct consent *consent);
/* A code that was passed on. Right, or wrong for the last time: `done` is called before this returns. Wrong: returns
 * how many tries are left. Blanks and hyphens in it do not count; compared in constant time. */
int consent_try(struct consent *consent, const char *code);
/* The text that goes to the owner's page; NULL when it does not. */
const char *consent_question_text(const struct consent *consent);
/* An owner's answer whose signature and key the caller has checked: OWNER_CONSENT for this session. It counts when it
 * answers this very question with no more than was asked; then `done` is called before this returns. Otherwise
 * RESULT_DENIED with a sentence, and the question stays open. */
struct owner_answer {
    const struct owner_statement *says;
    const char *statement, *signature, *key, *by;
};
FL_CHECK enum result consent_answer_page(struct consent *consent, const struct owner_answer *given,
                                         struct fault *fault);
/* Does what a running session was consented by still hold: the key is enrolled, the window is there? True for methods
 * without a signature. */
FL_CHECK bool consent_holds(const struct agent_config *config, const char *key, const char *window);
/* The point of an enrolled key, for who verifies its signature later. False: it is not enrolled any more. */
FL_CHECK bool consent_point(const struct agent_config *config, const char *key, char out[OWNER_POINT_CHARS + 1]);
/* Nobody waits any more; `done` is not called. NULL is fine. */
void consent_cancel(struct consent *consent);
