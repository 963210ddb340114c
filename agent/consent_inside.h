/* The insides of a question, shared by consent.c (hook, code, the answer) and consent_page.c (page, windows). */
#pragma once
#include "consent.h"
#include "owner_windows.h"
#include "run.h"

enum { CONSENT_PATH_BYTES = 512 };
struct consent {
    struct loop *loop;
    consent_done_fn *done;
    void *self;
    const struct method *method;
    uint32_t capabilities;
    int64_t duration_ms;
    struct run *run; /* the hook, or the program that shows the code */
    struct loop_timer timer;
    char code[CONSENT_CODE_DIGITS + 1];
    int tries_left;
    char code_path[CONSENT_PATH_BYTES];
    struct buf question;         /* page: its text */
    struct owner_window *window; /* that covers it */
};

struct method {
    enum consent_mode mode;
    const char *name;
    enum result (*ask)(struct consent *c, const struct agent_config *config, const struct consent_question *question,
                       struct fault *fault);
};

void consent_free(struct consent *consent);
/* The end of every question: frees it and calls `done`. */
void consent_answer(struct consent *consent, const struct consent_answer *answer);
void consent_answer_no(struct consent *consent, enum consent_outcome outcome, const char *why);
void consent_on_late(void *self); /* a timer's */
FL_CHECK enum result consent_ask_page(struct consent *consent, const struct agent_config *config,
                                      const struct consent_question *question, struct fault *fault);
/* A standing window covers it: `done` follows from the loop. */
FL_CHECK bool consent_is_covered(struct consent *consent, const struct agent_config *config,
                                 const struct consent_question *question);
