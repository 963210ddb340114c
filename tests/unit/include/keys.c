/* Keys and certificates, made here with OpenSSL, read and used through ours. */
#include "fieldline/keys.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/fieldline-keys-XXXXXX";
static char paths[8][64];
enum { PRIVATE, PUBLIC, CA, OTHER_CA, KEY_FILE, JUNK };

static void set_up(void) {
    cr_assert(mkdtemp(folder) != NULL);
    for (int i = 0; i < 8; i++)
        snprintf(paths[i], sizeof paths[i], "%s/%d.pem", folder, i);
}
static void tear_down(void) {
    for (int i = 0; i < 8; i++)
        unlink(paths[i]);
    rmdir(folder);
}
TestSuite(keys, .init = set_up, .fini = tear_down);

/* A certificate for `names` common names, signed by `issuer` (itself when NULL), valid in 2001 only when `is_old`. */
static X509 *certificate(EVP_PKEY *key, const char *const *names, X509 *issuer, EVP_PKEY *issuer_key, bool is_old) {
    X509 *c = X509_new();
    X509_set_version(c, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(c), issuer ? 2 : 1);
    ASN1_TIME_set(X509_getm_notBefore(c), is_old ? 978307200 : 1577836800);
    ASN1_TIME_set(X509_getm_notAfter(c), is_old ? 1009843200 : 4102444800);
    for (; *names; names++)
        X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8, (const unsigned char *)*names, -1, -1,
                                   0);
    X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer : c));
    X509_set_pubkey(c, key);
    if (!issuer) {
        X509_EXTENSION *ca = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints, "critical,CA:TRUE");
        X509_add_ext(c, ca, -1);
        X509_EXTENSION_free(ca);
    }
    cr_assert_gt(X509_sign(c, issuer_key, EVP_sha256()), 0);
    return c;
}

static char *pem_of(X509 *c, const char *path) {
    BIO *memory = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(memory, c);
    char *text;
    long count = BIO_get_mem_data(memory, &text);
    char *copy = mem_strndup(text, (size_t)count);
    BIO_free(memory);
    if (path) {
        FILE *f = fopen(path, "w");
        cr_assert(f && fputs(copy, f) >= 0 && fclose(f) == 0);
    }
    return copy;
}

