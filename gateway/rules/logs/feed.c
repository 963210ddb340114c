/* A queue for each watch, in order of time; mostly one entry, or none.
 *
 * A window ignores a second sample of one time. Lines that are told in one moment are counted into one sample; a line
 * whose moment is in the window already, and every further event of a moment, go into the next free millisecond. What
 * comes so late that it hits a sample of long ago is lost; that takes two lines of the same millisecond, one of them
 * late.
 *
 * Left: giving the samples to the windows as they come. An event that overtook an hour of telemetry would make that
 * whole hour late for all rules of the device, and late samples are not evaluated. */
#include "rules/logs/feed.h"

#include <stdlib.h>
#include <string.h>

#include "rules/state.h"

enum { STATE_VERSION = 1, LINE_BYTES_MAX = CAP_LOG_APP_BYTES + 2 + CAP_LOG_TEXT_BYTES };

static const int64_t TIME_MAX_MS = INT64_MAX / 2; /* of a state: room to count up */

struct waiting {
    int64_t at_ms;
    double value;
};
struct queue {
    struct waiting *items; /* ascending, never two of one time */
    uint16_t count, room;
    int64_t run_ms, last_ms; /* the newest sample that was taken, and where the milliseconds without a hole before it
                                begin: all of them are taken */
};
struct feed {
    struct log_watches *watches;
    bool has_logged;
    struct novelty novelty; /* no miner: nobody asks */
    int64_t next_ms;
    struct queue queues[]; /* one a watch */
};

struct feed *feed_new(struct log_watches *watches) {
    struct feed *f = mem_alloc(sizeof *f + (size_t)watches->count * sizeof f->queues[0]);
    f->watches = watches;
    f->next_ms = INT64_MAX;
    if (watches->has_novelty)
        novelty_init(&f->novelty);
    for (int i = 0; i < watches->count; i++)
        f->queues[i].run_ms = f->queues[i].last_ms = INT64_MIN;
    return f;
}

void feed_free(struct feed *f) {
    if (!f)
        return;
    for (int i = 0; i < f->watches->count; i++)
        free(f->queues[i].items);
    novelty_fini(&f->novelty);
    free(f);
}

/* ---- in ---- */

/* Where this moment stands in the queue, or would. */
static int place_of(const struct queue *q, int64_t at_ms) {
    int i = q->count;
    while (i > 0 && q->items[i - 1].at_ms >= at_ms)
        i--;
    return i;
}

static bool is_there(const struct queue *q, int place, int64_t at_ms) {
    return place < q->count && q->items[place].at_ms == at_ms;
}

static void put(struct feed *f, int index, int64_t at_ms, double value) {
    struct queue *q = &f->queues[index];
    const enum log_watch_kind kind = f->watches->items[index].kind;
    if (at_ms >= q->run_ms && at_ms <= q->last_ms)
        at_ms = q->last_ms + 1;
    int place = place_of(q, at_ms);
    for (; kind == WATCH_CODE && is_there(q, place, at_ms); place++)
        at_ms++;
    if (is_there(q, place, at_ms)) {
        double *there = &q->items[place].value;
        *there = kind == WATCH_LINES ? *there + value : value > *there ? value : *there;
        return;
    }
    if (q->count == q->room) {
        q->room = q->room ? (uint16_t)(q->room * 2) : 1;
        q->items = mem_realloc(q->items, q->room * sizeof *q->items);
    }
    memmove(&q->items[place + 1], &q->items[place], (size_t)(q->count - place) * sizeof *q->items);
    q->items[place] = (struct waiting){.at_ms = at_ms, .value = value};
    q->count++;
    if (at_ms < f->next_ms)
        f->next_ms = at_ms;
}

void feed_line(struct feed *f, const struct log_record *line) {
    char joined[LINE_BYTES_MAX + 1];
    const size_t app = strlen(line->app), text = strlen(line->text);
    size_t bytes = 0;
    f->has_logged = true;
    if (app > 0) {
        memcpy(joined, line->app, app);
        memcpy(joined + app, ": ", 2);
        bytes = app + 2;
    }
    memcpy(joined + bytes, line->text, text);
    bytes += text;
    const uint32_t hits = f->watches->has_lines ? log_watches_match(f->watches, line->severity, joined, bytes) : 0;
    for (int i = 0; i < f->watches->count; i++) {
        double value = 1;
        if (f->watches->items[i].kind == WATCH_NOVELTY) {
            if (!novelty_line(&f->novelty, line->event_ms, line->app, line->text, text, &value))
                continue;
        } else if (!(hits >> i & 1)) {
            continue;
        }
        put(f, i, line->event_ms, value);
    }
}

void feed_event(struct feed *f, const char *code, int64_t event_ms) {
    for (int i = 0; i < f->watches->count; i++)
        if (f->watches->items[i].kind == WATCH_CODE && strcmp(f->watches->items[i].text, code) == 0)
            put(f, i, event_ms, 1);
}

/* ---- out ---- */

int64_t feed_next_ms(const struct feed *f) {
    return f->next_ms;
}

static void find_next(struct feed *f) {
    f->next_ms = INT64_MAX;
    for (int i = 0; i < f->watches->count; i++)
        if (f->queues[i].count > 0 && f->queues[i].items[0].at_ms < f->next_ms)
            f->next_ms = f->queues[i].items[0].at_ms;
}

