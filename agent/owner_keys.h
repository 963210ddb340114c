/* Who on this product counts as its owner: the pairing secret, which the owner's page shows by a MAC that it has, and
 * the public keys that were enrolled with it. One file, data_dir/owner-keys, mode 0600; it is read anew at each use, so
 * what a command line has removed is gone at once. */
#pragma once
#include "fieldline/owner.h"

enum { OWNER_KEYS_MAX = 8, OWNER_SECRET_BYTES = 32, OWNER_KEYS_FILE_BYTES = 16 * 1024 };
struct owner_key {
    char id[SHA256_HEX_BYTES];
    uint8_t point[POINT_BYTES];
    char name[OWNER_NAME_BYTES + 1]; /* the owner's own words */
    int64_t at_ms;                   /* enrolled */
};
struct owner_keys {
    uint8_t secret[OWNER_SECRET_BYTES];
    size_t count;
    struct owner_key items[OWNER_KEYS_MAX];
};
/* RESULT_NOT_FOUND: there is no file. RESULT_CORRUPT: it is not what was written. Wipe `out` when done. */
FL_CHECK enum result owner_keys_load(const char *data_dir, struct owner_keys *out, struct fault *fault);
FL_CHECK enum result owner_keys_save(const char *data_dir, const struct owner_keys *keys, struct fault *fault);
/* Loads them; the first time, makes the secret. */
FL_CHECK enum result owner_keys_open(const char *data_dir, struct owner_keys *out, struct fault *fault);
/* A new secret: links that were given out before enrol nobody any more. Enrolled keys stay. */
void owner_keys_renew(struct owner_keys *keys);
const struct owner_key *owner_keys_find(const struct owner_keys *keys, const char *id); /* NULL: not enrolled */
/* RESULT_DENIED: the MAC (base64url) is not this secret's over this text. RESULT_FULL. A key that is there already gets
 * the new name. */
FL_CHECK enum result owner_keys_enrol(struct owner_keys *keys, const char *device, const char *text, const char *mac,
                                      int64_t now_ms, struct fault *fault);
/* By index. Renews the secret as well: whoever held that key may also know the link. */
void owner_keys_remove(struct owner_keys *keys, size_t index);
