/* AES-256-GCM, because every machine that runs a gateway has instructions for it; HKDF, because a key for each run of
 * counters makes a counter safe as nonce, where random nonces would run out after 2^32 records. The library fails here
 * only for want of memory or algorithm, which ends the process; a box that does not open is an answer.
 *
 * libsodium's boxes (XChaCha20) were left: the shared library of both ends links OpenSSL already. */
#include "fieldline/aead.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"

enum { NONCE_BYTES = 12 };
struct aead {
    EVP_CIPHER_CTX *seal, *open;
};

static void must(bool is_done) {
    if (!is_done)
        die("crypto", "AES-256-GCM failed");
}

struct aead *aead_new(const uint8_t key[AEAD_KEY_BYTES]) {
    struct aead *a = mem_alloc(sizeof *a);
    a->seal = EVP_CIPHER_CTX_new();
    a->open = EVP_CIPHER_CTX_new();
    must(a->seal && a->open && EVP_EncryptInit_ex(a->seal, EVP_aes_256_gcm(), NULL, key, NULL) == 1 &&
         EVP_DecryptInit_ex(a->open, EVP_aes_256_gcm(), NULL, key, NULL) == 1);
    return a;
}

void aead_free(struct aead *aead) {
    if (!aead)
        return;
    EVP_CIPHER_CTX_free(aead->seal); /* wipes its key */
    EVP_CIPHER_CTX_free(aead->open);
    free(aead);
}

static void nonce_of(uint64_t counter, uint8_t out[NONCE_BYTES]) {
    memset(out, 0, NONCE_BYTES);
    for (int i = 0; i < 8; i++)
        out[NONCE_BYTES - 1 - i] = (uint8_t)(counter >> (8 * i));
}

void aead_seal(struct aead *aead, uint64_t counter, struct aead_place place, const void *plain, size_t count,
               uint8_t *out) {
    uint8_t nonce[NONCE_BYTES];
    int n = 0;
    nonce_of(counter, nonce);
    must(count <= INT32_MAX && EVP_EncryptInit_ex(aead->seal, NULL, NULL, NULL, nonce) == 1 &&
         EVP_EncryptUpdate(aead->seal, NULL, &n, place.bytes, (int)place.count) == 1 &&
         (count == 0 || EVP_EncryptUpdate(aead->seal, out, &n, plain, (int)count) == 1) &&
         EVP_EncryptFinal_ex(aead->seal, out + count, &n) == 1 &&
         EVP_CIPHER_CTX_ctrl(aead->seal, EVP_CTRL_GCM_GET_TAG, AEAD_TAG_BYTES, out + count) == 1);
}

bool aead_open(struct aead *aead, uint64_t counter, struct aead_place place, const uint8_t *sealed, size_t count,
               uint8_t *out) {
    uint8_t nonce[NONCE_BYTES], tag[AEAD_TAG_BYTES];
    int n = 0;
    if (count > INT32_MAX)
        return false;
    nonce_of(counter, nonce);
    memcpy(tag, sealed + count, sizeof tag);
    must(EVP_DecryptInit_ex(aead->open, NULL, NULL, NULL, nonce) == 1 &&
         EVP_DecryptUpdate(aead->open, NULL, &n, place.bytes, (int)place.count) == 1 &&
         (count == 0 || EVP_DecryptUpdate(aead->open, out, &n, sealed, (int)count) == 1) &&
         EVP_CIPHER_CTX_ctrl(aead->open, EVP_CTRL_GCM_SET_TAG, AEAD_TAG_BYTES, tag) == 1);
    return EVP_DecryptFinal_ex(aead->open, out + count, &n) == 1;
}

void aead_derive(const void *secret, size_t secret_count, const void *salt, size_t salt_count, const char *info,
                 uint8_t out[AEAD_KEY_BYTES]) {
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *context = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)secret, secret_count),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_count),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)info, strlen(info)),
        OSSL_PARAM_construct_end(),
    };
    if (!context || EVP_KDF_derive(context, out, AEAD_KEY_BYTES, params) != 1)
        die("crypto", "HKDF failed");
    EVP_KDF_CTX_free(context);
    EVP_KDF_free(kdf);
}
