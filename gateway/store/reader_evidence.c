/* Evidence for those who look at it: the rows of a ticket, and what is in the parts of one, a record at a time. A part
 * that is not what was written is skipped and counted; the others are still served. */
#include "store/reader_evidence.h"

#include <stdlib.h>

#include "store/evidence_row.h"
#include "store/reader_handle.h"

enum result reader_evidence_of(struct reader *reader, int64_t ticket, evidence_fn *fn, void *self) {
    struct query q = query_of(&reader->sql, "SELECT " EVIDENCE_COLUMNS ", e.names" EVIDENCE_FROM
                                            "WHERE e.ticket = ? ORDER BY e.id DESC LIMIT ?");
    put_int(&q, ticket);
    put_int(&q, READER_ROWS_MAX);
    while (query_next(&q)) {
        struct evidence row;
        take_evidence(&q, &row);
        fn(self, &row, take_text(&q));
    }
    return query_end(&q);
}

enum result reader_evidence(struct reader *reader, int64_t id, struct evidence *out) {
    struct query q = query_of(&reader->sql, "SELECT " EVIDENCE_COLUMNS EVIDENCE_FROM "WHERE e.id = ?");
    put_int(&q, id);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take_evidence(&q, out);
    query_close(&q);
    return RESULT_OK;
}

/* false: it does not read to its end; what came before is told. */
static bool read_part(struct evidence_reader *block, struct evidence_item *item, const void *bytes, size_t count,
                      int64_t shift_ms, evidence_item_fn *fn, void *self) {
    struct fault fault;
    bool is_end = false;
    enum result result = evidence_open(block, bytes, count, &fault);
    while (result == RESULT_OK && (result = evidence_next(block, item, &is_end, &fault)) == RESULT_OK && !is_end) {
        if (item->is_log)
            item->log.event_ms += shift_ms;
        else
            item->sample.event_ms += shift_ms;
        fn(self, item);
    }
    return result == RESULT_OK;
}

enum result reader_evidence_items(struct reader *reader, int64_t id, evidence_item_fn *fn, void *self,
                                  int64_t *damaged) {
    struct evidence_reader *block = mem_alloc(sizeof *block);
    struct evidence_item item;
    struct query q = query_of(&reader->sql, "SELECT shift_ms, crc, bytes FROM evidence_part WHERE evidence = ?"
                                            " ORDER BY part");
    *damaged = 0;
    put_int(&q, id);
    while (query_next(&q)) {
        size_t count = 0;
        const int64_t shift_ms = take_int(&q), sum = take_int(&q);
        const void *bytes = take_blob(&q, &count);
        if (sum != evidence_part_sum(shift_ms, bytes, count) ||
            !read_part(block, &item, bytes, count, shift_ms, fn, self))
            ++*damaged;
    }
    free(block);
    return query_end(&q);
}
