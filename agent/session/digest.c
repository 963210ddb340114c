/* OpenSSL's digest, copied before it is finished, so that a transfer that goes on can be asked how far it is. */
#include "session/digest.h"

#include <openssl/evp.h>

#include "fieldline/log.h"

struct digest *digest_new(void) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context == NULL || EVP_DigestInit_ex(context, EVP_sha256(), NULL) != 1) {
        die("session.digest", "OpenSSL has no SHA-256");
    }
    return (struct digest *)context;
}

void digest_free(struct digest *digest) {
    EVP_MD_CTX_free((EVP_MD_CTX *)digest);
}

void digest_add(struct digest *digest, const void *bytes, size_t count) {
    if (EVP_DigestUpdate((EVP_MD_CTX *)digest, bytes, count) != 1) {
        die("session.digest", "SHA-256 failed");
    }
}

void digest_hex(const struct digest *digest, char out[SHA256_HEX_BYTES]) {
    uint8_t sum[SHA256_BYTES];
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    if (copy == NULL || EVP_MD_CTX_copy_ex(copy, (const EVP_MD_CTX *)digest) != 1 ||
        EVP_DigestFinal_ex(copy, sum, NULL) != 1) {
        die("session.digest", "SHA-256 failed");
    }
    EVP_MD_CTX_free(copy);
    hex_encode(sum, sizeof sum, out);
}
