/* Which devices' rule state the store does not have yet, oldest first; a few are written in each turn. The journal
 * keeps what the oldest of them still needs. */
#pragma once
#include <stdint.h>

#include "fieldline/result.h"
#include "normalize/device.h"
#include "store/rule_logs.h"

struct core;
struct rule_keep {
    struct device *first, *last; /* through device->unkept.newer, in order of unkept.journal */
    int64_t journal;             /* newest row that any rules have seen */
    struct buf state;            /* scratch */
};
/* How long a changed state may be missing: it bounds the journal and what a restart replays. */
enum { RULE_KEEP_EVERY_MS = 5 * 60 * 1000, RULE_KEEP_DEVICES = 64, RULE_STATE_BYTES_MAX = 16 * 1024 * 1024 };

void rule_keep_init(struct rule_keep *keep);
void rule_keep_fini(struct rule_keep *keep);
/* The registry was loaded anew. */
void rule_keep_forget(struct rule_keep *keep);
/* The device's rules have seen this journal row; the store's state has not. */
FL_CHECK enum result rule_keep_note(struct core *core, struct device *device, int64_t journal, int64_t now_mono_ms);
/* The same for log lines or events; before their rows are written. */
FL_CHECK enum result rule_keep_note_logs(struct core *core, struct device *device, int64_t now_mono_ms);
/* For a device whose rows after `seen` were read back. */
void rule_keep_note_seen(struct core *core, struct device *device, const struct log_place *seen, int64_t now_mono_ms);
/* In a transaction, after its messages: writes at most RULE_KEEP_DEVICES states that are due; `all`: every one. */
FL_CHECK enum result rule_keep_turn(struct core *core, bool all);
/* The first journal row that a state does not contain; INT64_MAX: none. */
int64_t rule_keep_pin(const struct rule_keep *keep);
