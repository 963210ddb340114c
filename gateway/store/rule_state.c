/* One row a device, replaced every few minutes. The journal may forget what every row here and every chunk has seen;
 * without these rows it would have to be as long as the longest window of any rule. */
#include "store/rule_state.h"

#include <stdlib.h>

#include "store/chunk_rows.h"
#include "store/handle.h"
#include "store/history.h"

enum result store_rule_state_put(struct store *store, int64_t device, int64_t journal, const void *state,
                                 size_t bytes) {
    struct query q = query_of(&store->sql, "INSERT OR REPLACE INTO rule_state(device, journal, state) VALUES(?, ?, ?)");
    put_int(&q, device);
    put_int(&q, journal);
    put_blob(&q, state, bytes);
    return query_run(&q);
}

enum result store_rule_states_load(struct store *store, rule_state_fn *fn, void *self) {
    struct query q = query_of(&store->sql, "SELECT device, journal, state FROM rule_state ORDER BY device");
    while (query_next(&q)) {
        size_t bytes = 0;
        const int64_t device = take_int(&q), journal = take_int(&q);
        const void *state = take_blob(&q, &bytes);
        fn(self, device, journal, state, bytes);
    }
    return query_end(&q);
}

enum result store_points_since(struct store *store, int64_t series, int64_t from_ms, points_fn *fn, void *self) {
    struct point *points = mem_alloc(CHUNK_SAMPLES_MAX * sizeof *points);
    struct query q = query_of(&store->sql, "SELECT " CHUNK_COLUMNS " FROM chunk WHERE series = ? AND start_ms > ?"
                                           " ORDER BY start_ms");
    put_int(&q, series);
    put_int(&q, from_ms - HISTORY_SPAN_MS - 1);
    while (query_next(&q)) {
        struct chunk_row row;
        size_t count = 0, first = 0;
        take_chunk(&q, &row);
        if (row.summary.end_ms < from_ms || chunk_row_open(&row, points, &count) != RESULT_OK)
            continue;
        while (first < count && points[first].event_ms < from_ms)
            first++;
        if (first < count)
            fn(self, points + first, count - first);
    }
    free(points);
    return query_end(&q);
}
