/* A running SHA-256, for files. One object for each; belongs to one thread. What fits into memory goes through sha256()
 * of bytes.h, which needs no object. A library that cannot hash is our fault or the machine's: it ends the process. */
#include "fieldline/digest.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "fieldline/log.h"

struct digest {
    EVP_MD_CTX *context;
};

struct digest *digest_new(void) {
    struct digest *digest = mem_alloc(sizeof *digest);
    digest->context = EVP_MD_CTX_new();
    if (!digest->context || EVP_DigestInit_ex(digest->context, EVP_sha256(), NULL) != 1)
        die("crypto", "SHA-256 failed");
    return digest;
}

void digest_add(struct digest *digest, const void *bytes, size_t count) {
    if (EVP_DigestUpdate(digest->context, bytes, count) != 1)
        die("crypto", "SHA-256 failed");
}

/* On a copy: a transfer that goes on can be asked how far it is. */
void digest_hex(const struct digest *digest, char out[SHA256_HEX_BYTES]) {
    uint8_t sum[SHA256_BYTES];
    EVP_MD_CTX *copy = EVP_MD_CTX_new();
    if (!copy || EVP_MD_CTX_copy_ex(copy, digest->context) != 1 || EVP_DigestFinal_ex(copy, sum, NULL) != 1)
        die("crypto", "SHA-256 failed");
    EVP_MD_CTX_free(copy);
    hex_encode(sum, sizeof sum, out);
}

void digest_end(struct digest *digest, uint8_t out[SHA256_BYTES]) {
    if (EVP_DigestFinal_ex(digest->context, out, NULL) != 1)
        die("crypto", "SHA-256 failed");
    digest_free(digest);
}

void digest_free(struct digest *digest) {
    if (!digest)
        return;
    EVP_MD_CTX_free(digest->context);
    free(digest);
}