static void take_first(struct feed *f, int index, struct sample *out) {
    struct queue *q = &f->queues[index];
    const struct waiting first = q->items[0];
    q->count--;
    memmove(q->items, q->items + 1, q->count * sizeof *q->items);
    if (first.at_ms > q->last_ms) {
        if (q->last_ms == INT64_MIN || first.at_ms != q->last_ms + 1)
            q->run_ms = first.at_ms;
        q->last_ms = first.at_ms;
    }
    *out = (struct sample){
        .metric = f->watches->items[index].metric, .part = 0, .event_ms = first.at_ms, .value = first.value};
    find_next(f);
}

bool feed_take(struct feed *f, int64_t until_ms, struct sample *out) {
    if (f->next_ms == INT64_MAX || f->next_ms > until_ms)
        return false;
    for (int i = 0; i < f->watches->count; i++)
        if (f->queues[i].count > 0 && f->queues[i].items[0].at_ms == f->next_ms) {
            take_first(f, i, out);
            return true;
        }
    return false;
}

bool feed_spill(struct feed *f, struct sample *out) {
    for (int i = 0; i < f->watches->count; i++)
        if (f->queues[i].count > FEED_WAITING_MAX) {
            take_first(f, i, out);
            return true;
        }
    return false;
}

bool feed_knows(const struct feed *f, const struct log_watch *watch) {
    switch (watch->kind) {
    case WATCH_CODE: return true;
    case WATCH_LINES: return f && f->has_logged && !log_watch_is_off(watch);
    case WATCH_NOVELTY: return f && f->novelty.has_learned;
    }
    return false;
}

/* ---- state: version u8, has_logged u8, watches by name with what waits, has novelty u8, novelty ---- */

void feed_save(const struct feed *f, struct buf *out) {
    buf_add_u8(out, STATE_VERSION);
    buf_add_u8(out, f->has_logged);
    buf_add_varint(out, (uint64_t)f->watches->count);
    for (int i = 0; i < f->watches->count; i++) {
        const struct queue *q = &f->queues[i];
        char name[CAP_METRIC_BYTES + 1];
        log_watch_name(&f->watches->items[i], name);
        buf_add_varint(out, strlen(name));
        buf_str(out, name);
        state_put_time(out, q->run_ms);
        state_put_time(out, q->last_ms);
        buf_add_varint(out, q->count);
        for (int k = 0; k < q->count; k++) {
            state_put_time(out, q->items[k].at_ms);
            state_put_double(out, q->items[k].value);
        }
    }
    buf_add_u8(out, f->watches->has_novelty);
    if (f->watches->has_novelty)
        novelty_save(&f->novelty, out);
}

static int find_watch(const struct log_watches *watches, const uint8_t *name, size_t chars) {
    for (int i = 0; i < watches->count; i++) {
        char own[CAP_METRIC_BYTES + 1];
        log_watch_name(&watches->items[i], own);
        if (strlen(own) == chars && memcmp(own, name, chars) == 0)
            return i;
    }
    return -1;
}

static bool load_queue(struct feed *f, struct cursor *in) {
    uint64_t chars, count;
    const uint8_t *name;
    int64_t run_ms, last_ms, before_ms = INT64_MIN;
    if (!cursor_varint(in, &chars) || chars > CAP_METRIC_BYTES || !cursor_take(in, (size_t)chars, &name) ||
        !state_get_time(in, &run_ms) || !state_get_time(in, &last_ms) || run_ms > last_ms || last_ms > TIME_MAX_MS ||
        !cursor_varint(in, &count) || count > FEED_WAITING_MAX)
        return false;
    const int index = find_watch(f->watches, name, (size_t)chars);
    if (index >= 0 && (f->queues[index].count > 0 || f->queues[index].last_ms != INT64_MIN)) /* the same twice */
        return false;
    for (uint64_t i = 0; i < count; i++) {
        struct waiting w;
        if (!state_get_time(in, &w.at_ms) || !state_get_double(in, &w.value) || !(w.value >= 0 && w.value <= 1e9) ||
            w.at_ms <= before_ms || w.at_ms > TIME_MAX_MS)
            return false;
        before_ms = w.at_ms;
        if (index >= 0)
            put(f, index, w.at_ms, w.value);
    }
    if (index >= 0) {
        f->queues[index].run_ms = run_ms;
        f->queues[index].last_ms = last_ms;
    }
    return true;
}

/* Novelty that nobody asks for any longer is read and thrown away. */
static bool load_novelty(struct feed *f, struct cursor *in) {
    struct novelty unwanted;
    if (f->watches->has_novelty)
        return novelty_load(&f->novelty, in);
    novelty_init(&unwanted);
    const bool result = novelty_load(&unwanted, in);
    novelty_fini(&unwanted);
    return result;
}

bool feed_load(struct feed *f, struct cursor *in) {
    uint8_t version, logged, has_novelty;
    uint64_t count;
    if (!cursor_u8(in, &version) || version != STATE_VERSION || !cursor_u8(in, &logged) || logged > 1 ||
        !cursor_varint(in, &count) || count > LOG_WATCHES_MAX)
        return false;
    for (uint64_t i = 0; i < count; i++)
        if (!load_queue(f, in))
            return false;
    f->has_logged = logged;
    if (!cursor_u8(in, &has_novelty) || has_novelty > 1)
        return false;
    return !has_novelty || load_novelty(f, in);
}

size_t feed_bytes(const struct feed *f) {
    size_t bytes = sizeof *f + (size_t)f->watches->count * sizeof f->queues[0];
    for (int i = 0; i < f->watches->count; i++)
        bytes += f->queues[i].room * sizeof *f->queues[0].items;
    return bytes + (f->novelty.miner ? template_miner_bytes(f->novelty.miner) : 0);
}
