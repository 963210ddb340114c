/* Answers that an owner has signed: on the owner's page, or beforehand in a standing window. Loop thread.
 *
 * A page's answer names the hash of the question's text, and that text has a nonce: it can answer no other question and
 * cannot be used twice. Who signed is checked by owner.c before; that it is an answer to this, and to no more than
 * this, is checked here. Windows are read and verified anew for each question: there is no copy of them that could be
 * older than what the owner has taken back. */
#include "consent_inside.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"

enum result consent_ask_page(struct consent *c, const struct agent_config *config, const struct consent_question *q,
                             struct fault *fault) {
    struct owner_keys keys;
    enum result result = owner_keys_load(config->data_dir, &keys, fault);
    size_t count = result == RESULT_OK ? keys.count : 0;
    wipe(&keys, sizeof keys);
    if (count == 0) {
        return fault_set(fault, RESULT_DENIED, "no owner's phone is enrolled on this product, so nobody can answer");
    }
    consent_question_print(config, q, &c->question);
    if (c->question.overflow) {
        return fault_set(fault, RESULT_TOO_BIG, "the question is too long");
    }
    loop_arm(c->loop, &c->timer, q->wait_ms, consent_on_late, c);
    return RESULT_OK;
}

const char *consent_question_text(const struct consent *c) {
    return c->method->mode == CONSENT_PAGE ? (const char *)c->question.data : NULL;
}

enum result consent_answer_page(struct consent *c, const struct owner_answer *given, struct fault *fault) {
    const struct owner_statement *s = given->says;
    uint8_t hash[SHA256_BYTES];
    if (consent_question_text(c) == NULL) {
        return fault_set(fault, RESULT_DENIED, "this session does not wait for the owner's page");
    }
    sha256(c->question.data, c->question.count, hash);
    if (s->kind != OWNER_CONSENT || !equal_secret(hash, s->question, sizeof hash)) {
        return fault_set(fault, RESULT_DENIED, "this answers another question than the one that was asked");
    }
    if ((s->capabilities & ~c->capabilities) != 0 || s->minutes > (c->duration_ms + 59999) / 60000) {
        return fault_set(fault, RESULT_DENIED, "this allows more than was asked for");
    }
    struct consent_answer a = {.outcome = s->is_allowed ? CONSENT_ALLOWED : CONSENT_REFUSED,
                               .method = c->method->name,
                               .capabilities = s->capabilities,
                               .duration_ms = s->minutes * 60000 < c->duration_ms ? s->minutes * 60000 : c->duration_ms,
                               .statement = given->statement,
                               .signature = given->signature};
    snprintf(a.by, sizeof a.by, "%s", given->by);
    snprintf(a.key, sizeof a.key, "%s", given->key);
    if (!s->is_allowed) {
        (void)fault_set(&a.why, RESULT_DENIED, "%s refused on the owner's page", given->by);
    }
    consent_answer(c, &a);
    return RESULT_OK;
}

/* ---- windows ----------------------------------------------------------------------------------------------------- */

static void on_window(void *self) {
    struct consent *c = self;
    const struct owner_window *w = c->window;
    int64_t grant_ms = owner_windows_grant_ms(w, clock_wall_ms());
    struct consent_answer a = {.outcome = CONSENT_ALLOWED,
                               .method = "window",
                               .capabilities = c->capabilities,
                               .duration_ms = grant_ms < c->duration_ms ? grant_ms : c->duration_ms,
                               .statement = w->text,
                               .signature = w->signature};
    if (a.duration_ms <= 0) { /* it has closed between the question and this turn of the loop */
        consent_answer_no(c, CONSENT_REFUSED, "the standing window has just closed");
        return;
    }
    snprintf(a.by, sizeof a.by, "%s", w->by);
    snprintf(a.key, sizeof a.key, "%s", w->key);
    snprintf(a.window, sizeof a.window, "%s", w->says.window);
    consent_answer(c, &a);
}

/* Keys and windows as they are now; whatever cannot be read is logged and counts as nothing. */
static bool load_windows(const struct agent_config *config, struct owner_windows *out) {
    struct owner_keys keys;
    struct fault fault;
    enum result result = owner_keys_load(config->data_dir, &keys, &fault);
    if (result == RESULT_OK) {
        result = owner_windows_load(config->data_dir, config->device, &keys, clock_wall_ms(), out, &fault);
    }
    wipe(&keys, sizeof keys);
    if (result != RESULT_OK && result != RESULT_NOT_FOUND) {
        log_warn("agent.consent", "windows_not_used", "reason=%s", log_text(fault.text));
    }
    return result == RESULT_OK;
}

bool consent_is_covered(struct consent *c, const struct agent_config *config, const struct consent_question *q) {
    struct owner_windows *windows = mem_alloc(sizeof *windows);
    const struct owner_window *found = NULL;
    if (config->consent_windows && load_windows(config, windows)) {
        found = owner_windows_cover(windows, q->capabilities, q->engineer, clock_wall_ms());
    }
    if (found != NULL) {
        c->window = mem_alloc(sizeof *c->window);
        *c->window = *found;
        loop_arm(c->loop, &c->timer, 0, on_window, c);
    }
    free(windows);
    return found != NULL;
}

bool consent_point(const struct agent_config *config, const char *key, char out[OWNER_POINT_CHARS + 1]) {
    struct owner_keys keys;
    struct fault fault;
    struct buf text;
    const struct owner_key *found =
        owner_keys_load(config->data_dir, &keys, &fault) == RESULT_OK ? owner_keys_find(&keys, key) : NULL;
    buf_init(&text, OWNER_POINT_CHARS + 1);
    if (found != NULL) {
        base64url_encode(found->point, POINT_BYTES, &text);
        snprintf(out, OWNER_POINT_CHARS + 1, "%s", buf_text(&text));
    }
    buf_fini(&text);
    wipe(&keys, sizeof keys);
    return found != NULL;
}

bool consent_holds(const struct agent_config *config, const char *key, const char *window) {
    struct owner_keys keys;
    struct fault fault;
    if (key[0] == '\0') {
        return true;
    }
    bool holds = owner_keys_load(config->data_dir, &keys, &fault) == RESULT_OK && owner_keys_find(&keys, key) != NULL;
    wipe(&keys, sizeof keys);
    if (holds && window[0] != '\0') {
        struct owner_windows *windows = mem_alloc(sizeof *windows);
        holds = load_windows(config, windows) && owner_windows_find(windows, window) != NULL;
        free(windows);
    }
    return holds;
}
