/* Certificates, looked at before they are used: TLS libraries fail with codes, this says what a person can mend.
 *
 * Only `fieldline-agent check` runs this; the connection itself is verified by Paho's TLS, the device id is taken by
 * keys.h. The key is never kept. */
#include "certificate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

static enum result read_certificate(const char *path, X509 **out, struct fault *fault) {
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return fault_set(fault, RESULT_IO, "%s: cannot open: %s", path, strerror(errno));
    }
    *out = PEM_read_X509(file, NULL, NULL, NULL);
    fclose(file);
    return *out != NULL ? RESULT_OK : fault_set(fault, RESULT_BAD_INPUT, "%s: holds no PEM certificate", path);
}

static void print_time(const ASN1_TIME *at, char out[32]) {
    struct tm tm;
    out[0] = '\0';
    if (ASN1_TIME_to_tm(at, &tm) == 1) {
        strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm);
    }
}

enum result certificate_check(const char *path, struct fault *fault) {
    X509 *certificate = NULL;
    char when[32];
    enum result result = read_certificate(path, &certificate, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) <= 0) {
        print_time(X509_get0_notAfter(certificate), when);
        result = fault_set(fault, RESULT_EXPIRED, "%s: expired on %s", path, when);
    } else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
        print_time(X509_get0_notBefore(certificate), when);
        result =
            fault_set(fault, RESULT_EXPIRED, "%s: not valid before %s; is this machine's clock right?", path, when);
    }
    X509_free(certificate);
    return result;
}

enum result certificate_check_key(const char *cert_path, const char *key_path, struct fault *fault) {
    X509 *certificate = NULL;
    EVP_PKEY *key = NULL;
    struct stat st;
    enum result result = read_certificate(cert_path, &certificate, fault);
    if (result != RESULT_OK) {
        return result;
    }
    FILE *file = fopen(key_path, "re");
    if (file == NULL || fstat(fileno(file), &st) != 0) {
        result = fault_set(fault, RESULT_IO, "%s: cannot open: %s", key_path, strerror(errno));
        goto out;
    }
    key = PEM_read_PrivateKey(file, NULL, NULL, (void *)"");
    if (key == NULL) {
        result = fault_set(fault, RESULT_BAD_INPUT, "%s: holds no PEM private key without a password", key_path);
    } else if (X509_check_private_key(certificate, key) != 1) {
        result = fault_set(fault, RESULT_CONFLICT, "%s: is not the key of %s", key_path, cert_path);
    } else if ((st.st_mode & S_IRWXO) != 0) {
        result = fault_set(fault, RESULT_DENIED, "%s: everybody can read it (mode %03o), expected 600 or 640", key_path,
                           st.st_mode & 0777U);
    }
out:
    if (file != NULL) {
        fclose(file);
    }
    EVP_PKEY_free(key);
    X509_free(certificate);
    return result;
}
