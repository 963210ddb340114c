/* Statements of owners: one text for one meaning, signatures as browsers make them, when a window is open. */
#include "fieldline/owner.h"

#include <criterion/criterion.h>

#include "../agent/phone.h"

#define SESSION "11111111-1111-4111-8111-111111111111"
#define HASH    "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HEAD    "fieldline.owner.1 "
#define CONSENT HEAD "consent\ndevice freezer-7\nsession " SESSION "\nquestion " HASH "\n"
#define WINDOW  HEAD "window\ndevice freezer-7\nnonce AAAAAAAAAAAAAAAAAAAAAA\nwindow " SESSION "\n"
#define YES     CONSENT "answer allow\ncapabilities observe,shell\nminutes 30\n"
#define OPEN                                                                                                           \
    WINDOW "capabilities observe\nengineer *\ndays mon,fri\nhours 08:00-18:00\nzone +480\nbegins 1000\nends 2000\n"    \
           "minutes 15\n"

static enum result parse(const char *text, struct owner_statement *out, struct fault *fault) {
    return owner_statement_parse(text, strlen(text), out, fault);
}

Test(owner, what_is_read_is_printed_again) {
    static const char *const texts[] = {
        YES,
        CONSENT "answer refuse\ncapabilities none\nminutes 0\n",
        OPEN,
        WINDOW "capabilities shell,screen\nengineer 李\ndays sun\nhours 22:00-06:30\nzone -210\nbegins 0\nends "
               "1700000000000\nminutes 240\n",
        HEAD "window_end\ndevice freezer-7\nnonce AAAAAAAAAAAAAAAAAAAAAA\nwindow " SESSION "\n",
        HEAD "stop\ndevice freezer-7\nsession " SESSION "\n",
        HEAD "login\ndevice freezer-7\nchallenge 17.abc.def\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct owner_statement s;
        struct fault fault = {""};
        struct buf again;
        buf_init(&again, OWNER_STATEMENT_BYTES);
        cr_assert_eq(parse(texts[i], &s, &fault), RESULT_OK, "%s\n%s", texts[i], fault.text);
        owner_statement_print(&s, &again);
        cr_expect_str_eq(buf_text(&again), texts[i]);
        buf_fini(&again);
    }
}

