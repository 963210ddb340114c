/* Chunks as rows of the store: the writer's side, and how a row is read. Private to gateway/store; owned by history. */
#pragma once
#include "store/sql.h"
#include "store/tier_builder.h"

#define CHUNK_COLUMNS "id, series, start_ms, end_ms, count, min, max, sum, bytes"
struct chunk_row {
    int64_t id;
    struct chunk_summary summary;
    const void *bytes; /* until the query moves on */
    size_t byte_count;
};
void take_chunk(struct query *q, struct chunk_row *out); /* CHUNK_COLUMNS */
/* Opens it. One that is damaged is logged with its series and id. */
FL_CHECK enum result chunk_row_open(const struct chunk_row *row, struct point out[CHUNK_SAMPLES_MAX], size_t *count);

/* In order of time, then value. */
int point_compare(const void *a, const void *b);
void points_sort(struct point *points, size_t count); /* nothing to do is the usual case */

struct chunk_rows;
struct chunk_rows *chunk_rows_new(struct store *store, struct tier_builder *tiers);
void chunk_rows_free(struct chunk_rows *rows);
/* In a transaction. Points of one UTC day, in order, at most CHUNK_SAMPLES_MAX / 2: a new row, or, when they are few,
 * together with the chunk before them in its row. */
FL_CHECK enum result chunk_rows_add(struct chunk_rows *rows, int64_t series, const struct point *points, size_t count);
FL_CHECK enum result chunk_rows_expire(struct chunk_rows *rows, int64_t device, int64_t before_ms, int rows_max,
                                       int *deleted); /* see history_expire */
struct chunk_rows_figures {
    uint64_t chunks, merges, bytes, samples;
};
struct chunk_rows_figures chunk_rows_read_figures(const struct chunk_rows *rows);
