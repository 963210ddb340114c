/* What an owner's page signs. A statement that is accepted is printed as it was, to the byte. */
#include "fieldline/owner.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct owner_statement s;
    struct buf text;
    if (owner_statement_parse((const char *)bytes, count, &s, NULL) != RESULT_OK) {
        return 0;
    }
    buf_init(&text, OWNER_STATEMENT_BYTES);
    owner_statement_print(&s, &text);
    if (text.count != count || memcmp(text.data, bytes, count) != 0) {
        abort();
    }
    (void)!owner_window_left_ms(&s, s.begins_ms);
    buf_fini(&text);
    return 0;
}