Test(owner, texts_that_are_refused_with_the_line) {
    static const struct {
        const char *what, *text, *says;
    } rows[] = {
        {"nothing", "", "first line"},
        {"another version", "fieldline.owner.2 stop\ndevice freezer-7\nsession " SESSION "\n", "first line"},
        {"another kind", HEAD "allow\n", "unknown kind"},
        {"a line left out", HEAD "stop\nsession " SESSION "\n", "'device'"},
        {"a line too many", HEAD "stop\ndevice freezer-7\nsession " SESSION "\nminutes 5\n", "one form"},
        {"lines in another order", HEAD "stop\nsession " SESSION "\ndevice freezer-7\n", "'device'"},
        {"no line end", HEAD "stop\ndevice freezer-7\nsession " SESSION, "'session'"},
        {"carriage returns", HEAD "stop\r\ndevice freezer-7\r\nsession " SESSION "\r\n", "unknown kind"},
        {"no device id", HEAD "stop\ndevice Freezer 7\nsession " SESSION "\n", "'device'"},
        {"no UUID", HEAD "stop\ndevice freezer-7\nsession 1\n", "'session'"},
        {"an upper-case hash",
         HEAD "consent\ndevice freezer-7\nsession " SESSION
              "\nquestion 00112233445566778899AABBCCDDEEFF00112233445566778899AABBCCDDEEFF\nanswer allow\n"
              "capabilities shell\nminutes 5\n",
         "'question'"},
        {"neither yes nor no", CONSENT "answer perhaps\ncapabilities shell\nminutes 5\n", "'answer'"},
        {"an unknown capability", CONSENT "answer allow\ncapabilities root\nminutes 5\n", "'capabilities'"},
        {"capabilities in another order", CONSENT "answer allow\ncapabilities shell,observe\nminutes 5\n", "one form"},
        {"a capability twice", CONSENT "answer allow\ncapabilities shell,shell\nminutes 5\n", "one form"},
        {"yes to nothing", CONSENT "answer allow\ncapabilities none\nminutes 5\n", "nothing"},
        {"yes for no time", CONSENT "answer allow\ncapabilities shell\nminutes 0\n", "no time"},
        {"a no with a capability", CONSENT "answer refuse\ncapabilities shell\nminutes 0\n", ""},
        {"too many minutes", CONSENT "answer allow\ncapabilities shell\nminutes 241\n", "'minutes'"},
        {"a number with a plus", CONSENT "answer allow\ncapabilities shell\nminutes +5\n", ""},
        {"a number with a zero before", CONSENT "answer allow\ncapabilities shell\nminutes 05\n", "one form"},
        {"a short nonce", HEAD "window_end\ndevice freezer-7\nnonce AAA\nwindow " SESSION "\n", "'nonce'"},
        {"an unknown day",
         WINDOW "capabilities observe\nengineer *\ndays everyday\nhours 08:00-18:00\nzone +0\nbegins 1\nends "
                "2\nminutes 5\n",
         "'days'"},
        {"25 o'clock",
         WINDOW "capabilities observe\nengineer *\ndays mon\nhours 25:00-26:00\nzone +0\nbegins 1\nends 2\nminutes 5\n",
         "'hours'"},
        {"a zone beyond the date line",
         WINDOW "capabilities observe\nengineer *\ndays mon\nhours 08:00-09:00\nzone +900\nbegins 1\nends 2\nminutes "
                "5\n",
         "'zone'"},
        {"an end before its beginning",
         WINDOW "capabilities observe\nengineer *\ndays mon\nhours 08:00-09:00\nzone +0\nbegins 2\nends 2\nminutes 5\n",
         "ends before"},
        {"a point that is too short", HEAD "enrol\ndevice freezer-7\npoint AAAA\nname Li\n", "'point'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct owner_statement s;
        struct fault fault = {""};
        cr_expect_neq(parse(rows[i].text, &s, &fault), RESULT_OK, "%s", rows[i].what);
        cr_expect_not_null(strstr(fault.text, rows[i].says), "%s: %s", rows[i].what, fault.text);
    }
}

Test(owner, names) {
    static const struct {
        const char *name;
        bool is_valid;
    } rows[] = {{"Li Wei", true},
                {"李伟", true},
                {"", false},
                {" Li", false},
                {"Li ", false},
                {"Li\nW", false},
                {"Li\x7f", false},
                {"\xff", false},
                {"0123456789012345678901234567890123456789012345678901234567890123", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        cr_expect_eq(owner_name_valid(rows[i].name), rows[i].is_valid, "%s", rows[i].name);
}

/* promise 33: an answer counts only as it was signed. */
Test(owner, promise_33_any_changed_byte_breaks_the_signature) {
    struct phone phone, other;
    char signature[OWNER_SIGNATURE_CHARS + 1], text[] = YES;
    struct fault fault;
    phone_make(&phone);
    phone_make(&other);
    phone_sign(&phone, text, signature);
    cr_assert_eq(owner_check(text, signature, phone.point, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_eq(owner_check(text, signature, other.point, &fault), RESULT_DENIED, "another key");
    for (size_t i = 0; i < sizeof text - 1; i += 7) {
        text[i] ^= 1;
        cr_expect_eq(owner_check(text, signature, phone.point, &fault), RESULT_DENIED, "byte %zu", i);
        text[i] ^= 1;
    }
    for (size_t i = 0; i < OWNER_SIGNATURE_CHARS - 1; i += 5) {
        char changed[OWNER_SIGNATURE_CHARS + 1];
        memcpy(changed, signature, sizeof changed);
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        cr_expect_eq(owner_check(text, changed, phone.point, &fault), RESULT_DENIED, "signature %zu", i);
    }
    cr_expect_eq(owner_check(text, "AAAA", phone.point, &fault), RESULT_BAD_INPUT, "too short");
    phone.point[40] ^= 1;
    cr_expect_eq(owner_check(text, signature, phone.point, &fault), RESULT_BAD_INPUT, "not on the curve");
    phone_free(&phone);
    phone_free(&other);
}

Test(owner, hmac_as_in_rfc_4231) {
    uint8_t mac[SHA256_BYTES];
    char hex[SHA256_HEX_BYTES];
    hmac_sha256("Jefe", 4, "what do ya want for nothing?", 28, mac);
    hex_encode(mac, sizeof mac, hex);
    cr_expect_str_eq(hex, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

Test(owner, when_a_window_is_open) {
    /* 2026-11-23 is a Monday; 00:00 UTC of it: */
    const int64_t monday = 1795392000000, hour = 3600 * 1000, minute = 60 * 1000;
    const struct {
        const char *what;
        unsigned days;
        int from, to, zone;
        int64_t at_ms, left_ms;
    } rows[] = {
        {"in the middle", 1, 480, 1080, 0, monday + 12 * hour, 6 * hour},
        {"its first moment", 1, 480, 1080, 0, monday + 8 * hour, 10 * hour},
        {"a moment before", 1, 480, 1080, 0, monday + 8 * hour - 1, 0},
        {"its last moment", 1, 480, 1080, 0, monday + 18 * hour - 1, 1},
        {"just over", 1, 480, 1080, 0, monday + 18 * hour, 0},
        {"another day", 2, 480, 1080, 0, monday + 12 * hour, 0},
        {"in Shanghai it is 16:30", 1, 480, 1080, 480, monday + 8 * hour + 30 * minute, 90 * minute},
        {"in Shanghai it is Tuesday", 1, 0, 0, 480, monday + 17 * hour, 0},
        {"in Caracas it is Sunday", 1 << 6, 0, 0, -240, monday + 3 * hour, hour},
        {"over midnight, in the evening", 1, 22 * 60, 6 * 60, 0, monday + 23 * hour, 7 * hour},
        {"over midnight, next morning", 1, 22 * 60, 6 * 60, 0, monday + 26 * hour, 4 * hour},
        {"over midnight, the morning before", 1, 22 * 60, 6 * 60, 0, monday + 2 * hour, 0},
        {"the whole day", 1, 0, 0, 0, monday + 23 * hour, hour},
        {"before it begins", 127, 0, 0, 0, monday - 8 * 24 * hour, 0},
        {"after its end", 127, 0, 0, 0, monday + 9 * 24 * hour, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct owner_statement w = {.kind = OWNER_WINDOW,
                                    .days = rows[i].days,
                                    .from_minute = rows[i].from,
                                    .to_minute = rows[i].to,
                                    .zone_minutes = rows[i].zone,
                                    .begins_ms = monday - 7 * 24 * hour,
                                    .ends_ms = monday + 8 * 24 * hour};
        cr_expect_eq(owner_window_left_ms(&w, rows[i].at_ms), rows[i].left_ms, "%s: %lld", rows[i].what,
                     (long long)owner_window_left_ms(&w, rows[i].at_ms));
    }
}
