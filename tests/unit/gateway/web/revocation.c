/* The revocation list: which files are taken for one, what stays in force when one is not, and whom it names. */
#include "web/revocation.h"

#include <criterion/criterion.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/log.h"

enum { DAY_S = 86400, NOW_S = 1700000000 };
#define NOW_MS (NOW_S * INT64_C(1000))

struct authority {
    EVP_PKEY *key;
    X509 *cert;
};
static char folder[64], list_path[96], ca_path[96];
static struct authority ca, namesake, stranger;

static X509 *certify(const char *name, long serial, EVP_PKEY *key, const struct authority *issuer) {
    X509 *x = X509_new();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial);
    ASN1_TIME_set(X509_getm_notBefore(x), NOW_S - DAY_S);
    ASN1_TIME_set(X509_getm_notAfter(x), NOW_S + DAY_S);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer == NULL ? x : issuer->cert));
    cr_assert_gt(X509_sign(x, issuer == NULL ? key : issuer->key, EVP_sha256()), 0);
    return x;
}

static struct authority authority(const char *name) {
    struct authority a = {.key = EVP_EC_gen("P-256")};
    a.cert = certify(name, 1, a.key, NULL);
    return a;
}

static void set_up(void) {
    log_set_level(LOG_LEVEL_ERROR);
    snprintf(folder, sizeof folder, "/tmp/fieldline-crl-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
    snprintf(list_path, sizeof list_path, "%s/crl.pem", folder);
    snprintf(ca_path, sizeof ca_path, "%s/ca.crt", folder);
    ca = authority("device CA");
    namesake = authority("device CA");
    stranger = authority("another CA");
    FILE *file = fopen(ca_path, "w");
    cr_assert_eq(PEM_write_X509(file, ca.cert), 1);
    fclose(file);
}

static void tear_down(void) {
    struct authority *const all[] = {&ca, &namesake, &stranger};
    for (size_t i = 0; i < 3; i++) {
        X509_free(all[i]->cert);
        EVP_PKEY_free(all[i]->key);
    }
    unlink(list_path);
    unlink(ca_path);
    rmdir(folder);
}
TestSuite(revocation, .init = set_up, .fini = tear_down);

/* A list that names one serial (0: nobody), made and ending so many seconds from now, as PEM. */
struct wanted {
    const struct authority *by;
    long revoked;
    long made_s, ends_s; /* ends_s 0: it does not say */
    bool is_delta;
};
static char *list_text(const struct wanted *w) {
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, NOW_S + w->made_s);
    X509_CRL_set_version(list, X509_CRL_VERSION_2);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(w->by->cert));
    X509_CRL_set1_lastUpdate(list, time);
    if (w->ends_s != 0) {
        ASN1_TIME_set(time, NOW_S + w->ends_s);
        X509_CRL_set1_nextUpdate(list, time);
    }
    if (w->revoked != 0) {
        X509_REVOKED *entry = X509_REVOKED_new();
        ASN1_INTEGER *serial = ASN1_INTEGER_new();
        ASN1_INTEGER_set(serial, w->revoked);
        X509_REVOKED_set_serialNumber(entry, serial);
        X509_REVOKED_set_revocationDate(entry, time);
        X509_CRL_add0_revoked(list, entry);
        ASN1_INTEGER_free(serial);
    }
    if (w->is_delta) {
        ASN1_INTEGER *base = ASN1_INTEGER_new();
        ASN1_INTEGER_set(base, 1);
        X509_CRL_add1_ext_i2d(list, NID_delta_crl, base, 1, 0);
        ASN1_INTEGER_free(base);
    }
    ASN1_TIME_free(time);
    X509_CRL_sort(list);
    cr_assert_gt(X509_CRL_sign(list, w->by->key, EVP_sha256()), 0);
    BIO *memory = BIO_new(BIO_s_mem());
    char *text;
    PEM_write_bio_X509_CRL(memory, list);
    long count = BIO_get_mem_data(memory, &text);
    char *copy = mem_strndup(text, (size_t)count);
    BIO_free(memory);
    X509_CRL_free(list);
    return copy;
}

