/* Encrypted files of recordings, and their key files. First byte: 'k' a .key file; 'f' a file whose records are sealed
 * here under a known key, so that what follows a good beginning is reached too: the rest is put behind three good
 * records. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sessions/vault_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

#define SESSION "11111111-2222-4333-8444-555555555555"

static void key(const uint8_t *bytes, size_t count) {
    char master[VAULT_NAME_BYTES + 1];
    struct buf wrapped;
    buf_init(&wrapped, 512);
    (void)!vault_key_parse((const char *)bytes, count, SESSION, master, &wrapped, NULL);
    buf_fini(&wrapped);
}

static void file(const uint8_t *bytes, size_t count) {
    char dir[] = "/tmp/fieldline-fuzz-XXXXXX", base[128], master[64], path[160];
    struct vault *vault = NULL;
    struct vault_writer *w = NULL;
    struct vault_stream *s = NULL;
    const uint8_t *piece;
    size_t n, good = 0, total = 0;
    if (mkdtemp(dir) == NULL) {
        abort();
    }
    snprintf(base, sizeof base, "%s/%s", dir, SESSION);
    snprintf(master, sizeof master, "%s/m", dir);
    if (vault_make_master(master, NULL) != RESULT_OK || vault_open(master, NULL, &vault, NULL) != RESULT_OK ||
        vault_writer_create(vault, base, ".cast", &w, NULL) != RESULT_OK) {
        abort();
    }
    for (; good < 3; good++) {
        if (vault_writer_append(w, "line\n", 5, NULL) != RESULT_OK) {
            abort();
        }
    }
    vault_writer_close(w);
    snprintf(path, sizeof path, "%s.cast", base);
    FILE *out = fopen(path, "a");
    if (out == NULL || fwrite(bytes, 1, count, out) != count || fclose(out) != 0) {
        abort();
    }
    if (vault_stream_open(vault, base, ".cast", &s, NULL) != RESULT_OK) {
        abort();
    }
    while (vault_stream_next(s, &piece, &n, NULL) == RESULT_OK) {
        total += n;
    }
    if (total != 15) { /* nothing that was not sealed comes out */
        abort();
    }
    vault_stream_close(s);
    vault_close(vault);
    unlink(path);
    unlink(master);
    snprintf(path, sizeof path, "%s.key", base);
    unlink(path);
    rmdir(dir);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count > 0) {
        (bytes[0] == 'k' ? key : file)(bytes + 1, count - 1);
    }
    return 0;
}
