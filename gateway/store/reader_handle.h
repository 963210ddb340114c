/* What is inside a reader. Private to gateway/store. */
#pragma once
#include "store/reader.h"
#include "store/sql.h"

struct reader {
    struct sql sql;
    bool is_open;     /* a read transaction is */
    uint64_t damaged; /* see reader_damaged */
};
/* limit of a page: at least 1, at most READER_ROWS_MAX. */
enum { READER_ROWS_MAX = 1000 };
int reader_limit(int limit);
/* The row id of a device, or RESULT_NOT_FOUND. */
FL_CHECK enum result reader_device_row(struct reader *reader, const char *device, int64_t *row);
