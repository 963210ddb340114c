/* Group commit. Waiting a few milliseconds for others to come is what makes a durable commit affordable at tens of
 * thousands of messages a second: the wait is bounded (batch.wait) and the batch too (batch.messages).
 *
 * When the transaction fails nothing of the turn has happened: it is rolled back, nobody is acknowledged or answered
 * but with "try again", and what is in memory is read anew from the store, because it may be ahead of it. Agents keep
 * what was not acknowledged. The next attempt waits a little longer each time; a disk that has room again needs no
 * restart. */
#include "turn.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "absence.h"
#include "desk.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "foreign.h"
#include "housekeeping.h"
#include "orphans.h"
#include "outbox.h"
#include "pipeline.h"
#include "jobs.h"
#include "session_guard.h"
#include "store/depth.h"
#include "watchdog.h"

enum { IDLE_WAIT_MS = 200, TICK_MS = 1000, RECOVER_WAIT_MAX_MS = 30 * 1000, BEAT_MS = 1000 };

struct turns {
    struct core *core;
    struct inbound **batch;
    size_t batch_room;
    pthread_mutex_t lock;
    struct change *first, **last; /* handed over, not yet taken */
    _Atomic bool is_stopping;
    int64_t tick_mono_ms;
    struct housekeeping *housekeeping;
    bool is_last;   /* everything that is in memory only is written */
    bool is_broken; /* the last turn failed: load before the next */
    int64_t recover_wait_ms;
};

struct turns *turns_new(struct core *core) {
    struct turns *t = mem_alloc(sizeof *t);
    t->core = core;
    t->batch_room = (size_t)core->settings->batch_messages;
    t->batch = mem_alloc(t->batch_room * sizeof *t->batch);
    t->last = &t->first;
    t->recover_wait_ms = IDLE_WAIT_MS;
    pthread_mutex_init(&t->lock, NULL);
    t->housekeeping = housekeeping_new();
    core->health.journal_keep_ms = HISTORY_OPEN_MS + RULE_KEEP_EVERY_MS;
    return t;
}

static struct change *take_changes(struct turns *t) {
    pthread_mutex_lock(&t->lock);
    struct change *list = t->first;
    t->first = NULL;
    t->last = &t->first;
    t->core->figures.changes_waiting = 0;
    t->core->figures.changes_oldest_mono_us = 0;
    pthread_mutex_unlock(&t->lock);
    return list;
}

void turns_free(struct turns *t) {
    if (!t)
        return;
    for (struct change *change = take_changes(t), *next; change; change = next) {
        next = change->next;
        change_free(change);
    }
    housekeeping_free(t->housekeeping);
    pthread_mutex_destroy(&t->lock);
    free(t->batch);
    free(t);
}

void turns_submit(void *self, struct change *change) {
    struct turns *t = self;
    change->next = NULL;
    pthread_mutex_lock(&t->lock);
    if (t->core->figures.changes_waiting++ == 0)
        t->core->figures.changes_oldest_mono_us = clock_mono_us();
    *t->last = change;
    t->last = &change->next;
    pthread_mutex_unlock(&t->lock);
    inbox_wake(t->core->inbox);
}

void turns_stop(struct turns *t) {
    t->is_stopping = true;
    inbox_wake(t->core->inbox);
}

/* Waits for the first message, then a little for others; something urgent (it comes first) waits for nobody. */
static size_t gather(struct turns *t) {
    struct core *core = t->core;
    const int64_t idle = foreign_wait_ms(core->foreign, acks_wait_ms(core->acks, clock_mono_ms(), IDLE_WAIT_MS));
    /* devices that go over to other rules wait for no message */
    return inbox_take(core->inbox, t->batch, t->batch_room, core->reload.is_under_way ? 0 : idle,
                      core->settings->batch_wait_ms);
}

/* Carries changes out as long as `result` is OK; all become answers of this turn, executed or not. */
static enum result execute(struct core *core, struct change *changes, enum result result) {
    for (struct change *change = changes, *next; change; change = next) {
        next = change->next;
        if (result == RESULT_OK)
            result = desk_execute(core, change);
        effects_answer(core->effects, change);
    }
    return result;
}

/* How much waits in the store, and how much room the disk has. */
static enum result look_around(struct core *core) {
    struct store_depth depth;
    const enum result result = store_read_depth(core->store, &depth);
    if (result != RESULT_OK)
        return result;
    core->figures.journal_rows = (size_t)depth.journal_rows;
    core->figures.outbox_rows = (size_t)depth.outbox_rows;
    core->figures.outbox_oldest_ms = depth.outbox_oldest_ms;
    core->figures.store_file_bytes = (size_t)depth.file_bytes;
    core->figures.store_wal_file_bytes = (size_t)depth.wal_file_bytes;
    core->health.journal_oldest_ms = depth.journal_oldest_ms;
    core->health.disk_free_bytes = reserve_disk_free(core->reserve);
    return RESULT_OK;
}

