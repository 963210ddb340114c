/* What the writer and the reader of an encrypted file have in common; private to vault_writer.c and vault_stream.c. The
 * format is vault_file.h's. */
#pragma once
#include "sessions/vault_file.h"

#define VAULT_MAGIC "FLVAULT1"
enum {
    VAULT_MAGIC_BYTES = 8,
    VAULT_HEAD_BYTES = 4,
    VAULT_SEGMENT_BYTES = VAULT_HEAD_BYTES + AEAD_SALT_BYTES + AEAD_TAG_BYTES,
    VAULT_PLACE_BYTES = 96,
    VAULT_ENDING_BYTES = 24,
    VAULT_FILE_PATH_BYTES = TRANSCRIPT_PATH_BYTES + VAULT_ENDING_BYTES
};
#define VAULT_SEGMENT_HEAD (0x80000000u | AEAD_SALT_BYTES)

struct vault_cipher {
    uint8_t key[AEAD_KEY_BYTES]; /* the session's */
    char name[CAP_UUID_BYTES + VAULT_ENDING_BYTES];
    struct aead *aead; /* of the segment under way; NULL before the first */
    uint64_t counter;  /* of its next record */
    bool is_plain;
};
void vault_cipher_init(struct vault_cipher *c, const char *base, const char *ending);
void vault_cipher_fini(struct vault_cipher *c); /* wipes */
void vault_cipher_segment(struct vault_cipher *c, const uint8_t salt[AEAD_SALT_BYTES]);
/* What a tag covers beside the bytes. */
struct aead_place vault_cipher_place(const struct vault_cipher *c, uint64_t offset, uint32_t head,
                                     uint8_t out[VAULT_PLACE_BYTES]);
/* False: too long, or no session's. */
FL_CHECK bool vault_file_path(const char *base, const char *ending, char out[VAULT_FILE_PATH_BYTES]);
