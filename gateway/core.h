/* What the pipeline thread owns, handed to the files that work for it. Built and freed by gateway.c; everything here is
 * touched by that one thread only, except where a part says that it is thread safe (inbox, web, figures). */
#pragma once
#include <stdatomic.h>

#include "acks.h"
#include "alarm_watch.h"
#include "doubt.h"
#include "effects.h"
#include "guard.h"
#include "health.h"
#include "log_wait.h"
#include "normalize/normalize.h"
#include "quarantine_cause.h"
#include "reload.h"
#include "reserve.h"
#include "rules/fleet.h"
#include "rule_keep.h"
#include "rule_versions.h"
#include "rules/pack_holder.h"
#include "settings.h"
#include "store/history.h"
#include "tickets/storm.h"
#include "timing.h"

/* Counts since the start, read by any thread. */
struct figures {
    _Atomic uint64_t messages, samples, logs, events, repeats, gaps, quarantined, rejected_records;
    _Atomic uint64_t alarms_raised, alarms_cleared, alarms_silenced, alarms_surfaced, incidents_opened, tickets_opened,
        sessions_asked, sessions_emergency, commands_sent, replies;
    _Atomic uint64_t evidence_asked, evidence_attached, evidence_failed;
    _Atomic uint64_t turns, turns_failed, changes;
    _Atomic uint64_t rules_reloads, rules_refused;
    _Atomic int64_t rules_version;
    _Atomic uint64_t put_off; /* bulk messages not taken while the disk is full */
    _Atomic bool is_short_of_disk;
    _Atomic uint64_t patterns_off; /* of log rules, for taking too long */
    _Atomic uint64_t clock_jumps, clock_rebased, own_clock_steps, identity_switches, flapping_begun, doubted;
    _Atomic uint64_t quarantined_by[QUARANTINE_CAUSES];
    _Atomic uint64_t dropped_store_failed, dropped_unknown_device; /* messages; not taken, so they come again */
    _Atomic size_t devices, strangers, history_bytes, open_samples, wal_bytes;
    _Atomic uint64_t chunks, chunk_bytes, tier_days, history_damaged;
    _Atomic size_t journal_rows, outbox_rows, store_file_bytes, store_wal_file_bytes, changes_waiting;
    _Atomic int64_t outbox_oldest_ms;       /* wall; 0: none */
    _Atomic int64_t changes_oldest_mono_us; /* of those that wait; 0: none does */
};

struct core {
    const struct settings *settings;
    const struct packs *packs; /* the newest of the holder; devices go over to them (reload.h) */
    struct pack_holder *holder;
    struct reload reload;
    struct rule_versions versions;
    struct store *store;
    struct history *history;
    struct registry *registry;
    struct fleets *fleets; /* of the registry's devices, by model and firmware */
    struct normalizer *normalizer;
    struct inbox *inbox;
    _Atomic(struct mqtt *) mqtt; /* NULL until it begins to connect, after the edge has begun to answer */
    struct web *web;             /* NULL until it listens; started after the store was loaded */
    char session_url[300];
    struct acks *acks;
    struct effects *effects;
    struct reporter *reporter;
    struct vault *vault; /* keys of recordings; any thread reads */
    struct mask *mask;   /* of what is shown; any thread reads */
    struct reserve *reserve;
    struct rule_keep rule_keep;
    struct log_wait log_wait;
    struct guard guard;
    struct doubt doubt;
    struct storm *storm; /* raises of late, over the fleet */
    struct alarm_watch alarm_watch;
    struct foreign *foreign; /* NULL: no adapters */
    struct figures figures;
    struct timing timing;
    struct health health;
    struct watchdog *watchdog;     /* NULL: nobody is told */
    bool may_have_orphans;         /* alarms whose rule is gone: orphans.h */
    int64_t absence_mono_ms;       /* when silent devices are looked at next */
    int64_t session_guard_mono_ms; /* when sessions are */
    /* of the turn under way */
    int64_t now_ms, now_mono_ms;
    struct device *touched; /* through next_touched: last_seen and stream positions to write */
    struct firings firings; /* scratch */
};
