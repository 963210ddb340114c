/* Keys that sign and verify: the gateway's seal, the products' certificates.
 *
 * OpenSSL's EVP is fenced here for everything but hashing. Three kinds of key are accepted (Ed25519, EC, RSA from 2048
 * bits); others are refused when read, not when used. A certificate is checked against its CA without its dates,
 * because a transcript is verified years later; that the date was right when it mattered is the TLS handshake's
 * business. libsodium for Ed25519 was left: product certificates are often EC or RSA, so OpenSSL is needed anyway. */
#include "fieldline/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/caps.h"
#include "key_inside.h"

struct key {
    EVP_PKEY *pkey;
};
enum { RSA_BITS_MIN = 2048, KEY_MODE = 0600, PUBLIC_MODE = 0644 };

/* The library's own words for what went wrong, and its queue emptied for the next who looks. */
static const char *openssl_reason(void) {
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return reason ? reason : "unknown reason";
}

/* Takes pkey, also when it fails. */
enum result key_take(EVP_PKEY *pkey, struct key **out, struct fault *fault) {
    int type = EVP_PKEY_get_base_id(pkey);
    bool is_known = type == EVP_PKEY_ED25519 || type == EVP_PKEY_EC ||
                    (type == EVP_PKEY_RSA && EVP_PKEY_get_bits(pkey) >= RSA_BITS_MIN);
    if (!is_known) {
        EVP_PKEY_free(pkey);
        return fault_set(fault, RESULT_BAD_INPUT, "the key is neither Ed25519, EC, nor RSA of at least %d bits",
                         RSA_BITS_MIN);
    }
    struct key *key = mem_alloc(sizeof *key);
    key->pkey = pkey;
    *out = key;
    return RESULT_OK;
}

/* A key with a passphrase is refused: OpenSSL's own callback would ask on the terminal and block a daemon. */
static int no_passphrase(char *buf, int size, int is_writing, void *self) {
    (void)buf, (void)size, (void)is_writing, (void)self;
    return 0;
}

static enum result key_read(const char *path, bool is_private, struct key **out, struct fault *fault) {
    BIO *file = BIO_new_file(path, "re"); /* e: O_CLOEXEC */
    if (!file) {
        enum result result = errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
        return fault_set(fault, result, "%s: %s", path, openssl_reason());
    }
    EVP_PKEY *pkey = is_private ? PEM_read_bio_PrivateKey(file, NULL, no_passphrase, NULL)
                                : PEM_read_bio_PUBKEY(file, NULL, no_passphrase, NULL);
    BIO_free(file);
    if (!pkey)
        return fault_set(fault, RESULT_BAD_INPUT, "%s: no %s key in PEM: %s", path, is_private ? "private" : "public",
                         openssl_reason());
    enum result result = key_take(pkey, out, fault);
    if (result)
        fault_prefix(fault, "%s", path);
    return result;
}

enum result key_read_private(const char *path, struct key **out, struct fault *fault) {
    return key_read(path, true, out, fault);
}

enum result key_read_public(const char *path, struct key **out, struct fault *fault) {
    return key_read(path, false, out, fault);
}

/* Exactly one common name: with two, two programs could see two devices in one certificate. */
static bool read_common_name(X509 *certificate, char out[64]) {
    X509_NAME *subject = X509_get_subject_name(certificate);
    int index = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (index < 0 || X509_NAME_get_index_by_NID(subject, NID_commonName, index) >= 0)
        return false;
    unsigned char *text = NULL;
    int count = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index)));
    bool is_sound = count > 0 && count <= CAP_DEVICE_ID_BYTES && !memchr(text, 0, (size_t)count);
    if (is_sound) {
        memcpy(out, text, (size_t)count);
        out[count] = 0;
    }
    OPENSSL_free(text);
    return is_sound;
}

static enum result check_issuer(X509 *certificate, STACK_OF(X509) * between, const char *ca_path, struct fault *fault) {
    X509_STORE *store = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    enum result result = RESULT_IO;
    if (!store || !context || X509_STORE_load_file(store, ca_path) != 1) {
        fault_set(fault, result, "%s: %s", ca_path, openssl_reason());
        goto out;
    }
    if (X509_STORE_CTX_init(context, store, certificate, between) != 1) {
        fault_set(fault, result, "cannot check the certificate: %s", openssl_reason());
        goto out;
    }
    /* The given CA is the anchor even when it is not a root itself. */
    X509_STORE_CTX_set_flags(context, X509_V_FLAG_NO_CHECK_TIME | X509_V_FLAG_PARTIAL_CHAIN);
    result = RESULT_OK;
    if (X509_verify_cert(context) != 1) {
        int why = X509_STORE_CTX_get_error(context);
        result = fault_set(fault, RESULT_DENIED, "the certificate is not from this CA: %s",
                           X509_verify_cert_error_string(why));
    }
out:
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    ERR_clear_error();
    return result;
}