static void write_list(const char *text) {
    FILE *file = fopen(list_path, "w");
    cr_assert(file != NULL && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void write_wanted(const struct wanted *w) {
    char *text = list_text(w);
    write_list(text);
    free(text);
}

static enum result check(const struct revocation *r, long serial, const struct authority *issuer) {
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = certify("freezer-7", serial, key, issuer);
    BIO *memory = BIO_new(BIO_s_mem());
    struct fault fault = {""};
    char *text;
    PEM_write_bio_X509(memory, x);
    long count = BIO_get_mem_data(memory, &text);
    enum result result = revocation_check(r, text, (size_t)count, &fault);
    cr_expect_eq(result != RESULT_OK, fault.text[0] != '\0' && strstr(fault.text, "revo") != NULL, "%s", fault.text);
    BIO_free(memory);
    X509_free(x);
    EVP_PKEY_free(key);
    return result;
}

static struct revocation *open_good(long revoked) {
    struct revocation *r = NULL;
    struct fault fault = {""};
    write_wanted(&(struct wanted){&ca, revoked, -100, DAY_S, false});
    cr_assert_eq(revocation_open(list_path, ca_path, NOW_MS, &r, &fault), RESULT_OK, "%s", fault.text);
    return r;
}

Test(revocation, whom_it_names) {
    struct revocation *r = open_good(7);
    cr_expect_eq(check(r, 7, &ca), RESULT_DENIED);
    cr_expect_eq(check(r, 8, &ca), RESULT_OK);
    cr_expect_eq(check(r, 8, &stranger), RESULT_DENIED, "no list is of that CA");
    cr_expect_eq(revocation_check(r, "nonsense", 8, NULL), RESULT_DENIED);
    cr_expect_eq(revocation_check(r, "", 0, NULL), RESULT_DENIED);
    cr_expect_not(revocation_is_stale(r));
    revocation_free(r);
    revocation_free(NULL);
}

/* Each is refused at the start, and later leaves in force what was. */
Test(revocation, files_that_are_no_list) {
    char *good = list_text(&(struct wanted){&ca, 7, -50, DAY_S, false}), *half = mem_strndup(good, strlen(good) / 2);
    char *of_stranger = list_text(&(struct wanted){&stranger, 0, -50, DAY_S, false});
    char *both = mem_alloc(strlen(good) + strlen(of_stranger) + 1);
    sprintf(both, "%s%s", good, of_stranger);
    char *forged = list_text(&(struct wanted){&namesake, 0, -50, DAY_S, false});
    char *expired = list_text(&(struct wanted){&ca, 0, -50, -1, false});
    char *future = list_text(&(struct wanted){&ca, 0, 3600, DAY_S, false});
    char *delta = list_text(&(struct wanted){&ca, 0, -50, DAY_S, true});
    char *older = list_text(&(struct wanted){&ca, 0, -200, DAY_S, false});
    const struct {
        const char *what, *text, *says;
        bool may_start; /* it is only wrong after another one */
    } rows[] = {
        {"nothing in it", "", "cannot be read", false},
        {"no PEM", "nonsense\n", "cannot be read", false},
        {"half of one", half, "cannot be read", false},
        {"another CA's", of_stranger, "not signed", false},
        {"a good one and another CA's", both, "not signed", false},
        {"a forged one: the CA's name, another key", forged, "not signed", false},
        {"an expired one", expired, "has expired", false},
        {"one of the future", future, "future", false},
        {"a delta list", delta, "critical", false},
        {"one that is older than what is in force", older, "older", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct revocation *r = NULL;
        struct fault fault = {""};
        write_list(rows[i].text);
        if (!rows[i].may_start) {
            cr_expect_neq(revocation_open(list_path, ca_path, NOW_MS, &r, &fault), RESULT_OK, "%s", rows[i].what);
            cr_expect_not_null(strstr(fault.text, rows[i].says), "%s: %s", rows[i].what, fault.text);
            cr_expect_not_null(strstr(fault.text, list_path), "%s: %s", rows[i].what, fault.text);
        }
        r = open_good(9);
        write_list(rows[i].text);
        cr_expect_not(revocation_refresh(r, NOW_MS), "%s", rows[i].what);
        cr_expect(revocation_is_stale(r), "%s", rows[i].what);
        cr_expect_eq(check(r, 9, &ca), RESULT_DENIED, "%s", rows[i].what);
        cr_expect_eq(check(r, 7, &ca), RESULT_OK, "%s", rows[i].what);
        write_list(good);
        cr_expect(revocation_refresh(r, NOW_MS), "%s: and then a good one", rows[i].what);
        cr_expect_not(revocation_is_stale(r));
        cr_expect_eq(check(r, 7, &ca), RESULT_DENIED);
        cr_expect_eq(check(r, 9, &ca), RESULT_OK);
        revocation_free(r);
    }
    char *const all[] = {good, half, of_stranger, both, forged, expired, future, delta, older};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        free(all[i]);
    }
}

Test(revocation, a_file_that_is_gone_a_folder_and_one_without_end) {
    struct revocation *r = NULL;
    struct fault fault = {""};
    cr_expect_neq(revocation_open("/nonexistent/crl.pem", ca_path, NOW_MS, &r, &fault), RESULT_OK);
    cr_expect_not_null(strstr(fault.text, "/nonexistent/crl.pem: No such file"), "%s", fault.text);
    cr_expect_neq(revocation_open(folder, ca_path, NOW_MS, &r, &fault), RESULT_OK);
    r = open_good(7);
    cr_assert_eq(truncate(list_path, REVOCATION_BYTES + 1), 0);
    cr_expect_not(revocation_refresh(r, NOW_MS));
    cr_expect(revocation_is_stale(r));
    unlink(list_path);
    cr_expect_not(revocation_refresh(r, NOW_MS));
    cr_expect(revocation_is_stale(r));
    cr_expect_eq(check(r, 7, &ca), RESULT_DENIED);
    revocation_free(r);
}

Test(revocation, it_is_read_when_it_changes_and_not_otherwise) {
    struct revocation *r = open_good(7);
    cr_expect_not(revocation_refresh(r, NOW_MS));
    write_wanted(&(struct wanted){&ca, 8, -100, DAY_S, false}); /* of the same second */
    cr_expect(revocation_refresh(r, NOW_MS));
    cr_expect_not(revocation_refresh(r, NOW_MS));
    cr_expect_eq(check(r, 8, &ca), RESULT_DENIED);
    revocation_free(r);
}

Test(revocation, one_that_expires_while_it_is_in_force_stays_and_says_so) {
    struct revocation *r = open_good(7);
    const int64_t later_ms = NOW_MS + (DAY_S + 1) * INT64_C(1000);
    cr_expect_not(revocation_refresh(r, later_ms));
    cr_expect(revocation_is_stale(r));
    cr_expect_eq(check(r, 7, &ca), RESULT_DENIED);
    cr_expect_eq(check(r, 8, &ca), RESULT_OK, "the fleet is not shut out");
    write_wanted(&(struct wanted){&ca, 7, DAY_S, 0, false}); /* one that does not end */
    cr_expect(revocation_refresh(r, later_ms));
    cr_expect_not(revocation_is_stale(r));
    revocation_free(r);
}
