/* Manifests of evidence bundles from anywhere. What is accepted is printed again and must be the same. */
#include <stdlib.h>
#include <string.h>

#include "sessions/dossier.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static struct dossier_manifest manifest;
    struct buf again;
    if (dossier_manifest_parse((const char *)bytes, count, &manifest, NULL) == RESULT_OK) {
        buf_init(&again, 1 << 20);
        dossier_manifest_print(&manifest, &again);
        if (again.count != count || memcmp(again.data, bytes, count) != 0) {
            abort();
        }
        buf_fini(&again);
    }
    return 0;
}