/* The certificate comes first; what follows it may link it to the CA. */
static STACK_OF(X509) * read_certificates(const char *pem, size_t bytes) {
    enum { CERTIFICATES_MAX = 8 };
    STACK_OF(X509) *all = sk_X509_new_null();
    BIO *memory = bytes <= INT32_MAX ? BIO_new_mem_buf(pem, (int)bytes) : NULL;
    X509 *one;
    while (all && memory && sk_X509_num(all) < CERTIFICATES_MAX &&
           (one = PEM_read_bio_X509(memory, NULL, no_passphrase, NULL)) != NULL) {
        if (!sk_X509_push(all, one))
            X509_free(one);
    }
    BIO_free(memory);
    ERR_clear_error();
    return all;
}

enum result key_from_certificate(const char *pem, size_t bytes, const char *ca_path, struct key **out,
                                 char common_name[64], struct fault *fault) {
    char name[CAP_DEVICE_ID_BYTES + 1];
    EVP_PKEY *pkey = NULL;
    STACK_OF(X509) *all = read_certificates(pem, bytes);
    X509 *certificate = all && sk_X509_num(all) > 0 ? sk_X509_value(all, 0) : NULL;
    enum result result = RESULT_OK;
    if (!certificate)
        result = fault_set(fault, RESULT_BAD_INPUT, "no certificate in PEM");
    else if (!read_common_name(certificate, name))
        result = fault_set(fault, RESULT_BAD_INPUT, "the certificate has no single common name of at most %d bytes",
                           CAP_DEVICE_ID_BYTES);
    else if (ca_path)
        result = check_issuer(certificate, all, ca_path, fault);
    if (!result && !(pkey = X509_get_pubkey(certificate)))
        result = fault_set(fault, RESULT_BAD_INPUT, "the certificate's key: %s", openssl_reason());
    if (!result)
        result = key_take(pkey, out, fault);
    if (!result)
        memcpy(common_name, name, sizeof name);
    sk_X509_pop_free(all, X509_free);
    return result;
}

/* A new file, never over an old one: a lost seal key makes every earlier transcript unverifiable. */
static enum result pem_write(EVP_PKEY *pkey, bool is_private, const char *path, struct fault *fault) {
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, is_private ? KEY_MODE : PUBLIC_MODE);
    if (fd < 0) {
        enum result result = errno == EEXIST ? RESULT_CONFLICT : RESULT_IO;
        return fault_set(fault, result, "%s: %s", path, strerror(errno));
    }
    BIO *file = BIO_new_fd(fd, BIO_NOCLOSE);
    bool is_written = file && (is_private ? PEM_write_bio_PrivateKey(file, pkey, NULL, NULL, 0, NULL, NULL)
                                          : PEM_write_bio_PUBKEY(file, pkey)) == 1;
    BIO_free(file);
    if (fsync(fd) != 0)
        is_written = false;
    close(fd);
    if (is_written)
        return RESULT_OK;
    unlink(path);
    return fault_set(fault, RESULT_IO, "%s: cannot be written: %s", path, openssl_reason());
}

enum result key_make_ed25519(const char *private_path, const char *public_path, struct fault *fault) {
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    if (!pkey)
        return fault_set(fault, RESULT_IO, "cannot make a key: %s", openssl_reason());
    enum result result = pem_write(pkey, true, private_path, fault);
    if (!result && (result = pem_write(pkey, false, public_path, fault)))
        unlink(private_path);
    EVP_PKEY_free(pkey);
    return result;
}

void key_free(struct key *key) {
    if (!key)
        return;
    EVP_PKEY_free(key->pkey); /* wipes a private key itself */
    free(key);
}

/* Ed25519 hashes by itself and must be given no method. */
static const EVP_MD *digest_of(const struct key *key) {
    return EVP_PKEY_get_base_id(key->pkey) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

enum result key_sign(const struct key *key, const void *bytes, size_t count, struct buf *signature) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    uint8_t *made = NULL;
    size_t room = 0;
    enum result result = RESULT_IO;
    if (!context || EVP_DigestSignInit(context, NULL, digest_of(key), NULL, key->pkey) != 1 ||
        EVP_DigestSign(context, NULL, &room, bytes, count) != 1)
        goto out;
    made = mem_alloc(room);
    if (EVP_DigestSign(context, made, &room, bytes, count) != 1)
        goto out;
    buf_add(signature, made, room);
    result = signature->overflow ? RESULT_TOO_BIG : RESULT_OK;
out:
    free(made);
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return result;
}

bool key_verify(const struct key *key, const void *bytes, size_t count, const void *signature, size_t signature_count) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context && EVP_DigestVerifyInit(context, NULL, digest_of(key), NULL, key->pkey) == 1 &&
                   EVP_DigestVerify(context, signature, signature_count, bytes, count) == 1;
    EVP_MD_CTX_free(context);
    ERR_clear_error();
    return is_good;
}

void key_id(const struct key *key, char out[SHA256_HEX_BYTES]) {
    uint8_t *der = NULL, hash[SHA256_BYTES];
    int count = i2d_PUBKEY(key->pkey, &der);
    sha256(der, count > 0 ? (size_t)count : 0, hash);
    OPENSSL_free(der);
    hex_encode(hash, sizeof hash, out);
}