static struct key *read_private(EVP_PKEY *pkey) {
    FILE *f = fopen(paths[KEY_FILE], "w");
    PEM_write_PrivateKey(f, pkey, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    struct key *key = NULL;
    struct fault fault = {""};
    cr_assert_eq(key_read_private(paths[KEY_FILE], &key, &fault), RESULT_OK, "%s", fault.text);
    return key;
}

Test(keys, ed25519_is_made_signs_and_verifies) {
    struct key *private = NULL, *public = NULL;
    struct fault fault = {""};
    struct buf signature;
    struct stat at;
    char a[SHA256_HEX_BYTES], b[SHA256_HEX_BYTES];
    buf_init(&signature, 1000);
    cr_assert_eq(key_make_ed25519(paths[PRIVATE], paths[PUBLIC], &fault), RESULT_OK, "%s", fault.text);
    cr_expect(stat(paths[PRIVATE], &at) == 0 && (at.st_mode & 0777) == 0600);
    cr_assert_eq(key_read_private(paths[PRIVATE], &private, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(key_read_public(paths[PUBLIC], &public, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(key_sign(private, "text", 4, &signature), RESULT_OK);
    cr_expect_eq(signature.count, 64u);
    cr_expect(key_verify(public, "text", 4, signature.data, signature.count));
    cr_expect_not(key_verify(public, "texT", 4, signature.data, signature.count));
    cr_expect_not(key_verify(public, "text", 4, signature.data, signature.count - 1));
    cr_expect_not(key_verify(public, "text", 4, "", 0));
    signature.data[5] ^= 1;
    cr_expect_not(key_verify(public, "text", 4, signature.data, signature.count));
    key_id(private, a);
    key_id(public, b);
    cr_expect_str_eq(a, b);
    cr_expect_eq(strlen(a), 64u);
    cr_expect_neq(key_sign(public, "text", 4, &signature), RESULT_OK, "a public key cannot sign");
    key_free(private);
    key_free(public);
    key_free(NULL);
    buf_fini(&signature);
}

Test(keys, a_key_is_never_made_over_another) {
    struct fault fault = {""};
    struct stat at;
    cr_assert_eq(key_make_ed25519(paths[PRIVATE], paths[PUBLIC], NULL), RESULT_OK);
    cr_expect_eq(key_make_ed25519(paths[PRIVATE], paths[PUBLIC], &fault), RESULT_CONFLICT);
    unlink(paths[PRIVATE]);
    cr_expect_eq(key_make_ed25519(paths[PRIVATE], paths[PUBLIC], &fault), RESULT_CONFLICT);
    cr_expect_neq(stat(paths[PRIVATE], &at), 0, "half a pair was left behind");
    cr_expect_eq(key_make_ed25519("/nowhere/a", paths[PUBLIC], &fault), RESULT_IO);
}

Test(keys, files_that_hold_no_key_are_refused) {
    struct key *key = NULL;
    struct fault fault = {""};
    cr_expect_eq(key_read_private(paths[JUNK], &key, &fault), RESULT_NOT_FOUND);
    cr_expect(strstr(fault.text, paths[JUNK]) != NULL);
    FILE *f = fopen(paths[JUNK], "w");
    fputs("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", f);
    fclose(f);
    cr_expect_eq(key_read_private(paths[JUNK], &key, &fault), RESULT_BAD_INPUT);
    cr_expect_eq(key_read_public(paths[JUNK], &key, &fault), RESULT_BAD_INPUT);
    cr_assert_eq(key_make_ed25519(paths[PRIVATE], paths[PUBLIC], NULL), RESULT_OK);
    cr_expect_eq(key_read_public(paths[PRIVATE], &key, &fault), RESULT_BAD_INPUT, "a private key is no public one");
    cr_expect_eq(key_read_private(paths[PUBLIC], &key, &fault), RESULT_BAD_INPUT);
    EVP_PKEY *locked = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    f = fopen(paths[KEY_FILE], "w");
    PEM_write_PrivateKey(f, locked, EVP_aes_128_cbc(), (unsigned char *)"pw", 2, NULL, NULL);
    fclose(f);
    EVP_PKEY_free(locked);
    cr_expect_eq(key_read_private(paths[KEY_FILE], &key, &fault), RESULT_BAD_INPUT, "a passphrase is not asked for");
    cr_expect_null(key);
}

Test(keys, weak_and_foreign_keys_are_refused) {
    const struct {
        const char *why;
        EVP_PKEY *pkey;
    } rows[] = {{"RSA of 1024 bits", EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)1024)},
                {"X25519", EVP_PKEY_Q_keygen(NULL, NULL, "X25519")}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct key *key = NULL;
        struct fault fault = {""};
        FILE *f = fopen(paths[KEY_FILE], "w");
        PEM_write_PrivateKey(f, rows[i].pkey, NULL, NULL, 0, NULL, NULL);
        fclose(f);
        EVP_PKEY_free(rows[i].pkey);
        cr_expect_eq(key_read_private(paths[KEY_FILE], &key, &fault), RESULT_BAD_INPUT, "%s", rows[i].why);
        cr_expect(strstr(fault.text, "neither") != NULL, "%s: %s", rows[i].why, fault.text);
    }
}

Test(keys, a_certificate_gives_its_key_and_name) {
    EVP_PKEY *ca_key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *ca = certificate(ca_key, (const char *const[]){"Test CA", NULL}, NULL, ca_key, false);
    free(pem_of(ca, paths[CA]));
    EVP_PKEY *keys[] = {EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"),
                        EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    for (size_t i = 0; i < 3; i++) {
        X509 *device = certificate(keys[i], (const char *const[]){"freezer-7", NULL}, ca, ca_key, i == 1);
        char *pem = pem_of(device, NULL), name[64];
        struct key *private = read_private(keys[i]), *public = NULL;
        struct fault fault = {""};
        struct buf signature;
        buf_init(&signature, 1000);
        cr_assert_eq(key_from_certificate(pem, strlen(pem), paths[CA], &public, name, &fault), RESULT_OK, "%zu: %s", i,
                     fault.text);
        cr_expect_str_eq(name, "freezer-7");
        cr_assert_eq(key_sign(private, "text", 4, &signature), RESULT_OK);
        cr_expect(key_verify(public, "text", 4, signature.data, signature.count));
        cr_expect_not(key_verify(public, "tex", 3, signature.data, signature.count));
        buf_fini(&signature);
        key_free(private);
        key_free(public);
        free(pem);
        X509_free(device);
        EVP_PKEY_free(keys[i]);
    }
    X509_free(ca);
    EVP_PKEY_free(ca_key);
}

Test(keys, other_certificates_are_refused) {
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256"),
             *other_key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *ca = certificate(key, (const char *const[]){"Test CA", NULL}, NULL, key, false);
    X509 *same_name = certificate(other_key, (const char *const[]){"Test CA", NULL}, NULL, other_key, false);
    free(pem_of(ca, paths[CA]));
    free(pem_of(same_name, paths[OTHER_CA]));
    const char *longest = "a23456789b123456789c123456789d123456789e123456789f123456789g1234";
    const struct {
        const char *why;
        X509 *certificate;
        int ca;
        enum result result;
    } rows[] = {
        {"another CA of the same name", certificate(key, (const char *const[]){"freezer-7", NULL}, ca, key, false),
         OTHER_CA, RESULT_DENIED},
        {"signed by itself", certificate(key, (const char *const[]){"freezer-7", NULL}, NULL, key, false), CA,
         RESULT_DENIED},
        {"no common name", certificate(key, (const char *const[]){NULL}, ca, key, false), CA, RESULT_BAD_INPUT},
        {"two common names", certificate(key, (const char *const[]){"freezer-7", "freezer-8", NULL}, ca, key, false),
         CA, RESULT_BAD_INPUT},
        {"a name of 64 bytes", certificate(key, (const char *const[]){longest, NULL}, ca, key, false), CA,
         RESULT_BAD_INPUT},
        {"no CA there", certificate(key, (const char *const[]){"freezer-7", NULL}, ca, key, false), JUNK, RESULT_IO},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *pem = pem_of(rows[i].certificate, NULL), name[64] = "untouched";
        struct key *got = NULL;
        struct fault fault = {""};
        cr_expect_eq(key_from_certificate(pem, strlen(pem), paths[rows[i].ca], &got, name, &fault), rows[i].result,
                     "%s: %s", rows[i].why, fault.text);
        cr_expect(!got && strcmp(name, "untouched") == 0 && fault.text[0], "%s", rows[i].why);
        cr_expect_eq(key_from_certificate(pem, strlen(pem) / 2, NULL, &got, name, &fault), RESULT_BAD_INPUT,
                     "half of it");
        free(pem);
        X509_free(rows[i].certificate);
    }
    struct key *got = NULL;
    char name[64];
    cr_expect_eq(key_from_certificate("", 0, NULL, &got, name, NULL), RESULT_BAD_INPUT);
    X509_free(ca);
    X509_free(same_name);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other_key);
}
