/* A list in order of happening. Notifications of the same thing in one transaction are told once: a busy device changes
 * a thousand times a batch, and a console wants to know that it changed. */
#include "effects.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum effect_kind { EFFECT_NOTIFY, EFFECT_EXPECT, EFFECT_KILL, EFFECT_DRIVE, EFFECT_ANSWER };
enum {
    NOTIFY_LOOK_BACK = 32, /* how many notifications are compared to find a repeat */
    NEWS_TRIES = 50        /* turns in which a session's news may fail before it is given up */
};

struct effect {
    enum effect_kind kind;
    struct effect *next;
    union {
        struct {
            char kind[16], id[CAP_DEVICE_ID_BYTES + 1], device[CAP_DEVICE_ID_BYTES + 1];
        } notify;
        struct web_session expect;
        struct {
            char session[CAP_UUID_BYTES + 1], reason[CAP_CODE_BYTES + 1];
        } kill;
        struct web_drive *drive; /* owned */
        struct change *answer;
    };
};
struct effects {
    struct effect *first, **last;
    struct effect *recent[NOTIFY_LOOK_BACK];
    size_t recent_count;
};

struct effects *effects_new(void) {
    struct effects *e = mem_alloc(sizeof *e);
    e->last = &e->first;
    return e;
}

static struct effect *effects_add(struct effects *e, enum effect_kind kind) {
    struct effect *effect = mem_alloc(sizeof *effect);
    effect->kind = kind;
    *e->last = effect;
    e->last = &effect->next;
    return effect;
}

static void effects_clear(struct effects *e) {
    for (struct effect *effect = e->first, *next; effect; effect = next) {
        next = effect->next;
        if (effect->kind == EFFECT_EXPECT)
            wipe(&effect->expect, sizeof effect->expect);
        if (effect->kind == EFFECT_DRIVE)
            free(effect->drive);
        free(effect);
    }
    e->first = NULL;
    e->last = &e->first;
    e->recent_count = 0;
}

void effects_free(struct effects *e) {
    if (!e)
        return;
    for (struct effect *effect = e->first; effect; effect = effect->next)
        if (effect->kind == EFFECT_ANSWER)
            change_free(effect->answer);
    effects_clear(e);
    free(e);
}

void effects_notify(struct effects *e, const char *kind, const char *id, const char *device) {
    const size_t known = e->recent_count < NOTIFY_LOOK_BACK ? e->recent_count : NOTIFY_LOOK_BACK;
    for (size_t i = 0; i < known; i++)
        if (strcmp(e->recent[i]->notify.id, id) == 0 && strcmp(e->recent[i]->notify.kind, kind) == 0 &&
            strcmp(e->recent[i]->notify.device, device ? device : "") == 0)
            return;
    struct effect *effect = effects_add(e, EFFECT_NOTIFY);
    snprintf(effect->notify.kind, sizeof effect->notify.kind, "%s", kind);
    snprintf(effect->notify.id, sizeof effect->notify.id, "%s", id);
    snprintf(effect->notify.device, sizeof effect->notify.device, "%s", device ? device : "");
    e->recent[e->recent_count++ % NOTIFY_LOOK_BACK] = effect;
}

void effects_notify_row(struct effects *e, const char *kind, int64_t row, const char *device) {
    char id[24];
    snprintf(id, sizeof id, "%lld", (long long)row);
    effects_notify(e, kind, id, device);
}

void effects_expect(struct effects *e, const struct web_session *session) {
    effects_add(e, EFFECT_EXPECT)->expect = *session;
}

void effects_kill(struct effects *e, const char *session, const char *reason) {
    struct effect *effect = effects_add(e, EFFECT_KILL);
    snprintf(effect->kill.session, sizeof effect->kill.session, "%s", session);
    snprintf(effect->kill.reason, sizeof effect->kill.reason, "%s", reason);
}

void effects_drive(struct effects *e, const struct web_drive *drive) {
    struct effect *effect = effects_add(e, EFFECT_DRIVE);
    effect->drive = mem_alloc(sizeof *drive);
    *effect->drive = *drive;
}

void effects_answer(struct effects *e, struct change *change) {
    effects_add(e, EFFECT_ANSWER)->answer = change;
}

void effects_run(struct effects *e, struct web *web) {
    for (struct effect *effect = e->first; effect; effect = effect->next) {
        switch (effect->kind) {
        case EFFECT_NOTIFY: web_notify(web, effect->notify.kind, effect->notify.id, effect->notify.device); break;
        case EFFECT_EXPECT: web_session_expect(web, &effect->expect); break;
        case EFFECT_KILL: web_session_kill(web, effect->kill.session, effect->kill.reason); break;
        case EFFECT_DRIVE: web_session_drive(web, effect->drive); break;
        case EFFECT_ANSWER: web_change_done(web, effect->answer); break;
        }
    }
    effects_clear(e);
}

/* News of the edge or the reporter that still may be tried again, as it came. */
static bool is_news(struct change *change) {
    const bool is_of_session = change->verb == CHANGE_SESSION_LIVE || change->verb == CHANGE_SESSION_ENDED ||
                               change->verb == CHANGE_SESSION_REPORT || change->verb == CHANGE_JOB_RESULT ||
                               change->verb == CHANGE_SESSION_LINES || change->verb == CHANGE_DEVICE_REVOKED;
    if (!is_of_session || ++change->tries > NEWS_TRIES)
        return false;
    buf_reset(&change->reply);
    change->status = 0;
    change->next = NULL;
    return true;
}

struct change *effects_drop(struct effects *e, struct web *web) {
    struct change *news = NULL, **last = &news;
    for (struct effect *effect = e->first; effect; effect = effect->next) {
        if (effect->kind != EFFECT_ANSWER)
            continue;
        if (is_news(effect->answer)) {
            *last = effect->answer;
            last = &effect->answer->next;
            continue;
        }
        change_problem(effect->answer, 503, "store_failed",
                       "The gateway could not store this; nothing was changed. "
                       "Try again in a moment.");
        web_change_done(web, effect->answer);
    }
    effects_clear(e);
    return news;
}
