/* Secret boxes, through OpenSSL: AES-256-GCM under a key of our own making, keys derived from a secret (HKDF-SHA256),
 * and boxes that only the holder of an X25519 key can open. A counter must never be used twice with one key: callers
 * derive a key for each run of counters from a fresh salt. */
#pragma once
#include "fieldline/bytes.h"

enum { AEAD_KEY_BYTES = 32, AEAD_TAG_BYTES = 16, AEAD_SALT_BYTES = 16 };

/* Bytes that are covered but not hidden: what is sealed belongs to this place and no other. */
struct aead_place {
    const void *bytes;
    size_t count;
};

struct aead; /* one thread */
struct aead *aead_new(const uint8_t key[AEAD_KEY_BYTES]);
void aead_free(struct aead *aead); /* wipes the key; NULL is fine */
/* out: count + AEAD_TAG_BYTES. */
void aead_seal(struct aead *aead, uint64_t counter, struct aead_place place, const void *plain, size_t count,
               uint8_t *out);
/* sealed: count + AEAD_TAG_BYTES; out: count. False: it is not what was sealed under this key, counter and place; `out`
 * holds nothing of use then. */
FL_CHECK bool aead_open(struct aead *aead, uint64_t counter, struct aead_place place, const uint8_t *sealed,
                        size_t count, uint8_t *out);
void aead_derive(const void *secret, size_t secret_count, const void *salt, size_t salt_count, const char *info,
                 uint8_t out[AEAD_KEY_BYTES]);

/* ---- for the holder of a key pair ---- */
enum { BOX_EXTRA_BYTES = 32 + AEAD_TAG_BYTES }; /* longer than what is in it by so much */
struct box_key;
/* PEM; refuses what is no X25519 key. A private key with a passphrase is refused. */
FL_CHECK enum result box_key_read_public(const char *path, struct box_key **out, struct fault *fault);
FL_CHECK enum result box_key_read_private(const char *path, struct box_key **out, struct fault *fault);
void box_key_free(struct box_key *key);
/* Appends ephemeral public key, sealed bytes, tag. Nobody, the sealer included, can open it without the private key. */
FL_CHECK enum result box_seal(const struct box_key *to, const char *info, struct aead_place place, const void *plain,
                              size_t count, struct buf *out);
/* RESULT_DENIED: not sealed to this key, for this place, or changed since. */
FL_CHECK enum result box_open(const struct box_key *with, const char *info, struct aead_place place, const uint8_t *box,
                              size_t count, struct buf *out, struct fault *fault);
