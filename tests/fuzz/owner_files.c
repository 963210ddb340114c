/* The agent's files of owners' keys, standing windows and the visible sign, whatever is in them. What is read as keys
 * is saved and read again; no window ever counts, because no key here has signed one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "owner_windows.h"
#include "sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void put(const char *dir, const char *name, const void *bytes, size_t count) {
    char path[128];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    if (file_replace(path, bytes, count, 0600, NULL) != RESULT_OK) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static char dir[] = "/tmp/fieldline-fuzz-XXXXXX";
    static bool has_dir;
    static struct owner_windows windows;
    struct owner_keys keys = {0}, again;
    struct sign_row rows[SIGN_ROWS_MAX];
    size_t row_count;
    if (!has_dir) {
        has_dir = mkdtemp(dir) != NULL;
    }
    put(dir, "owner-keys", bytes, count);
    put(dir, "consent-windows", bytes, count);
    put(dir, "session-active", bytes, count);
    if (owner_keys_load(dir, &keys, NULL) == RESULT_OK &&
        (owner_keys_save(dir, &keys, NULL) != RESULT_OK || owner_keys_load(dir, &again, NULL) != RESULT_OK ||
         again.count != keys.count || memcmp(again.secret, keys.secret, sizeof keys.secret) != 0)) {
        abort();
    }
    (void)!owner_windows_load(dir, "freezer-7", &keys, 0, &windows, NULL);
    if (windows.count != 0) {
        abort();
    }
    (void)!sign_read(dir, rows, &row_count, NULL);
    return 0;
}
