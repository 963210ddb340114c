/* Which device certificates are good no longer. The edge asks when a product dials in, and for every live session as
 * soon as another list is in force; so the check is ours and not one of OpenSSL's flags on the listening place: those
 * look at the handshake only, cannot be given another list without opening the port anew, and turn everybody away when
 * the list has expired.
 *
 * A new list is judged whole before it takes the old one's place: size, PEM to the end, signature of the device CA,
 * dates, nothing critical in it that we do not understand (a delta list, one for some certificates only), and not older
 * than what is in force: a backup that is copied back by mistake must not let a stolen product in again. The file may
 * be caught half written: a bad one is read again at every look, and told once.
 *
 * Left: OCSP (asks somebody who may be away), fetching lists (the operator copies them, as he does to the broker). */
#include "web/revocation.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"

enum { LISTS_MAX = 16, CLOCK_SLACK_S = 300 /* between the CA's clock and ours */ };

/* When these are the same the file is. */
struct stamp {
    struct timespec changed, modified;
    ino_t inode;
    off_t bytes;
};
struct revocation {
    const char *path, *ca_path;
    STACK_OF(X509_CRL) * lists; /* in force */
    struct stamp stamp;         /* of the file that they are from */
    bool is_stale;
    char complaint[FAULT_TEXT_BYTES]; /* the last one logged */
};

static int no_passphrase(char *buf, int size, int is_writing, void *self) {
    (void)buf, (void)size, (void)is_writing, (void)self;
    return 0;
}

static enum result look_at(const char *path, struct stamp *out, struct fault *fault) {
    struct stat at;
    if (stat(path, &at) != 0) {
        return fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(at.st_mode) || at.st_size > REVOCATION_BYTES) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: expected a file of at most %d bytes", path, REVOCATION_BYTES);
    }
    *out = (struct stamp){.changed = at.st_ctim, .modified = at.st_mtim, .inode = at.st_ino, .bytes = at.st_size};
    return RESULT_OK;
}

static bool is_same_time(const struct timespec *a, const struct timespec *b) {
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool is_same(const struct stamp *a, const struct stamp *b) {
    return is_same_time(&a->changed, &b->changed) && is_same_time(&a->modified, &b->modified) && a->inode == b->inode &&
           a->bytes == b->bytes;
}

/* ---- reading ---- */

/* The lists in PEM, all of them to the end. */
static enum result read_lists(const char *path, STACK_OF(X509_CRL) * out, struct fault *fault) {
    BIO *file = BIO_new_file(path, "re"); /* e: O_CLOEXEC */
    X509_CRL *list;
    if (file == NULL) {
        ERR_clear_error();
        return fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
    }
    ERR_clear_error();
    while (sk_X509_CRL_num(out) < LISTS_MAX &&
           (list = PEM_read_bio_X509_CRL(file, NULL, no_passphrase, NULL)) != NULL) {
        if (sk_X509_CRL_push(out, list) == 0) {
            X509_CRL_free(list);
        }
    }
    const bool is_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    BIO_free(file);
    ERR_clear_error();
    if (!is_end || sk_X509_CRL_num(out) == 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: cannot be read as 1 to %d revocation lists in PEM", path,
                         LISTS_MAX - 1);
    }
    return RESULT_OK;
}

/* Is it signed by one of the CAs in this file? */
static bool is_signed(X509_CRL *list, const char *ca_path) {
    BIO *file = BIO_new_file(ca_path, "re");
    bool is_good = false;
    X509 *ca;
    while (file != NULL && !is_good && (ca = PEM_read_bio_X509(file, NULL, no_passphrase, NULL)) != NULL) {
        is_good = X509_NAME_cmp(X509_get_subject_name(ca), X509_CRL_get_issuer(list)) == 0 &&
                  X509_CRL_verify(list, X509_get0_pubkey(ca)) == 1;
        X509_free(ca);
    }
    BIO_free(file);
    ERR_clear_error();
    return is_good;
}

static bool has_expired(const X509_CRL *list, int64_t wall_ms) {
    time_t now = (time_t)(wall_ms / 1000);
    const ASN1_TIME *end = X509_CRL_get0_nextUpdate(list);
    return end != NULL && X509_cmp_time(end, &now) <= 0;
}

static bool is_of_the_future(const X509_CRL *list, int64_t wall_ms) {
    time_t soon = (time_t)(wall_ms / 1000) + CLOCK_SLACK_S;
    return X509_cmp_time(X509_CRL_get0_lastUpdate(list), &soon) >= 0;
}

static enum result judge(X509_CRL *list, const char *path, const char *ca_path, int64_t wall_ms, struct fault *fault) {
    const char *what = NULL;
    if (!is_signed(list, ca_path)) {
        what = "is not signed by the CA of the devices";
    } else if (has_expired(list, wall_ms)) {
        what = "has expired; make a new one";
    } else if (is_of_the_future(list, wall_ms)) {
        what = "was made in the future: is the clock right?";
    } else if (X509_CRL_get_ext_by_critical(list, 1, -1) >= 0) {
        what = "has a critical extension, which is not understood here";
    }
    return what == NULL ? RESULT_OK : fault_set(fault, RESULT_BAD_INPUT, "%s: the list %s", path, what);
}

