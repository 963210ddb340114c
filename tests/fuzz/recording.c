/* Any bytes as a recorded table. It is read to its end, or refused with the file's name; what is read has names that a
 * pack could have and finite values or none. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/recording.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

static void check_columns(const struct recording_column *columns, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (!columns[i].metric[0] ||
            strspn(columns[i].metric, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(columns[i].metric))
            abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count) {
    struct recording *r;
    struct recording_row row;
    struct fault fault;
    size_t columns;
    enum result result;
    FILE *file = count > 0 ? fmemopen((void *)(uintptr_t)bytes, count, "r") : NULL;
    if (!file)
        return 0;
    if (recording_new(csv_new(file, "f"), &r, &fault) != RESULT_OK) {
        if (strncmp(fault.text, "f:", 2) != 0)
            abort();
        return 0;
    }
    const struct recording_column *all = recording_columns(r, &columns);
    check_columns(all, columns);
    if (recording_interval_ms(r) < 0)
        abort();
    while ((result = recording_next(r, &row, &fault)) == RESULT_OK)
        for (size_t i = 0; i < columns; i++)
            if (isinf(row.values[i]))
                abort();
    if (result != RESULT_CLOSED && strncmp(fault.text, "f:", 2) != 0)
        abort();
    recording_free(r);
    return 0;
}
