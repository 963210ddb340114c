/* Bytes as text and back (hex, base64url, UUID), their hash, and the few things a secret needs.
 *
 * Text forms are strict: one byte string has exactly one text, so that a signature or a token cannot be written in two
 * ways. The hash and the constant-time compare are OpenSSL's; base64url is ours, because OpenSSL's speaks the other
 * alphabet, pads, and skips what it does not know. Random bytes come from getrandom(2), not from OpenSSL's generator:
 * no seed of ours to get wrong after a fork. All functions may be called from any thread. */
#include "src/hash.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <string.h>
#include <sys/random.h>

#include "fieldline/log.h"

void wipe(void *secret, size_t count) {
    if (count > 0)
        explicit_bzero(secret, count);
}

bool equal_secret(const void *a, const void *b, size_t count) {
    return CRYPTO_memcmp(a, b, count) == 0;
}

void random_bytes(void *out, size_t count) {
    uint8_t *at = out;
    while (count > 0) {
        ssize_t got = getrandom(at, count, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            die("random", "the kernel gives no random bytes: errno %d", errno);
        at += got;
        count -= (size_t)got;
    }
}

static const char HEX[] = "0123456789abcdef";

void hex_encode(const uint8_t *bytes, size_t count, char *out) {
    for (size_t i = 0; i < count; i++) {
        out[2 * i] = HEX[bytes[i] >> 4];
        out[2 * i + 1] = HEX[bytes[i] & 15];
    }
    out[2 * count] = 0;
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

bool hex_decode(const char *text, size_t chars, uint8_t *out, size_t out_count) {
    if (chars % 2 != 0 || chars / 2 != out_count)
        return false;
    for (size_t i = 0; i < chars; i++) {
        if (hex_digit(text[i]) < 0)
            return false;
    }
    for (size_t i = 0; i < out_count; i++)
        out[i] = (uint8_t)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
    return true;
}

static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(const uint8_t *bytes, size_t count, struct buf *out) {
    for (size_t i = 0; i < count; i += 3) {
        size_t here = count - i < 3 ? count - i : 3;
        uint32_t bits = (uint32_t)bytes[i] << 16;
        if (here > 1)
            bits |= (uint32_t)bytes[i + 1] << 8;
        if (here > 2)
            bits |= bytes[i + 2];
        char group[4];
        for (int k = 0; k < 4; k++)
            group[k] = BASE64URL[bits >> (18 - 6 * k) & 63];
        buf_add(out, group, here + 1);
    }
}

static int base64url_digit(char c) {
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

bool base64url_decode(const char *text, size_t chars, struct buf *out) {
    if (chars % 4 == 1)
        return false;
    uint32_t bits = 0;
    for (size_t i = 0; i < chars; i++) {
        int digit = base64url_digit(text[i]);
        if (digit < 0)
            return false;
        bits = bits << 6 | (uint32_t)digit;
    }
    /* The bits of a cut last group must be zero, or two texts would mean the same bytes. */
    if ((chars % 4 == 2 && (bits & 15)) || (chars % 4 == 3 && (bits & 3)))
        return false;
    bits = 0;
    for (size_t i = 0; i < chars; i++) {
        bits = bits << 6 | (uint32_t)base64url_digit(text[i]);
        if (i % 4 != 0)
            buf_add_u8(out, (uint8_t)(bits >> (6 - 2 * (i % 4))));
    }
    return true;
}

static const EVP_MD *sha256_method; /* fetched once: looking it up by name costs more than hashing a frame */

static void sha256_fetch(void) {
    sha256_method = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!sha256_method)
        die("crypto", "OpenSSL has no SHA-256");
}

void sha256_pair(const void *a, size_t a_count, const void *b, size_t b_count, uint8_t out[SHA256_BYTES]) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, sha256_fetch);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!context || !EVP_DigestInit_ex2(context, sha256_method, NULL) || !EVP_DigestUpdate(context, a, a_count) ||
        !EVP_DigestUpdate(context, b, b_count) || !EVP_DigestFinal_ex(context, out, NULL))
        die("crypto", "SHA-256 failed");
    EVP_MD_CTX_free(context);
}

void sha256(const void *bytes, size_t count, uint8_t out[SHA256_BYTES]) {
    sha256_pair(bytes, count, "", 0, out);
}

void hmac_sha256(const void *key, size_t key_count, const void *bytes, size_t count, uint8_t out[SHA256_BYTES]) {
    enum { BLOCK_BYTES = 64 };
    uint8_t pad[BLOCK_BYTES] = {0}, inner[SHA256_BYTES];
    if (key_count > sizeof pad)
        die("crypto", "a key of %zu bytes for HMAC", key_count);
    memcpy(pad, key, key_count);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36;
    sha256_pair(pad, sizeof pad, bytes, count, inner);
    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    sha256_pair(pad, sizeof pad, inner, sizeof inner, out);
    wipe(pad, sizeof pad);
}

void uuid_make(char out[37]) {
    uint8_t bytes[16];
    random_bytes(bytes, sizeof bytes);
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* version 4 */
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80); /* variant of RFC 9562 */
    char *at = out;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *at++ = '-';
        *at++ = HEX[bytes[i] >> 4];
        *at++ = HEX[bytes[i] & 15];
    }
    *at = 0;
}

bool uuid_valid(const char *text) {
    for (size_t i = 0; i < 36; i++) {
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (is_dash ? text[i] != '-' : hex_digit(text[i]) < 0)
            return false;
    }
    return text[36] == 0;
}
