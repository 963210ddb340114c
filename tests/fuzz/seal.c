/* Seals from anywhere. One that is accepted names itself the same way twice. */
#include "sessions/seal.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static struct seal first, second;
    char one[SHA256_HEX_BYTES], two[SHA256_HEX_BYTES];
    if (seal_parse((const char *)bytes, count, &first, NULL) == RESULT_OK) {
        if (seal_parse((const char *)bytes, count, &second, NULL) != RESULT_OK) {
            abort();
        }
        seal_digest(&first, one);
        seal_digest(&second, two);
        if (strcmp(one, two) != 0) {
            abort();
        }
    }
    return 0;
}
