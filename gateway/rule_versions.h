/* Which version of the rules runs. Every activation is a row of the store with who, when and what became of it; the
 * newest one is what runs. Versions come from the rules folder (at a start, by SIGHUP, by an administrator in the
 * console), from the command line beside the running gateway, and from the past (a revert). All but the start are
 * carried out between messages; nothing is replaced unless every pack of the new version is sound. */
#pragma once
#include <stdint.h>

#include "fieldline/bytes.h"

struct core;
struct change;
struct packs;
struct store;
struct rule_versions {
    int64_t newest;       /* activation that was carried out, or refused */
    int64_t running;      /* activation whose packs are in use */
    int64_t look_mono_ms; /* when to look for others' next */
};
enum { RULE_VERSIONS_LOOK_MS = 200, RULE_VERSIONS_PROBLEM_BYTES = 64 * 1024 };

/* Before the registry is loaded: makes core->holder and core->packs. Files that were changed since the last start are a
 * new version and run; otherwise what ran last does, also when it came from elsewhere. Problems go to standard error.
 */
FL_CHECK enum result rule_versions_start(struct core *core, struct fault *fault);
/* In a turn's transaction: carries out what others have activated, and goes on with devices that have to go over. */
FL_CHECK enum result rule_versions_turn(struct core *core);
/* CHANGE_RULES_RELOAD: what is in the rules folder now. CHANGE_RULES_REVERT: body {"version"}, or the one before. */
FL_CHECK enum result rule_versions_change(struct core *core, struct change *change);

/* In a transaction: what the folder has now is known; a start does not take it for an edit. Whoever activates something
 * else by hand wants that to stay. */
FL_CHECK enum result rule_versions_see_folder(struct store *store, const char *rules_dir);
/* The packs of a version's content. NULL, and problems: it is not sound (any more). `dir`: where files may be put for a
 * moment. */
struct packs *rule_versions_load(const char *dir, const void *content, size_t bytes, struct buf *problems);
