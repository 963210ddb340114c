/* What the pipeline thread owns, handed to the files that work for it. Built and freed by gateway.c; everything here is
 * touched by that one thread only, except where a part says that it is thread safe (inbox, web, figures). */
#pragma once
#include <stdatomic.h>

#include "acks.h"
#include "effects.h"
#include "normalize/normalize.h"
#include "settings.h"
#include "store/history.h"

/* Counts since the start, read by any thread. */
struct figures {
    _Atomic uint64_t messages, samples, logs, events, repeats, gaps, quarantined, rejected_records;
    _Atomic uint64_t alarms_raised, alarms_cleared, tickets_opened, sessions_asked, commands_sent, replies;
    _Atomic uint64_t turns, turns_failed, changes;
    _Atomic uint64_t alarm_latency_us_last; /* message received -> its alarm committed */
    _Atomic uint64_t commits, commit_us_total, commit_us_max;
    _Atomic size_t devices, history_bytes, open_samples, wal_bytes;
};

struct core {
    const struct settings *settings;
    const struct packs *packs;
    struct store *store;
    struct history *history;
    struct registry *registry;
    struct normalizer *normalizer;
    struct inbox *inbox;
    struct mqtt *mqtt;
    struct web *web; /* NULL until it listens; started after the store was loaded */
    char session_url[300];
    struct acks *acks;
    struct effects *effects;
    struct reporter *reporter;
    struct foreign *foreign; /* NULL: no adapters */
    struct figures figures;
    /* of the turn under way */
    int64_t now_ms, now_mono_ms;
    struct device *touched; /* through next_touched: last_seen and stream positions to write */
    struct firings firings; /* scratch */
};
