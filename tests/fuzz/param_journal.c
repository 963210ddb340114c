/* The journal of a change of parameters, as a damaged disk may give it back. What is accepted is written and read again
 * as the same. A seal is put behind the bytes, or hardly any would get past it. */
#include "param_journal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct param_journal *journal = mem_alloc(sizeof *journal), *again = mem_alloc(sizeof *again);
    uint8_t digest[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    struct buf text;
    buf_init(&text, 4 * PARAM_JOURNAL_BYTES);
    sha256(bytes, count, digest);
    hex_encode(digest, sizeof digest, hex);
    buf_add(&text, bytes, count);
    buf_printf(&text, "\n%s\n", hex);
    if (param_journal_decode(bytes, count, journal, NULL) == RESULT_OK ||
        param_journal_decode(buf_text(&text), text.count, journal, NULL) == RESULT_OK) {
        buf_reset(&text);
        param_journal_encode(journal, &text);
        if (!text.overflow && (param_journal_decode(text.data, text.count, again, NULL) != RESULT_OK ||
                               again->count != journal->count || again->state != journal->state)) {
            abort();
        }
    }
    buf_fini(&text);
    free(journal);
    free(again);
    return 0;
}
