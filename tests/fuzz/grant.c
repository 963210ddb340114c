/* What a session process reads on its standard input. A grant that is accepted is printed and accepted again. */
#include "session_grant.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct session_grant grant, again;
    struct buf text;
    if (session_grant_parse((const char *)bytes, count, &grant, NULL) != RESULT_OK) {
        return 0;
    }
    buf_init(&text, 8 * SESSION_GRANT_BYTES);
    session_grant_print(&grant, &text);
    if (text.count <= SESSION_GRANT_BYTES) {
        if (session_grant_parse(buf_text(&text), text.count, &again, NULL) != RESULT_OK) {
            abort();
        }
        session_grant_fini(&again);
    }
    session_grant_fini(&grant);
    buf_fini(&text);
    return 0;
}
