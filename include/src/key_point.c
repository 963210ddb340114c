/* Keys and signatures in the form of the Web Cryptography API: a public key is the uncompressed point of P-256 (65
 * bytes), a signature is r and s beside each other (IEEE P1363), where OpenSSL wants DER. Turned here, so that keys.c
 * knows one form only. A point that is not on the curve is refused when it is read. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "key_inside.h"

enum { HALF_BYTES = POINT_SIGNATURE_BYTES / 2 };

enum result key_from_point(const uint8_t point[POINT_BYTES], struct key **out, struct fault *fault) {
    uint8_t copy[POINT_BYTES];
    char group[] = "prime256v1";
    EVP_PKEY *pkey = NULL;
    memcpy(copy, point, sizeof copy);
    OSSL_PARAM parts[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
                          OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof copy),
                          OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    const bool is_read = copy[0] == 4 && context && EVP_PKEY_fromdata_init(context) == 1 &&
                         EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, parts) == 1;
    EVP_PKEY_CTX_free(context);
    ERR_clear_error();
    if (!is_read)
        return fault_set(fault, RESULT_BAD_INPUT, "the key is not an uncompressed point of P-256");
    return key_take(pkey, out, fault);
}

bool key_verify_point(const struct key *key, const void *bytes, size_t count,
                      const uint8_t signature[POINT_SIGNATURE_BYTES]) {
    uint8_t *der = NULL;
    ECDSA_SIG *parts = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(signature, HALF_BYTES, NULL), *s = BN_bin2bn(signature + HALF_BYTES, HALF_BYTES, NULL);
    int der_bytes = 0;
    if (parts && r && s && ECDSA_SIG_set0(parts, r, s) == 1) {
        r = s = NULL; /* now the parts' */
        der_bytes = i2d_ECDSA_SIG(parts, &der);
    }
    const bool is_good = der_bytes > 0 && key_verify(key, bytes, count, der, (size_t)der_bytes);
    OPENSSL_free(der);
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(parts);
    ERR_clear_error();
    return is_good;
}
