/* The owner's signature in a recording: which hold, which do not and why, and what a verdict makes of it. */
#include "sessions/owner_proof.h"

#include <criterion/criterion.h>

#include "../../agent/phone.h"
#include "sessions/verify.h"
#include "stage.h"

#define OTHER    "22222222-2222-4222-8222-222222222222"
#define QUESTION "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define CONSENT  "fieldline.owner.1 consent\ndevice %s\nsession %s\nquestion " QUESTION "\n"
#define WINDOW                                                                                                         \
    "fieldline.owner.1 window\ndevice %s\nnonce AAAAAAAAAAAAAAAAAAAAAA\nwindow " OTHER "\ncapabilities "               \
    "observe,shell\n"

struct row {
    const char *what, *method, *statement; /* %s: device, session */
    const char *device, *session;          /* NULL: the right ones */
    bool is_forged, is_of_another_key, is_unsigned;
    const char *says;
};

static const char allow[] = CONSENT "answer allow\ncapabilities observe,shell\nminutes 30\n";
static const struct row rows[] = {
    {"an answer", "page", allow, NULL, NULL, false, false, false, "consent signed by Li, holds"},
    {"a window", "window",
     WINDOW "engineer *\ndays mon\nhours 00:00-00:00\nzone +0\nbegins 1000\nends 1800000000000\nminutes 30\n", NULL,
     NULL, false, false, false, "consent signed by Li, holds"},
    {"a window for this engineer", "window",
     WINDOW "engineer ann\ndays mon\nhours 00:00-00:00\nzone +0\nbegins 1000\nends 1800000000000\nminutes 30\n", NULL,
     NULL, false, false, false, "consent signed by Li, holds"},
    {"a code, which nobody signs", "code", NULL, NULL, NULL, false, false, true, ""},
    {"changed after it was signed", "page", allow, NULL, NULL, true, false, false, "not signed by this key"},
    {"signed by another phone", "page", allow, NULL, NULL, false, true, false, "another than the one it names"},
    {"nothing signed at all", "page", NULL, NULL, NULL, false, false, true, "does not hold: "},
    {"about another session", "page", allow, NULL, OTHER, false, false, false, "about another session"},
    {"about another product", "page", allow, "freezer-8", NULL, false, false, false, "about another product"},
    {"a refusal", "page", CONSENT "answer refuse\ncapabilities none\nminutes 0\n", NULL, NULL, false, false, false,
     "the owner refused"},
    {"less than was possible", "page", CONSENT "answer allow\ncapabilities observe\nminutes 30\n", NULL, NULL, false,
     false, false, "less than was possible"},
    {"a shorter time", "page", CONSENT "answer allow\ncapabilities observe,shell\nminutes 29\n", NULL, NULL, false,
     false, false, "a shorter time"},
    {"an answer where a window is claimed", "window", allow, NULL, NULL, false, false, false,
     "something else was signed"},
    {"a window that was over", "window",
     WINDOW "engineer *\ndays mon\nhours 00:00-00:00\nzone +0\nbegins 1000\nends 2000\nminutes 30\n", NULL, NULL, false,
     false, false, "not open then"},
    {"a window for somebody else", "window",
     WINDOW "engineer bob\ndays mon\nhours 00:00-00:00\nzone +0\nbegins 1000\nends 1800000000000\nminutes 30\n", NULL,
     NULL, false, false, false, "another engineer"},
};

