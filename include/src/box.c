/* Boxes for the holder of an X25519 key pair (aead.h): an ephemeral pair for each, whose private half is forgotten, so
 * that not even who sealed a box can open it. Key: HKDF over the shared secret, salted with both public keys; it is
 * used once, so the counter is 0. The same construction as HPKE's base mode (RFC 9180) without its suite negotiation,
 * which OpenSSL 3.0 does not have. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/aead.h"

enum { POINT_BYTES = 32 };
struct box_key {
    EVP_PKEY *pkey;
    uint8_t point[POINT_BYTES];
};

static int no_passphrase(char *buf, int size, int is_writing, void *self) {
    (void)buf, (void)size, (void)is_writing, (void)self;
    return 0;
}

static enum result read_key(const char *path, bool is_private, struct box_key **out, struct fault *fault) {
    size_t count = POINT_BYTES;
    BIO *file = BIO_new_file(path, "re");
    if (!file) {
        ERR_clear_error();
        return fault_set(fault, errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO, "%s: %s", path, strerror(errno));
    }
    EVP_PKEY *pkey = is_private ? PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL)
                                : PEM_read_bio_PUBKEY(file, NULL, no_passphrase, NULL);
    BIO_free(file);
    ERR_clear_error();
    struct box_key *key = mem_alloc(sizeof *key);
    key->pkey = pkey;
    if (!pkey || EVP_PKEY_get_base_id(pkey) != EVP_PKEY_X25519 ||
        EVP_PKEY_get_raw_public_key(pkey, key->point, &count) != 1 || count != POINT_BYTES) {
        ERR_clear_error();
        box_key_free(key);
        return fault_set(fault, RESULT_BAD_INPUT, "%s: no %s X25519 key in PEM", path,
                         is_private ? "private" : "public");
    }
    *out = key;
    return RESULT_OK;
}

enum result box_key_read_public(const char *path, struct box_key **out, struct fault *fault) {
    return read_key(path, false, out, fault);
}

enum result box_key_read_private(const char *path, struct box_key **out, struct fault *fault) {
    return read_key(path, true, out, fault);
}

void box_key_free(struct box_key *key) {
    if (!key)
        return;
    EVP_PKEY_free(key->pkey);
    free(key);
}

/* The key of a box between `own` (private) and `other`. False: no such secret, as with a point of small order. */
static bool box_secret(EVP_PKEY *own, EVP_PKEY *other, const uint8_t *from, const uint8_t *to, const char *info,
                       uint8_t out[AEAD_KEY_BYTES]) {
    uint8_t shared[POINT_BYTES], points[2 * POINT_BYTES];
    size_t count = sizeof shared;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(own, NULL);
    bool is_made = context && EVP_PKEY_derive_init(context) == 1 && EVP_PKEY_derive_set_peer(context, other) == 1 &&
                   EVP_PKEY_derive(context, shared, &count) == 1 && count == sizeof shared;
    if (is_made) {
        memcpy(points, from, POINT_BYTES);
        memcpy(points + POINT_BYTES, to, POINT_BYTES);
        aead_derive(shared, sizeof shared, points, sizeof points, info, out);
    }
    wipe(shared, sizeof shared);
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    return is_made;
}

enum result box_seal(const struct box_key *to, const char *info, struct aead_place place, const void *plain,
                     size_t count, struct buf *out) {
    uint8_t key[AEAD_KEY_BYTES], point[POINT_BYTES];
    size_t point_count = sizeof point;
    enum result result = RESULT_IO;
    EVP_PKEY *once = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    if (once && EVP_PKEY_get_raw_public_key(once, point, &point_count) == 1 &&
        box_secret(once, to->pkey, point, to->point, info, key)) {
        struct aead *aead = aead_new(key);
        uint8_t *sealed = mem_alloc(count + AEAD_TAG_BYTES);
        aead_seal(aead, 0, place, plain, count, sealed);
        buf_add(out, point, sizeof point);
        buf_add(out, sealed, count + AEAD_TAG_BYTES);
        free(sealed);
        aead_free(aead);
        wipe(key, sizeof key);
        result = out->overflow ? RESULT_TOO_BIG : RESULT_OK;
    }
    EVP_PKEY_free(once);
    return result;
}

enum result box_open(const struct box_key *with, const char *info, struct aead_place place, const uint8_t *box,
                     size_t count, struct buf *out, struct fault *fault) {
    uint8_t key[AEAD_KEY_BYTES];
    bool is_open = false;
    if (count < BOX_EXTRA_BYTES)
        return fault_set(fault, RESULT_DENIED, "a box has at least %d bytes, this has %zu", BOX_EXTRA_BYTES, count);
    size_t inside = count - BOX_EXTRA_BYTES;
    EVP_PKEY *once = EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, box, POINT_BYTES);
    if (once && box_secret(with->pkey, once, box, with->point, info, key)) {
        struct aead *aead = aead_new(key);
        uint8_t *plain = mem_alloc(inside + 1);
        is_open = aead_open(aead, 0, place, box + POINT_BYTES, inside, plain);
        if (is_open)
            buf_add(out, plain, inside);
        wipe(plain, inside);
        free(plain);
        aead_free(aead);
        wipe(key, sizeof key);
    }
    EVP_PKEY_free(once);
    ERR_clear_error();
    return is_open ? RESULT_OK : fault_set(fault, RESULT_DENIED, "the box is not for this key, or was changed");
}