/* About once a second: what waits for time to pass, and figures that other threads read. */
static enum result tick(struct turns *t) {
    struct core *core = t->core;
    if (core->now_mono_ms < t->tick_mono_ms)
        return RESULT_OK;
    t->tick_mono_ms = core->now_mono_ms + TICK_MS;
    log_settle(false);
    const struct history_figures h = history_read_figures(core->history);
    const struct store_figures s = store_read_figures(core->store);
    core->figures.devices = registry_count(core->registry);
    core->figures.strangers = registry_stranger_count(core->registry);
    core->figures.history_bytes = h.memory_bytes;
    core->figures.open_samples = h.open_samples;
    core->figures.chunks = h.chunks;
    core->figures.chunk_bytes = h.chunk_bytes;
    core->figures.tier_days = h.tier_days;
    core->figures.history_damaged = h.damaged;
    core->figures.wal_bytes = (size_t)s.wal_bytes;
    core->figures.is_short_of_disk = !reserve_restore(core->reserve, core->now_mono_ms);
    enum result result = look_around(core);
    if (result == RESULT_OK)
        result = guard_tick(core);
    if (result == RESULT_OK)
        result = doubt_tick(core);
    if (result == RESULT_OK)
        result = alarm_watch_tick(core);
    if (result == RESULT_OK)
        result = absence_tick(core);
    if (result == RESULT_OK)
        result = orphans_turn(core);
    if (result == RESULT_OK)
        result = log_wait_tick(core);
    return result == RESULT_OK ? jobs_tick(core) : result;
}

