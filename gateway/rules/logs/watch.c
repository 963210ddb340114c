/* A pattern that gives up on a line (pattern.h) has cost a fraction of a millisecond and has said nothing. Three such
 * lines, of whatever device of the model, and it is off until the packs are loaded anew: its series is unknown from
 * then on, so that alarms stay as they are instead of clearing, and the gateway says so in its log and its figures. Off
 * for all devices and not for each: 10,000 devices with the same line would be 30,000 times that fraction. */
#include "rules/logs/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(LOG_WATCHES_MAX <= 32, "a bit each");

struct log_watches *log_watches_new(void) {
    return mem_alloc(sizeof(struct log_watches));
}

void log_watches_free(struct log_watches *all) {
    if (!all)
        return;
    for (int i = 0; i < all->count; i++) {
        free(all->items[i].text);
        log_pattern_free(all->items[i].pattern);
    }
    log_matcher_free(all->matcher);
    free(all);
}

static bool check_code(const char *code, struct fault *fault) {
    const size_t chars = strlen(code);
    if (chars > 0 && chars <= CAP_CODE_BYTES)
        return true;
    fault_set(fault, RESULT_BAD_INPUT, "is not a fault code, expected 1 to %d characters", CAP_CODE_BYTES);
    return false;
}

struct log_watch *log_watch_add(struct log_watches *all, enum log_watch_kind kind, const char *text, int severity,
                                struct fault *fault) {
    struct log_pattern *pattern = NULL;
    if (all->count == LOG_WATCHES_MAX) {
        fault_set(fault, RESULT_FULL, "is one log pattern or event too many: a pack may have %d", LOG_WATCHES_MAX);
        return NULL;
    }
    if (kind == WATCH_CODE && !check_code(text, fault))
        return NULL;
    if (kind == WATCH_LINES && !(pattern = log_pattern_new(text, strlen(text), fault)))
        return NULL;
    if (pattern && !all->matcher)
        all->matcher = log_matcher_new();
    all->has_lines |= kind == WATCH_LINES;
    all->has_codes |= kind == WATCH_CODE;
    all->has_novelty |= kind == WATCH_NOVELTY;
    struct log_watch *w = &all->items[all->count++];
    *w = (struct log_watch){
        .kind = kind, .metric = -1, .text = mem_strdup(text), .severity = severity, .pattern = pattern};
    return w;
}

/* '%' begins no metric. Texts may be longer than a metric's name: a part of their digest stands for them. */
void log_watch_name(const struct log_watch *w, char out[CAP_METRIC_BYTES + 1]) {
    static const char *const kinds[] = {[WATCH_LINES] = "log", [WATCH_CODE] = "event", [WATCH_NOVELTY] = "novelty"};
    uint8_t digest[SHA256_BYTES];
    char hex[2 * 16 + 1];
    sha256(w->text, strlen(w->text), digest);
    hex_encode(digest, 16, hex);
    snprintf(out, CAP_METRIC_BYTES + 1, "%%%s:%d:%s", kinds[w->kind], w->severity, hex);
}

bool log_watch_is_off(const struct log_watch *w) {
    return w->strikes >= LOG_PATTERN_STRIKES;
}

uint32_t log_watches_match(struct log_watches *all, int severity, const char *line, size_t bytes) {
    uint32_t hits = 0;
    for (int i = 0; i < all->count; i++) {
        struct log_watch *w = &all->items[i];
        if (w->kind != WATCH_LINES || severity > w->severity || log_watch_is_off(w))
            continue;
        const enum log_match match = log_pattern_match(w->pattern, all->matcher, line, bytes);
        if (match == LOG_MATCH_YES)
            hits |= UINT32_C(1) << i;
        w->strikes += match == LOG_MATCH_LIMIT;
    }
    return hits;
}

const struct log_watch *log_watches_switched_off(struct log_watches *all) {
    for (int i = 0; i < all->count; i++)
        if (log_watch_is_off(&all->items[i]) && !all->items[i].is_told) {
            all->items[i].is_told = true;
            return &all->items[i];
        }
    return NULL;
}