/* session.hello with the row's consent, signed by a phone. */
static void print_hello(const struct row *row, const char *session, struct buf *out) {
    char text[OWNER_STATEMENT_BYTES], signature[OWNER_SIGNATURE_CHARS + 1];
    struct phone phone, other;
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    jo_str(&j, "method", "session.hello");
    jo_object(&j, "params");
    jo_str(&j, "session", session);
    jo_str(&j, "agent", "1.0.0");
    capabilities_write(&j, "capabilities", CAPABILITY_BIT(CAPABILITY_OBSERVE) | CAPABILITY_BIT(CAPABILITY_SHELL));
    jo_object(&j, "consent");
    jo_str(&j, "method", row->method);
    jo_str(&j, "by", "Li");
    jo_int(&j, "at_ms", 1700000000000);
    jo_int(&j, "until_ms", 1700001800000);
    if (!row->is_unsigned) {
        phone_make(&phone);
        phone_make(&other);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof text, row->statement, row->device != NULL ? row->device : "freezer-7",
                 row->session != NULL ? row->session : session);
#pragma GCC diagnostic pop
        phone_sign(&phone, text, signature);
        if (row->is_forged) {
            *strstr(text, "minutes 30") = 'M';
        }
        jo_str(&j, "statement", text);
        jo_str(&j, "signature", signature);
        jo_str(&j, "key", phone.id);
        jo_str(&j, "point", row->is_of_another_key ? other.point_text : phone.point_text);
        EVP_PKEY_free(phone.key);
        EVP_PKEY_free(other.key);
    }
    jo_end(&j);
    jo_int(&j, "deadline_s", 1800);
    jo_end(&j);
    jo_end(&j);
}

Test(owner_proof, which_hold_and_which_do_not) {
    static const char session[] = "11111111-1111-4111-8111-111111111111";
    const struct transcript_head head = {
        .session = "11111111-1111-4111-8111-111111111111", .device = "freezer-7", .engineer = "ann"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct owner_proof proof;
        struct buf hello;
        buf_init(&hello, 8192);
        print_hello(&rows[i], session, &hello);
        owner_proof_read(&head, hello.data, hello.count, &proof);
        cr_expect_eq(proof.is_signed, strcmp(rows[i].method, "code") != 0, "%s", rows[i].what);
        cr_expect_eq(proof.holds, strstr(rows[i].says, ", holds") != NULL, "%s: %s", rows[i].what, proof.text);
        cr_expect_not_null(strstr(proof.text, rows[i].says), "%s: %s", rows[i].what, proof.text);
        buf_fini(&hello);
    }
}

Test(owner_proof, what_is_no_hello_proves_nothing) {
    static const char *const texts[] = {"",
                                        "7",
                                        "{}",
                                        "{\"method\":\"session.ended\"}",
                                        "{\"method\":\"session.hello\"}",
                                        "{\"method\":\"session.hello\",\"params\":{\"consent\":7}}"};
    const struct transcript_head head = {.device = "freezer-7"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct owner_proof proof;
        owner_proof_read(&head, (const uint8_t *)texts[i], strlen(texts[i]), &proof);
        cr_expect_not(proof.is_signed || proof.holds, "%s", texts[i]);
    }
}

/* A product that claims it, all the way through a relay, a seal and a verification. */
static void check_verdict(const struct row *row, bool is_ok) {
    struct stage s;
    struct verdict verdict;
    struct fault fault = {""};
    struct buf hello;
    char path[256];
    stage_open(&s);
    cr_assert_eq(stage_dial(&s, &fault), RESULT_OK, "%s", fault.text);
    buf_init(&hello, 8192);
    print_hello(row, s.options.session, &hello);
    product_text(&s, buf_text(&hello));
    stage_join(&s);
    product_ends(&s, "owner_stopped");
    cr_assert_eq(s.over_count, 1);
    stage_path(&s, ".seal", path);
    cr_assert_eq(transcript_verify(path, &(struct verify_options){0}, &verdict, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(verdict.is_ok, is_ok, "%s: %s", row->what, verdict.text);
    cr_expect_not_null(strstr(verdict.text, row->says), "%s: %s", row->what, verdict.text);
    buf_fini(&hello);
    stage_close(&s);
}

Test(owner_proof, a_verdict_says_that_it_holds) {
    check_verdict(&rows[0], true);
}

Test(owner_proof, a_forged_one_is_a_verdict_against_the_recording) {
    check_verdict(&rows[4], false);
    check_verdict(&rows[5], false);
}