/* Goes on while the machine sleeps, unlike the clock for waiting. */
static int64_t boot_ms(void) {
    struct timespec now = {0};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static enum result commit(struct core *core) {
    const int64_t began_us = clock_mono_us();
    const enum result result = store_commit(core->store);
    if (result != RESULT_OK)
        return result;
    const int64_t now_us = clock_mono_us();
    histogram_observe(&core->timing.commit, now_us - began_us);
    timing_committed(&core->timing, now_us);
    core->health.commit_mono_ms = now_us / 1000;
    core->health.is_store_failing = false;
    return RESULT_OK;
}

/* Carries everything out; whatever the result, every change is among the effects and every message is freed. */
static enum result carry_out(struct turns *t, size_t count, struct change *changes) {
    struct core *core = t->core;
    core->now_ms = clock_wall_ms();
    core->now_mono_ms = clock_mono_ms();
    const int64_t began_us = clock_mono_us();
    enum result result = store_begin(core->store);
    if (result == RESULT_OK)
        result = guard_own_clock(core, core->now_ms, boot_ms());
    if (result == RESULT_OK)
        result = outbox_pump(core);
    if (result == RESULT_OK)
        result = rule_versions_turn(core);
    if (count > 0)
        histogram_observe(&core->timing.batch, (int64_t)count);
    for (size_t i = 0; i < count; i++) {
        histogram_observe(&core->timing.inbox_wait, began_us - t->batch[i]->recv_mono_us);
        if (result == RESULT_OK)
            result = pipeline_receive(core, t->batch[i]);
        inbound_free(t->batch[i]);
    }
    if (result == RESULT_OK)
        result = foreign_turn(core->foreign);
    result = execute(core, changes, result);
    if (result == RESULT_OK)
        result = tick(t);
    if (result == RESULT_OK)
        result = session_guard_turn(core);
    if (result == RESULT_OK)
        result = housekeeping_turn(t->housekeeping, core, count);
    if (result == RESULT_OK)
        result = rule_keep_turn(core, t->is_last);
    if (result == RESULT_OK)
        result = pipeline_finish(core);
    if (result == RESULT_OK)
        result = commit(core);
    histogram_observe(&core->timing.turn, clock_mono_us() - began_us);
    return result;
}

/* In front of what came meanwhile. */
static void put_back(struct turns *t, struct change *list) {
    if (!list)
        return;
    struct change *last = list;
    while (last->next)
        last = last->next;
    pthread_mutex_lock(&t->lock);
    last->next = t->first;
    if (!t->first)
        t->last = &last->next;
    t->first = list;
    for (const struct change *change = list; change != last->next; change = change->next)
        t->core->figures.changes_waiting++;
    if (t->core->figures.changes_oldest_mono_us == 0)
        t->core->figures.changes_oldest_mono_us = clock_mono_us();
    pthread_mutex_unlock(&t->lock);
}

/* The disk is full: from here on only what is urgent is taken, in the room that the reserve gives up. */
static void give_up_reserve(struct core *core, enum result result) {
    const bool is_full =
        result == RESULT_FULL || (result == RESULT_IO && reserve_disk_free(core->reserve) < RESERVE_MARGIN_BYTES);
    if (!is_full)
        return;
    reserve_release(core->reserve);
    core->figures.is_short_of_disk = true;
}

static void fail(struct turns *t, size_t count, enum result result) {
    struct core *core = t->core;
    give_up_reserve(core, result);
    log_error("gateway.turn", "turn_failed", "result=%s store=%s", result_name(result),
              log_text(store_error(core->store)));
    store_rollback(core->store);
    put_back(t, effects_drop(core->effects, core->web));
    core->figures.turns_failed++;
    core->figures.dropped_store_failed += count;
    timing_dropped(&core->timing);
    core->health.turn_failed_mono_ms = clock_mono_ms();
    core->health.is_store_failing = true;
    t->is_broken = true;
}

/* Waits before the next attempt; what comes in meanwhile is dropped unacknowledged, whoever asks is told. */
static void wait_out(struct turns *t) {
    const int64_t until = clock_mono_ms() + t->recover_wait_ms;
    for (int64_t left; !t->is_stopping && (left = until - clock_mono_ms()) > 0;) {
        const size_t count = inbox_take(t->core->inbox, t->batch, t->batch_room, left < BEAT_MS ? left : BEAT_MS, 0);
        watchdog_beat(t->core->watchdog, t->core);
        t->core->figures.dropped_store_failed += count;
        for (size_t i = 0; i < count; i++)
            inbound_free(t->batch[i]);
    }
    if (execute(t->core, take_changes(t), RESULT_IO) != RESULT_OK)
        put_back(t, effects_drop(t->core->effects, t->core->web));
    t->recover_wait_ms = t->recover_wait_ms * 2 > RECOVER_WAIT_MAX_MS ? RECOVER_WAIT_MAX_MS : t->recover_wait_ms * 2;
}

/* Reads everything anew after a failure. The wait grows until a turn is committed again. */
static bool mend(struct turns *t) {
    struct fault fault;
    wait_out(t);
    housekeeping_forget(t->housekeeping);
    if (pipeline_load(t->core, &fault) != RESULT_OK) {
        log_error("gateway.turn", "store_unusable", "retry_ms=%lld reason=%s", (long long)t->recover_wait_ms,
                  log_text(fault.text));
        return false;
    }
    log_info("gateway.turn", "store_usable_again", "retry_ms=%lld", (long long)t->recover_wait_ms);
    t->is_broken = false;
    mqtt_resubscribe(t->core->mqtt); /* who is online is known from retained states only */
    if (foreign_mqtt(t->core->foreign))
        mqtt_resubscribe(foreign_mqtt(t->core->foreign));
    return true;
}

void turns_run(struct turns *t) {
    struct core *core = t->core;
    while (!t->is_stopping) {
        if (t->is_broken && !mend(t))
            continue;
        const size_t count = gather(t);
        struct change *changes = take_changes(t);
        mqtt_tick(core->mqtt, clock_mono_ms());
        if (foreign_mqtt(core->foreign))
            mqtt_tick(foreign_mqtt(core->foreign), clock_mono_ms());
        const enum result result = carry_out(t, count, changes);
        core->figures.turns++;
        watchdog_beat(core->watchdog, core);
        if (result != RESULT_OK) {
            fail(t, count, result);
            continue;
        }
        t->recover_wait_ms = IDLE_WAIT_MS;
        foreign_committed(core->foreign);
        effects_run(core->effects, core->web);
        acks_publish(core->acks, core->mqtt, clock_mono_ms());
        const enum result moved = store_checkpoint(core->store);
        if (moved != RESULT_OK) {
            log_warn("gateway.turn", "checkpoint_failed", "store=%s", log_text(store_error(core->store)));
            give_up_reserve(core, moved);
        }
    }
}

void turns_last(struct turns *t) {
    struct fault fault;
    /* After a failed turn what is in memory is ahead of the store: it must not be written. */
    if (t->is_broken) {
        housekeeping_forget(t->housekeeping);
        if (pipeline_load(t->core, &fault) != RESULT_OK) {
            log_error("gateway.turn", "store_unusable", "reason=%s", log_text(fault.text));
            return; /* the next start reads the seals */
        }
    }
    t->is_last = true;
    do {
        const enum result result = carry_out(t, 0, take_changes(t));
        if (result != RESULT_OK) {
            fail(t, 0, result);
            return;
        }
        foreign_committed(t->core->foreign);
        effects_run(t->core->effects, t->core->web);
    } while (foreign_is_waiting(t->core->foreign)); /* nobody would send those again */
}
