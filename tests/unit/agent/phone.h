/* An owner's phone for tests: a key as a browser makes it, and signatures in a browser's form. */
#pragma once
#include <criterion/criterion.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/owner.h"

struct phone {
    EVP_PKEY *key;
    uint8_t point[POINT_BYTES];
    char point_text[OWNER_POINT_CHARS + 1], id[SHA256_HEX_BYTES];
};

static inline void phone_base64(const uint8_t *bytes, size_t count, char *out, size_t room) {
    struct buf text;
    buf_init(&text, 1024);
    base64url_encode(bytes, count, &text);
    snprintf(out, room, "%s", buf_text(&text));
    buf_fini(&text);
}

static inline void phone_make(struct phone *p) {
    size_t count = 0;
    p->key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    cr_assert_not_null(p->key);
    cr_assert_eq(EVP_PKEY_get_octet_string_param(p->key, OSSL_PKEY_PARAM_PUB_KEY, p->point, sizeof p->point, &count),
                 1);
    cr_assert_eq(count, POINT_BYTES);
    phone_base64(p->point, POINT_BYTES, p->point_text, sizeof p->point_text);
    owner_key_id(p->point, p->id);
}

static inline void phone_sign(const struct phone *p, const char *text, char out[OWNER_SIGNATURE_CHARS + 1]) {
    uint8_t der[128], raw[POINT_SIGNATURE_BYTES];
    const uint8_t *at = der;
    size_t count = sizeof der;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    cr_assert_eq(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, p->key), 1);
    cr_assert_eq(EVP_DigestSign(context, der, &count, (const uint8_t *)text, strlen(text)), 1);
    ECDSA_SIG *parts = d2i_ECDSA_SIG(NULL, &at, (long)count);
    cr_assert_not_null(parts);
    BN_bn2binpad(ECDSA_SIG_get0_r(parts), raw, 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(parts), raw + 32, 32);
    phone_base64(raw, sizeof raw, out, OWNER_SIGNATURE_CHARS + 1);
    ECDSA_SIG_free(parts);
    EVP_MD_CTX_free(context);
}

static inline void phone_free(struct phone *p) {
    EVP_PKEY_free(p->key);
}
