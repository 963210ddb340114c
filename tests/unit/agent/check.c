/* `check` on real files: certificates made for the test, folders, programs. */
#include "check.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certificate.h"
#include "scratch.h"

/* A self-signed certificate and its key; `days` from now it ends. */
static void make_certificate(const char *name, const char *common_name, int days) {
    char path[64];
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = X509_new();
    X509_NAME *subject = X509_get_subject_name(cert);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)common_name, -1, -1, 0);
    X509_set_issuer_name(cert, subject);
    X509_gmtime_adj(X509_getm_notBefore(cert), -86400L * 10);
    X509_gmtime_adj(X509_getm_notAfter(cert), 86400L * days);
    X509_set_pubkey(cert, key);
    X509_sign(cert, key, EVP_sha256());
    snprintf(path, sizeof path, "%s.pem", name);
    FILE *file = fopen(scratch_path(path), "w");
    PEM_write_X509(file, cert);
    fclose(file);
    snprintf(path, sizeof path, "%s.key", name);
    file = fopen(scratch_path(path), "w");
    PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL);
    fclose(file);
    chmod(scratch_path(path), 0600);
    X509_free(cert);
    EVP_PKEY_free(key);
}

/* Checks a configuration of these lines after the usual ones; the problems' text. */
static const char *check(const char *cert, const char *extra, size_t *count) {
    static struct buf problems;
    static char text[4096];
    struct agent_config config;
    snprintf(text, sizeof text, "[agent]\nmodel = m\ndata_dir = %s\nrun_dir = %s\n[broker]\nhost = h\nca = %s\n",
             scratch_path("data"), scratch_path("data"), scratch_path("good.pem"));
    size_t used = strlen(text);
    char cert_name[64], key_name[64];
    snprintf(cert_name, sizeof cert_name, "%s.pem", cert);
    snprintf(key_name, sizeof key_name, "%s.key", cert);
    snprintf(text + used, sizeof text - used, "cert = %s\nkey = %s\n%s", scratch_path(cert_name),
             scratch_path(key_name), extra);
    buf_fini(&problems);
    buf_init(&problems, 64 * 1024);
    cr_assert_eq(agent_config_read_text("a.conf", text, &config, &problems), RESULT_OK, "%s", buf_text(&problems));
    *count = check_config(&config, "a.conf", &problems);
    cr_expect(*count > 0 || strcmp(config.device, "freezer-7") == 0);
    agent_config_fini(&config);
    return buf_text(&problems);
}

static void set_up(void) {
    scratch_make();
    mkdir(scratch_path("data"), 0700);
    make_certificate("good", "freezer-7", 10);
}
TestSuite(check, .init = set_up, .fini = scratch_remove);

Test(check, good) {
    size_t count;
    const char *text = check("good", "", &count);
    cr_expect_eq(count, 0, "%s", text);
}

Test(check, identities) {
    size_t count;
    make_certificate("expired", "freezer-7", -1);
    make_certificate("odd", "Freezer 7", 10);
    cr_expect_not_null(strstr(check("expired", "", &count), "[broker] cert: "));
    cr_expect_not_null(strstr(check("expired", "", &count), "expired on "));
    cr_expect_not_null(strstr(check("odd", "", &count), "'Freezer 7' is not a device id"), "%s",
                       check("odd", "", &count));
    cr_expect_not_null(strstr(check("absent", "", &count), "cannot open"));
    scratch_write("rubbish.pem", "-----BEGIN CERTIFICATE-----\nrubbish\n-----END CERTIFICATE-----\n");
    cr_expect_not_null(strstr(check("rubbish", "", &count), "holds no PEM certificate"));
    chmod(scratch_path("good.key"), 0644);
    cr_expect_not_null(strstr(check("good", "", &count), "everybody can read it"));
    make_certificate("other", "freezer-7", 10);
    rename(scratch_path("other.key"), scratch_path("good.key"));
    cr_expect_not_null(strstr(check("good", "", &count), "is not the key of"));
    scratch_write("good.key", "no key");
    cr_expect_not_null(strstr(check("good", "", &count), "holds no PEM private key"));
}

Test(check, places_and_programs) {
    static const struct {
        const char *extra, *says;
    } rows[] = {
        {"[statsd]\nsocket = /no/such/x.sock\n", "[statsd] socket: /no/such: No such file"},
        {"[syslog]\nsocket = /dev/null/x.sock\n", "[syslog] socket: /dev/null: not a folder"},
        {"[host]\nenabled = yes\nmounts = / /no/mount\n", "[host] mounts: /no/mount"},
        {"[session]\nenabled = yes\nprogram = /no/program\n", "[session] program: /no/program"},
        {"[session]\nenabled = yes\nprogram = /bin/sh\ngateway_ca = /no/ca\n", "[session] gateway_ca: /no/ca"},
        {"[session]\nenabled = yes\nprogram = /bin/sh\nconsent = hook\nconsent_hook = /etc/passwd\n",
         "[session] consent_hook: /etc/passwd: this user cannot run it"},
        {"[session]\nenabled = yes\nprogram = /bin/sh\nconsent = code\ncode_show = /no/show\n", "[session] code_show"},
        {"[session]\nenabled = yes\nprogram = /bin/sh\ncapabilities = shell\nshell_user = nobody-here\n",
         "no user 'nobody-here'"},
        {"[session]\nenabled = yes\nprogram = /bin/sh\n[diagnostic x]\ncommand = /no/tool\n",
         "[diagnostic x] command: /no/tool"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t count;
        const char *text = check("good", rows[i].extra, &count);
        cr_expect_geq(count, 1, "%s", rows[i].extra);
        cr_expect_not_null(strstr(text, rows[i].says), "%s\ngave %s", rows[i].extra, text);
    }
}

Test(check, what_may_come_later_is_no_problem) {
    size_t count;
    const char *text = check("good", "[tail a]\nfile = /no/such/log\n[session]\nprogram = /no/program\n", &count);
    cr_expect_eq(count, 0, "a log file may appear; sessions are off: %s", text);
}