/* Whoever was revoked stays so: for each issuer in force there is a list that is no older. */
static enum result compare(STACK_OF(X509_CRL) * lists, STACK_OF(X509_CRL) * in_force, const char *path,
                           struct fault *fault) {
    for (int i = 0; in_force != NULL && i < sk_X509_CRL_num(in_force); i++) {
        const X509_CRL *old = sk_X509_CRL_value(in_force, i);
        bool is_followed = false;
        for (int k = 0; k < sk_X509_CRL_num(lists); k++) {
            const X509_CRL *new = sk_X509_CRL_value(lists, k);
            is_followed |= X509_NAME_cmp(X509_CRL_get_issuer(old), X509_CRL_get_issuer(new)) == 0 &&
                           ASN1_TIME_compare(X509_CRL_get0_lastUpdate(new), X509_CRL_get0_lastUpdate(old)) >= 0;
        }
        if (!is_followed) {
            return fault_set(fault, RESULT_BAD_INPUT, "%s: the list is older than the one in force", path);
        }
    }
    return RESULT_OK;
}

static enum result load(struct revocation *r, int64_t wall_ms, struct fault *fault) {
    STACK_OF(X509_CRL) *lists = sk_X509_CRL_new_null();
    struct stamp stamp;
    enum result result = look_at(r->path, &stamp, fault);
    if (result == RESULT_OK) {
        result = read_lists(r->path, lists, fault);
    }
    for (int i = 0; result == RESULT_OK && i < sk_X509_CRL_num(lists); i++) {
        result = judge(sk_X509_CRL_value(lists, i), r->path, r->ca_path, wall_ms, fault);
    }
    if (result == RESULT_OK) {
        result = compare(lists, r->lists, r->path, fault);
    }
    if (result == RESULT_OK) {
        STACK_OF(X509_CRL) *before = r->lists;
        r->lists = lists;
        r->stamp = stamp; /* from before it was read: a change meanwhile is another stamp */
        lists = before;
    }
    sk_X509_CRL_pop_free(lists, X509_CRL_free);
    return result;
}

/* ---- life ---- */

enum result revocation_open(const char *path, const char *ca_path, int64_t wall_ms, struct revocation **out,
                            struct fault *fault) {
    struct revocation *r = mem_alloc(sizeof *r);
    r->path = path;
    r->ca_path = ca_path;
    enum result result = load(r, wall_ms, fault);
    if (result != RESULT_OK) {
        revocation_free(r);
        return result;
    }
    *out = r;
    return RESULT_OK;
}

void revocation_free(struct revocation *r) {
    if (r == NULL) {
        return;
    }
    sk_X509_CRL_pop_free(r->lists, X509_CRL_free);
    free(r);
}

static void complain(struct revocation *r, const char *text) {
    if (strcmp(r->complaint, text) != 0) {
        snprintf(r->complaint, sizeof r->complaint, "%s", text);
        log_warn("web.revocation", "list_unusable", "reason=%s", log_text(text));
    }
    r->is_stale = true;
}

static bool is_one_expired(const struct revocation *r, int64_t wall_ms) {
    for (int i = 0; i < sk_X509_CRL_num(r->lists); i++) {
        if (has_expired(sk_X509_CRL_value(r->lists, i), wall_ms)) {
            return true;
        }
    }
    return false;
}

bool revocation_refresh(struct revocation *r, int64_t wall_ms) {
    struct fault fault = {0};
    struct stamp stamp;
    bool is_new = false;
    enum result result = look_at(r->path, &stamp, &fault);
    if (result == RESULT_OK && !is_same(&stamp, &r->stamp)) {
        result = load(r, wall_ms, &fault);
        is_new = result == RESULT_OK;
    }
    if (result == RESULT_OK && is_one_expired(r, wall_ms)) {
        result = fault_set(&fault, RESULT_EXPIRED, "%s: the list in force has expired; make a new one", r->path);
    }
    if (result != RESULT_OK) {
        complain(r, fault.text);
        return is_new;
    }
    if (is_new || r->is_stale) {
        log_info("web.revocation", "list_in_force", "path=%s", r->path);
    }
    r->is_stale = false;
    r->complaint[0] = '\0';
    return is_new;
}

bool revocation_is_stale(const struct revocation *r) {
    return r->is_stale;
}

enum result revocation_check(const struct revocation *r, const char *pem, size_t bytes, struct fault *fault) {
    BIO *memory = bytes <= INT32_MAX ? BIO_new_mem_buf(pem, (int)bytes) : NULL;
    X509 *certificate = memory == NULL ? NULL : PEM_read_bio_X509(memory, NULL, no_passphrase, NULL);
    bool is_covered = false, is_revoked = false;
    for (int i = 0; certificate != NULL && i < sk_X509_CRL_num(r->lists); i++) {
        X509_CRL *list = sk_X509_CRL_value(r->lists, i);
        X509_REVOKED *entry = NULL;
        if (X509_NAME_cmp(X509_CRL_get_issuer(list), X509_get_issuer_name(certificate)) != 0) {
            continue;
        }
        is_covered = true;
        is_revoked = is_revoked || X509_CRL_get0_by_cert(list, &entry, certificate) != 0;
    }
    X509_free(certificate);
    BIO_free(memory);
    ERR_clear_error();
    if (is_revoked) {
        return fault_set(fault, RESULT_DENIED, "the certificate was revoked");
    }
    return is_covered ? RESULT_OK
                      : fault_set(fault, RESULT_DENIED, "no revocation list is of who has signed this certificate");
}
