/* Losses by reason.
 *
 * Counted where they happen, told from here: an event for each lost datagram would be a flood of its own. One timer for
 * the reason that is due first. The file is in run_dir (memory on most products): a power cut forgets what was not told
 * within the last minutes, as it does the loss itself if it was one of unsynced records. Owned by agent.c, loop
 * thread. */
#include "losses.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/json.h"
#include "fieldline/log.h"
#include "file.h"

enum { FILE_BYTES = 4096 };

static const struct {
    const char *name, *text;
} reasons[LOSS_COUNT] = {[LOSS_BUDGET] = {"budget", "budget: telemetry was thinned out to stay within bytes_per_day"},
                         [LOSS_STATSD_FLOOD] = {"statsd_flood", "statsd datagrams came faster than they could be read"},
                         [LOSS_SYSLOG_FLOOD] = {"syslog_flood", "syslog datagrams came faster than they could be read"},
                         [LOSS_TOO_LONG] = {"too_long", "datagrams were too long"},
                         [LOSS_SERIES] = {"series", "more statsd series than the agent holds"},
                         [LOSS_TAIL] = {"tail", "a log file was gone before it was read to its end"}};

struct row {
    bool is_untold;
    uint64_t count, total;
    int64_t first_ms, last_ms;
    int64_t wait_ms, due_mono_ms;
};
struct losses {
    struct loop *loop;
    struct wall *wall;
    struct loop_timer timer;
    char path[PATH_MAX];
    void *self;
    void (*tell)(void *self, const struct event_message *event);
    struct row rows[LOSS_COUNT];
    bool is_changed;
};

const char *loss_name(enum loss loss) {
    return reasons[loss].name;
}

static void on_due(void *self);

static void arm(struct losses *l) {
    int64_t soonest = INT64_MAX;
    for (int i = 0; i < LOSS_COUNT; i++) {
        if (l->rows[i].is_untold && l->rows[i].due_mono_ms < soonest) {
            soonest = l->rows[i].due_mono_ms;
        }
    }
    if (soonest == INT64_MAX) {
        loop_disarm(l->loop, &l->timer);
    } else {
        loop_arm(l->loop, &l->timer, soonest - clock_mono_ms(), on_due, l);
    }
}

static void tell(struct losses *l, enum loss why, int64_t now_mono_ms) {
    struct row *row = &l->rows[why];
    struct event_message event = {.event_ms = wall_now_ms(l->wall),
                                  .kind = EVENT_GAP,
                                  .severity = why == LOSS_BUDGET ? SEVERITY_NOTICE : SEVERITY_WARNING,
                                  .gap_count = row->count,
                                  .gap_first_ms = row->first_ms,
                                  .gap_last_ms = row->last_ms};
    snprintf(event.text, sizeof event.text, "%s", reasons[why].text);
    log_info("agent.losses", "loss_told", "why=%s count=%llu", reasons[why].name, (unsigned long long)row->count);
    row->is_untold = false;
    row->count = 0;
    row->due_mono_ms = now_mono_ms;
    l->is_changed = true;
    l->tell(l->self, &event);
}

static void on_due(void *self) {
    struct losses *l = self;
    int64_t now = clock_mono_ms();
    for (int i = 0; i < LOSS_COUNT; i++) {
        if (l->rows[i].is_untold && l->rows[i].due_mono_ms <= now) {
            tell(l, (enum loss)i, now);
        }
    }
    arm(l);
}

/* The wait until it is told: longer while it goes on, short again after a calm time of the same length. */
static void begin_wait(struct row *row) {
    int64_t now = clock_mono_ms();
    bool goes_on = row->wait_ms > 0 && now - row->due_mono_ms < row->wait_ms;
    int64_t longer = row->wait_ms * 2 < LOSSES_MOST_MS ? row->wait_ms * 2 : LOSSES_MOST_MS;
    row->wait_ms = goes_on ? longer : LOSSES_FIRST_MS;
    row->due_mono_ms = now + row->wait_ms;
}

void losses_add(struct losses *l, enum loss why, uint64_t count, int64_t first_ms, int64_t last_ms) {
    struct row *row = &l->rows[why];
    row->total += count;
    row->count += count;
    row->first_ms = !row->is_untold || first_ms < row->first_ms ? first_ms : row->first_ms;
    row->last_ms = !row->is_untold || last_ms > row->last_ms ? last_ms : row->last_ms;
    l->is_changed = true;
    if (!row->is_untold) {
        row->is_untold = true;
        begin_wait(row);
        arm(l);
    }
}

void losses_flush(struct losses *l) {
    for (int i = 0; i < LOSS_COUNT; i++) {
        if (l->rows[i].is_untold) {
            tell(l, (enum loss)i, clock_mono_ms());
        }
    }
    arm(l);
    losses_save(l);
}

uint64_t losses_total(const struct losses *l, enum loss why) {
    return l->rows[why].total;
}

/* ---- over a kill ---- */

void losses_save(struct losses *l) {
    struct buf text;
    struct fault fault;
    if (!l->is_changed) {
        return;
    }
    buf_init(&text, FILE_BYTES);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    for (int i = 0; i < LOSS_COUNT; i++) {
        const struct row *row = &l->rows[i];
        if (row->is_untold) {
            jo_object(&j, reasons[i].name);
            jo_int(&j, "count", (int64_t)row->count);
            jo_int(&j, "first", row->first_ms);
            jo_int(&j, "last", row->last_ms);
            jo_end(&j);
        }
    }
    jo_end(&j);
    if (file_replace(l->path, text.data, text.count, 0600, &fault) != RESULT_OK) {
        log_warn("agent.losses", "losses_unwritten", "why=%s", log_text(fault.text));
    }
    l->is_changed = false;
    buf_fini(&text);
}

static void load_row(struct losses *l, const struct json *root, enum loss why) {
    const struct json *object = json_get(root, reasons[why].name);
    int64_t count, first_ms, last_ms;
    if (object != NULL && json_integer(object, "count", 0, INT64_MAX, &count, NULL) == RESULT_OK &&
        json_integer(object, "first", 0, INT64_MAX, &first_ms, NULL) == RESULT_OK &&
        json_integer(object, "last", 0, INT64_MAX, &last_ms, NULL) == RESULT_OK) {
        losses_add(l, why, (uint64_t)count, first_ms, last_ms);
    }
}

static void load(struct losses *l) {
    struct json *root = NULL;
    struct fault fault;
    struct buf text;
    buf_init(&text, FILE_BYTES);
    enum result result = file_read(l->path, &text, &fault);
    if (result == RESULT_OK) {
        result = json_parse(buf_text(&text), text.count, &root, &fault);
    }
    for (int i = 0; i < LOSS_COUNT && result == RESULT_OK; i++) {
        load_row(l, root, (enum loss)i);
    }
    if (result != RESULT_OK && result != RESULT_NOT_FOUND) {
        log_warn("agent.losses", "losses_unreadable", "why=%s", log_text(fault.text));
    }
    json_free(root);
    buf_fini(&text);
}

struct losses *losses_new(struct loop *loop, struct wall *wall, const char *run_dir, void *self,
                          void (*tell_fn)(void *self, const struct event_message *event)) {
    struct losses *l = mem_alloc(sizeof *l);
    *l = (struct losses){.loop = loop, .wall = wall, .self = self, .tell = tell_fn};
    snprintf(l->path, sizeof l->path, "%s/losses.json", run_dir);
    load(l);
    return l;
}

void losses_free(struct losses *l) {
    if (l == NULL) {
        return;
    }
    loop_disarm(l->loop, &l->timer);
    losses_save(l);
    free(l);
}
