/* The key of a segment, and what each tag is bound to: file, offset, length. So a record cannot be moved within a file,
 * nor to another file of the session, nor to another session: it opens nowhere but where it was written. */
#include "sessions/vault_cipher.h"

#include <stdio.h>
#include <string.h>

bool vault_file_path(const char *base, const char *ending, char out[VAULT_FILE_PATH_BYTES]) {
    int chars = snprintf(out, VAULT_FILE_PATH_BYTES, "%s%s", base, ending);
    return chars > 0 && chars < VAULT_FILE_PATH_BYTES && strlen(ending) < VAULT_ENDING_BYTES &&
           strlen(base) >= CAP_UUID_BYTES;
}

void vault_cipher_init(struct vault_cipher *c, const char *base, const char *ending) {
    snprintf(c->name, sizeof c->name, "%s%s", base + strlen(base) - CAP_UUID_BYTES, ending);
}

void vault_cipher_fini(struct vault_cipher *c) {
    aead_free(c->aead);
    wipe(c, sizeof *c);
}

void vault_cipher_segment(struct vault_cipher *c, const uint8_t salt[AEAD_SALT_BYTES]) {
    uint8_t key[AEAD_KEY_BYTES];
    aead_free(c->aead);
    aead_derive(c->key, sizeof c->key, salt, AEAD_SALT_BYTES, c->name, key);
    c->aead = aead_new(key);
    c->counter = 0;
    wipe(key, sizeof key);
}

struct aead_place vault_cipher_place(const struct vault_cipher *c, uint64_t offset, uint32_t head,
                                     uint8_t out[VAULT_PLACE_BYTES]) {
    size_t chars = strlen(c->name) + 1; /* its NUL ends it */
    memcpy(out, c->name, chars);
    for (int i = 0; i < 8; i++) {
        out[chars++] = (uint8_t)(offset >> (56 - 8 * i));
    }
    for (int i = 0; i < 4; i++) {
        out[chars++] = (uint8_t)(head >> (24 - 8 * i));
    }
    return (struct aead_place){out, chars};
}
