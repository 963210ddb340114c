/* Keeps the tiers of history up with its chunks. Owned by history, on the pipeline's thread.
 *
 * A series' day is either *due* (a row in tier_due: chunks were written since its tiers were built, and it has no
 * tiers) or its tiers say exactly what its chunks say. So readers may use whatever tier they find, and a crash, a
 * rollback or late data leaves nothing wrong, only something due. A day whose samples were expired is *final*: its
 * tiers are all there is, and samples that still come for it are added to them.
 *
 *   tier      id = series, level, day (tier.h); is_final: of the hours' row of a day
 *   tier_due  id = day << 40 | series: oldest first */
#pragma once
#include "store/store.h"
#include "store/tier.h"

struct tier_builder;
FL_CHECK enum result tier_builder_open(struct store *store, int64_t open_ms, struct tier_builder **out);
void tier_builder_close(struct tier_builder *builder);

/* Before points of one day are written as a chunk; in its transaction. *is_folded: the day is final, they are in its
 * tiers now and need not be written. */
FL_CHECK enum result tier_builder_take(struct tier_builder *builder, int64_t series, int64_t day,
                                       const struct point *points, size_t count, bool *is_folded);
/* Some more work: opens about `chunks_max` chunks at most. In a transaction. Days are built when they are over and
 * `open_ms` has passed, so that their chunks are written. */
FL_CHECK enum result tier_builder_step(struct tier_builder *builder, int64_t now_ms, int chunks_max);
/* The samples of the series' day are about to be deleted; false in *is_ready: not yet, its tiers are due. */
FL_CHECK enum result tier_builder_finish(struct tier_builder *builder, int64_t series, int64_t day, bool *is_ready);
/* Deletes at most rows_max rows of the device's tiers that are of days before before_ms. */
FL_CHECK enum result tier_builder_expire(struct tier_builder *builder, int64_t device, int64_t before_ms, int rows_max,
                                         int *deleted);
uint64_t tier_builder_built(const struct tier_builder *builder);   /* days, since it was opened */
uint64_t tier_builder_damaged(const struct tier_builder *builder); /* chunks left out because they do not decode */
