/* Signed heads from anywhere. What is accepted is printed again and must be the same line. */
#include <stdlib.h>
#include <string.h>

#include "sessions/heads.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct head head;
    struct buf again;
    if (head_parse((const char *)bytes, count, &head, NULL) == RESULT_OK) {
        buf_init(&again, HEADS_LINE_BYTES);
        head_print(&head, &again);
        if (again.count != count + 1 || memcmp(again.data, bytes, count) != 0) {
            abort();
        }
        buf_fini(&again);
    }
    return 0;
}
