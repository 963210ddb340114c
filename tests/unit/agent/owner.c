/* What counts of an owner's words and what does not: a gateway that forges, changes, replays or misdirects gets
 * nothing. */
#include "owner.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/json.h"
#include "consent_question.h"
#include "file.h"
#include "owner_windows.h"
#include "phone.h"
#include "turn.h"

#define SESSION "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
#define OTHER   "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
#define WINDOW  "cccccccc-cccc-4ccc-8ccc-cccccccccccc"
enum { OBSERVE = 1 << CAPABILITY_OBSERVE, SHELL = 1 << CAPABILITY_SHELL, TEXT_ROOM = 8192 };

struct product {
    char dir[64], program[80];
    struct loop *loop;
    struct agent_config config;
    struct launcher *launcher;
    struct owner *owner;
    char reply[64 * 1024];
    int replies, wanted;
    struct phone phone;
};

static void on_reply(void *self, const char *reply, size_t bytes) {
    struct product *p = self;
    snprintf(p->reply, sizeof p->reply, "%.*s", (int)bytes, reply);
    p->replies++;
}

static bool has_replied(void *self) {
    const struct product *p = self;
    return p->replies >= p->wanted;
}

/* Lives until it is told to end. */
static const char fake_session[] =
    "#!/bin/sh\ncat >/dev/null\ntrap 'exit 0' TERM USR1 USR2\nwhile :; do sleep 0.02; done\n";

static void product_open(struct product *p) {
    static char *shell[] = {(char *)"/bin/sh", NULL};
    struct fault fault = {""};
    memset(p, 0, sizeof *p);
    log_set_level(LOG_LEVEL_ERROR);
    signal(SIGPIPE, SIG_IGN);
    snprintf(p->dir, sizeof p->dir, "/tmp/fieldline-unit-XXXXXX");
    cr_assert_not_null(mkdtemp(p->dir));
    snprintf(p->program, sizeof p->program, "%s/session", p->dir);
    cr_assert_eq(file_replace(p->program, fake_session, sizeof fake_session - 1, 0755, &fault), RESULT_OK);
    p->config = (struct agent_config){.device = (char *)"freezer-7",
                                      .data_dir = p->dir,
                                      .run_dir = p->dir,
                                      .ca = (char *)"/ca",
                                      .cert = (char *)"/cert",
                                      .key = (char *)"/key",
                                      .session_enabled = true,
                                      .session_program = p->program,
                                      .session_gateway_ca = (char *)"/ca",
                                      .session_capabilities = OBSERVE | SHELL,
                                      .consent = CONSENT_PAGE,
                                      .owner_page = true,
                                      .consent_windows = true,
                                      .consent_wait_ms = 5000,
                                      .session_max_ms = 60 * 60000,
                                      .session_shell = shell};
    p->loop = loop_new();
    p->launcher = launcher_new(p->loop, &p->config, on_reply, p);
    p->owner = owner_new(p->loop, &p->config, p->launcher, on_reply, p);
    phone_make(&p->phone);
}

static void product_close(struct product *p) {
    char command[128];
    owner_free(p->owner);
    launcher_free(p->launcher, true);
    loop_free(p->loop);
    phone_free(&p->phone);
    snprintf(command, sizeof command, "rm -rf %s", p->dir);
    cr_assert_eq(system(command), 0);
}

static const char *send(struct product *p, const char *verb, const char *args) {
    struct buf text;
    struct command_message command;
    struct fault fault = {""};
    char id[CAP_UUID_BYTES + 1];
    uuid_make(id);
    buf_init(&text, 64 * 1024);
    command_encode(id, verb, args, &text);
    cr_assert_eq(command_decode(buf_text(&text), text.count, &command, &fault), RESULT_OK, "%s: %s", args, fault.text);
    p->wanted = p->replies + 1;
    if (strncmp(verb, "owner.", 6) == 0) {
        owner_command(p->owner, &command);
    } else {
        launcher_command(p->launcher, &command);
    }
    cr_assert(turn_until(p->loop, has_replied, p, 10000), "%s %s", verb, args);
    command_fini(&command);
    buf_fini(&text);
    return p->reply;
}

static bool says(const char *reply, const char *part) {
    return strstr(reply, part) != NULL;
}

/* ---- enrolling ---- */

static const char *enrol_with(struct product *p, const uint8_t *secret, const char *device, const struct phone *phone) {
    char text[512], mac_text[64];
    uint8_t mac[SHA256_BYTES];
    struct buf args;
    snprintf(text, sizeof text, "fieldline.owner.1 enrol\ndevice %s\npoint %s\nname Li\n", device, phone->point_text);
    hmac_sha256(secret, OWNER_SECRET_BYTES, text, strlen(text), mac);
    phone_base64(mac, sizeof mac, mac_text, sizeof mac_text);
    buf_init(&args, TEXT_ROOM);
    struct json_out j = json_out(&args);
    jo_object(&j, NULL);
    jo_str(&j, "text", text);
    jo_str(&j, "mac", mac_text);
    jo_end(&j);
    send(p, "owner.enrol", buf_text(&args));
    buf_fini(&args);
    return p->reply;
}

static struct owner_keys keys_of(const struct product *p) {
    struct owner_keys keys;
    struct fault fault = {""};
    cr_assert_eq(owner_keys_load(p->dir, &keys, &fault), RESULT_OK, "%s", fault.text);
    return keys;
}

static void enrol(struct product *p) {
    struct owner_keys keys = keys_of(p);
    cr_assert(says(enrol_with(p, keys.secret, "freezer-7", &p->phone), p->phone.id), "%s", p->reply);
}

Test(owner, a_phone_is_enrolled_by_the_links_secret) {
    struct product p;
    product_open(&p);
    struct owner_keys keys = keys_of(&p);
    struct stat st;
    char path[128];
    snprintf(path, sizeof path, "%s/owner-keys", p.dir);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0600);
    enrol(&p);
    cr_expect(says(p.reply, "\"name\":\"Li\""), "%s", p.reply);
    cr_expect_eq(keys_of(&p).count, 1);
    enrol(&p);
    cr_expect_eq(keys_of(&p).count, 1, "the same phone again is no second one");
    uint8_t wrong[OWNER_SECRET_BYTES];
    memcpy(wrong, keys.secret, sizeof wrong);
    wrong[31] ^= 1;
    cr_expect(says(enrol_with(&p, wrong, "freezer-7", &p.phone), "\"error\":\"denied\""), "%s", p.reply);
    cr_expect(says(enrol_with(&p, keys.secret, "freezer-8", &p.phone), "\"error\":\"denied\""), "%s", p.reply);
    cr_expect_eq(owner_denied_count(p.owner), 2);
    product_close(&p);
}

Test(owner, a_removed_key_voids_the_link_too) {
    struct product p;
    struct phone second;
    struct fault fault;
    product_open(&p);
    enrol(&p);
    struct owner_keys keys = keys_of(&p);
    const struct owner_keys before = keys;
    owner_keys_remove(&keys, 0);
    cr_assert_eq(owner_keys_save(p.dir, &keys, &fault), RESULT_OK);
    cr_expect(says(enrol_with(&p, before.secret, "freezer-7", &p.phone), "denied"),
              "the gateway replays the enrolment");
    phone_make(&second);
    cr_expect(says(enrol_with(&p, before.secret, "freezer-7", &second), "denied"), "the old link");
    cr_expect(says(enrol_with(&p, keys.secret, "freezer-7", &second), second.id), "the new one: %s", p.reply);
    phone_free(&second);
    product_close(&p);
}

Test(owner, eight_phones_and_no_more) {
    struct product p;
    product_open(&p);
    const struct owner_keys keys = keys_of(&p);
    for (int i = 0; i <= OWNER_KEYS_MAX; i++) {
        struct phone phone;
        phone_make(&phone);
        enrol_with(&p, keys.secret, "freezer-7", &phone);
        cr_expect(says(p.reply, i < OWNER_KEYS_MAX ? "\"ok\":true" : "\"error\":\"full\""), "%d: %s", i, p.reply);
        phone_free(&phone);
    }
    product_close(&p);
}

/* ---- statements ---- */

static const char *say_signed(struct product *p, const char *key, const char *text, const char *signature) {
    struct buf args;
    buf_init(&args, TEXT_ROOM);
    struct json_out j = json_out(&args);
    jo_object(&j, NULL);
    jo_str(&j, "key", key);
    jo_str(&j, "statement", text);
    jo_str(&j, "signature", signature);
    jo_end(&j);
    send(p, "owner.say", buf_text(&args));
    buf_fini(&args);
    return p->reply;
}

static const char *say(struct product *p, const struct phone *phone, const char *text) {
    char signature[OWNER_SIGNATURE_CHARS + 1];
    phone_sign(phone, text, signature);
    return say_signed(p, phone->id, text, signature);
}

#define OPEN(session, capabilities)                                                                                    \
    "{\"session\":\"" session "\",\"token\":\"secret-token\",\"url\":\"wss://127.0.0.1:1/session/v1\",\"ticket\":17,"  \
    "\"subject\":\"warm\",\"engineer\":\"ann\",\"role\":\"engineer\",\"reason\":\"look\",\"duration_s\":1800,"         \
    "\"wait_s\":60,\"capabilities\":" capabilities "}"

/* Asks for a session and returns the hash of the question that the page would show. */
static void asked(struct product *p, const char *args, char hash[SHA256_HEX_BYTES]) {
    struct json *reply = NULL;
    const char *state, *question;
    uint8_t digest[SHA256_BYTES];
    struct fault fault = {""};
    send(p, "session.open", args);
    cr_assert_eq(json_parse(p->reply, strlen(p->reply), &reply, &fault), RESULT_OK, "%s", p->reply);
    const struct json *result = json_get(reply, "result");
    cr_assert(result != NULL && json_string(result, "state", 31, &state, &fault) == RESULT_OK, "%s", p->reply);
    cr_assert_str_eq(state, "page_required", "%s", p->reply);
    cr_assert_eq(json_string(result, "question", CONSENT_QUESTION_BYTES, &question, &fault), RESULT_OK);
    cr_expect(says(question, "\"engineer\":\"ann\"") && says(question, "\"zh\"") && says(question, "\"nonce\""));
    sha256(question, strlen(question), digest);
    hex_encode(digest, sizeof digest, hash);
    json_free(reply);
}

static void answer_text(char *out, size_t room, const char *device, const char *session, const char *hash,
                        const char *rest) {
    snprintf(out, room, "fieldline.owner.1 consent\ndevice %s\nsession %s\nquestion %s\n%s", device, session, hash,
             rest);
}
#define ALLOW_OBSERVE "answer allow\ncapabilities observe\nminutes 10\n"

Test(owner, promise_33_an_answer_of_the_page_opens_what_it_allows) {
    struct product p;
    char hash[SHA256_HEX_BYTES], text[1024];
    product_open(&p);
    enrol(&p);
    asked(&p, OPEN(SESSION, "[\"observe\",\"shell\"]"), hash);
    answer_text(text, sizeof text, "freezer-7", SESSION, hash, ALLOW_OBSERVE);
    say(&p, &p.phone, text);
    cr_expect(says(p.reply, "\"state\":\"open\"") && says(p.reply, "\"capabilities\":[\"observe\"]"), "%s", p.reply);
    cr_expect(says(p.reply, "\"method\":\"page\"") && says(p.reply, "\"by\":\"Li\"") &&
                  says(p.reply, "\"statement\":\"fieldline.owner.1 consent"),
              "%s", p.reply);
    cr_expect(says(say(&p, &p.phone, text), "\"ok\":false"), "the same again: %s", p.reply);
    product_close(&p);
}

Test(owner, promise_33_answers_that_open_nothing) {
    struct product p;
    struct phone stranger;
    char hash[SHA256_HEX_BYTES], text[1024], good[1024], signature[OWNER_SIGNATURE_CHARS + 1];
    static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";
    product_open(&p);
    phone_make(&stranger);
    enrol(&p);
    asked(&p, OPEN(SESSION, "[\"observe\"]"), hash);
    const struct {
        const char *what, *device, *session, *hash, *rest;
    } rows[] = {
        {"another product", "freezer-8", SESSION, hash, ALLOW_OBSERVE},
        {"another session", "freezer-7", OTHER, hash, ALLOW_OBSERVE},
        {"another question: the gateway showed something else", "freezer-7", SESSION, zero, ALLOW_OBSERVE},
        {"a capability that was not asked for", "freezer-7", SESSION, hash,
         "answer allow\ncapabilities observe,shell\nminutes 10\n"},
        {"more minutes than were asked for", "freezer-7", SESSION, hash,
         "answer allow\ncapabilities observe\nminutes 31\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        answer_text(text, sizeof text, rows[i].device, rows[i].session, rows[i].hash, rows[i].rest);
        cr_expect(says(say(&p, &p.phone, text), "\"error\":\"denied\""), "%s: %s", rows[i].what, p.reply);
    }
    answer_text(good, sizeof good, "freezer-7", SESSION, hash, ALLOW_OBSERVE);
    cr_expect(says(say(&p, &stranger, good), "\"error\":\"denied\""), "a key that is not enrolled: %s", p.reply);
    phone_sign(&stranger, good, signature);
    cr_expect(says(say_signed(&p, p.phone.id, good, signature), "denied"), "a stranger's signature, an owner's name");
    answer_text(text, sizeof text, "freezer-7", SESSION, hash, "answer refuse\ncapabilities none\nminutes 0\n");
    phone_sign(&p.phone, text, signature);
    cr_expect(says(say_signed(&p, p.phone.id, good, signature), "denied"), "the gateway turns a no into a yes");
    cr_expect(says(say_signed(&p, p.phone.id, good, "AAAA"), "bad_input"), "no signature: %s", p.reply);
    cr_expect(says(send(&p, "session.consent", "{\"session\":\"" SESSION "\",\"code\":\"12345678\"}"), "not_found"),
              "a code instead: %s", p.reply);
    cr_expect_eq(launcher_session_count(p.launcher), 1, "the question still stands");
    cr_expect(says(say(&p, &p.phone, good), "\"state\":\"open\""), "and the true answer counts: %s", p.reply);
    phone_free(&stranger);
    product_close(&p);
}

Test(owner, promise_33_a_late_answer_and_a_withdrawn_question) {
    struct product p;
    char hash[SHA256_HEX_BYTES], text[1024];
    product_open(&p);
    enrol(&p);
    asked(&p, OPEN(SESSION, "[\"observe\"]"), hash);
    answer_text(text, sizeof text, "freezer-7", SESSION, hash, ALLOW_OBSERVE);
    cr_expect(says(send(&p, "session.end", "{\"session\":\"" SESSION "\",\"reason\":\"x\"}"), "ended"));
    cr_expect(says(say(&p, &p.phone, text), "\"ok\":false"), "withdrawn: %s", p.reply);
    p.config.consent_wait_ms = 1;
    asked(&p, OPEN(OTHER, "[\"observe\"]"), hash);
    answer_text(text, sizeof text, "freezer-7", OTHER, hash, ALLOW_OBSERVE);
    p.wanted = p.replies + 1;
    cr_expect_not(turn_until(p.loop, has_replied, &p, 50), "nobody waits for a reply");
    cr_expect(says(say(&p, &p.phone, text), "\"ok\":false"), "late: %s", p.reply);
    cr_expect_eq(launcher_session_count(p.launcher), 0);
    product_close(&p);
}

Test(owner, without_a_phone_nobody_is_asked) {
    struct product p;
    product_open(&p);
    cr_expect(says(send(&p, "session.open", OPEN(SESSION, "[\"observe\"]")), "\"error\":\"refused\""), "%s", p.reply);
    product_close(&p);
}

Test(owner, the_owner_refuses) {
    struct product p;
    char hash[SHA256_HEX_BYTES], text[1024];
    product_open(&p);
    enrol(&p);
    asked(&p, OPEN(SESSION, "[\"observe\"]"), hash);
    answer_text(text, sizeof text, "freezer-7", SESSION, hash, "answer refuse\ncapabilities none\nminutes 0\n");
    cr_expect(says(say(&p, &p.phone, text), "\"state\":\"refused\""), "%s", p.reply);
    cr_expect_eq(launcher_session_count(p.launcher), 0);
    product_close(&p);
}

/* ---- stop ---- */

static bool nothing_runs(void *self) {
    return launcher_session_count(((struct product *)self)->launcher) == 0;
}

static void open_by_page(struct product *p) {
    char hash[SHA256_HEX_BYTES], text[1024];
    asked(p, OPEN(SESSION, "[\"observe\"]"), hash);
    answer_text(text, sizeof text, "freezer-7", SESSION, hash, ALLOW_OBSERVE);
    cr_assert(says(say(p, &p->phone, text), "\"state\":\"open\""), "%s", p->reply);
}

#define STOP(session) "fieldline.owner.1 stop\ndevice freezer-7\nsession " session "\n"

Test(owner, promise_35_the_owners_stop_ends_it) {
    struct product p;
    struct phone stranger;
    product_open(&p);
    phone_make(&stranger);
    enrol(&p);
    open_by_page(&p);
    cr_expect(says(say(&p, &stranger, STOP(SESSION)), "denied"), "a stranger's stop");
    cr_expect(says(say(&p, &p.phone, STOP(OTHER)), "\"ok\":false"), "of another session");
    cr_expect(says(say(&p, &p.phone, STOP(SESSION)), "\"state\":\"stopping\""), "%s", p.reply);
    cr_expect(turn_until(p.loop, nothing_runs, &p, 2000), "within two seconds");
    phone_free(&stranger);
    product_close(&p);
}

Test(owner, promise_35_a_removed_key_ends_what_rests_on_it) {
    struct product p;
    struct fault fault;
    product_open(&p);
    enrol(&p);
    open_by_page(&p);
    struct owner_keys keys = keys_of(&p);
    owner_keys_remove(&keys, 0);
    cr_assert_eq(owner_keys_save(p.dir, &keys, &fault), RESULT_OK);
    cr_expect(turn_until(p.loop, nothing_runs, &p, 2000), "within two seconds, and nobody told the agent");
    product_close(&p);
}

Test(owner, after_many_denied_statements_only_a_stop_is_looked_at) {
    struct product p;
    struct phone stranger;
    product_open(&p);
    phone_make(&stranger);
    enrol(&p);
    open_by_page(&p);
    for (int i = 0; i < OWNER_DENIED_MAX; i++) {
        cr_expect(says(say(&p, &stranger, STOP(SESSION)), "denied"));
    }
    cr_expect(says(send(&p, "owner.state", "{}"), "too_many"), "%s", p.reply);
    cr_expect(says(say(&p, &p.phone, STOP(SESSION)), "stopping"), "%s", p.reply);
    phone_free(&stranger);
    product_close(&p);
}

/* ---- windows ---- */

static void nonce_of(struct product *p, char out[OWNER_NONCE_CHARS + 1]) {
    send(p, "owner.state", "{}");
    const char *at = strstr(p->reply, "\"nonce\":\"");
    cr_assert_not_null(at, "%s", p->reply);
    snprintf(out, OWNER_NONCE_CHARS + 1, "%s", at + 9);
}

static void window_text(struct product *p, char *out, size_t room, const char *capabilities, int64_t ends_ms) {
    char nonce[OWNER_NONCE_CHARS + 1];
    nonce_of(p, nonce);
    snprintf(out, room,
             "fieldline.owner.1 window\ndevice freezer-7\nnonce %s\nwindow " WINDOW
             "\ncapabilities %s\nengineer *\ndays mon,tue,wed,thu,fri,sat,sun\nhours 00:00-00:00\nzone +0\nbegins "
             "0\nends %lld\nminutes 15\n",
             nonce, capabilities, (long long)ends_ms);
}

enum { DAY = 24 * 3600 };
static int64_t in_days(int days) {
    return clock_wall_ms() + (int64_t)days * DAY * 1000;
}

Test(owner, a_window_opens_what_it_covers_and_asks_for_the_rest) {
    struct product p;
    char text[1024], hash[SHA256_HEX_BYTES];
    product_open(&p);
    enrol(&p);
    window_text(&p, text, sizeof text, "observe", in_days(7));
    cr_assert(says(say(&p, &p.phone, text), WINDOW), "%s", p.reply);
    send(&p, "session.open", OPEN(SESSION, "[\"observe\"]"));
    cr_expect(says(p.reply, "\"state\":\"open\"") && says(p.reply, "\"method\":\"window\"") &&
                  says(p.reply, "\"by\":\"Li\""),
              "%s", p.reply);
    asked(&p, OPEN(OTHER, "[\"observe\",\"shell\"]"), hash);
    product_close(&p);
}

Test(owner, windows_that_are_refused) {
    struct product p;
    char text[1024], signature[OWNER_SIGNATURE_CHARS + 1], end[256], nonce[OWNER_NONCE_CHARS + 1];
    product_open(&p);
    enrol(&p);
    window_text(&p, text, sizeof text, "observe,files", in_days(7));
    cr_expect(says(say(&p, &p.phone, text), "\"error\":\"denied\""), "off on the product: %s", p.reply);
    window_text(&p, text, sizeof text, "observe", in_days(91));
    cr_expect(says(say(&p, &p.phone, text), "\"error\":\"denied\""), "too long: %s", p.reply);
    window_text(&p, text, sizeof text, "observe", in_days(-1));
    cr_expect(says(say(&p, &p.phone, text), "\"error\":\"denied\""), "over: %s", p.reply);
    window_text(&p, text, sizeof text, "observe", in_days(7));
    phone_sign(&p.phone, text, signature);
    strstr(text, "minutes 15")[9] = '9';
    cr_expect(says(say_signed(&p, p.phone.id, text, signature), "\"error\":\"denied\""), "changed: %s", p.reply);
    window_text(&p, text, sizeof text, "observe", in_days(7));
    cr_assert(says(say(&p, &p.phone, text), WINDOW), "%s", p.reply);
    nonce_of(&p, nonce);
    snprintf(end, sizeof end, "fieldline.owner.1 window_end\ndevice freezer-7\nnonce %s\nwindow " WINDOW "\n", nonce);
    cr_expect_not(says(say(&p, &p.phone, end), WINDOW), "taken back: %s", p.reply);
    cr_expect(says(say(&p, &p.phone, text), "\"error\":\"stale\""), "and the gateway replays it: %s", p.reply);
    p.config.consent_windows = false;
    window_text(&p, text, sizeof text, "observe", in_days(7));
    cr_expect(says(say(&p, &p.phone, text), "\"error\":\"denied\""), "not used on this product: %s", p.reply);
    product_close(&p);
}

Test(owner, promise_35_a_window_that_is_taken_back_ends_its_session) {
    struct product p;
    char text[1024], nonce[OWNER_NONCE_CHARS + 1];
    product_open(&p);
    enrol(&p);
    window_text(&p, text, sizeof text, "observe", in_days(7));
    cr_assert(says(say(&p, &p.phone, text), WINDOW), "%s", p.reply);
    cr_assert(says(send(&p, "session.open", OPEN(SESSION, "[\"observe\"]")), "\"state\":\"open\""), "%s", p.reply);
    nonce_of(&p, nonce);
    snprintf(text, sizeof text, "fieldline.owner.1 window_end\ndevice freezer-7\nnonce %s\nwindow " WINDOW "\n", nonce);
    cr_expect(says(say(&p, &p.phone, text), "\"ok\":true"), "%s", p.reply);
    cr_expect(turn_until(p.loop, nothing_runs, &p, 2000));
    product_close(&p);
}

/* One changed byte in the file, wherever, and no window counts; what rests on one ends. */
Test(owner, promise_33_a_changed_file_of_windows_is_refused) {
    struct product p;
    char text[1024], path[128];
    struct buf whole;
    struct fault fault;
    product_open(&p);
    enrol(&p);
    window_text(&p, text, sizeof text, "observe", in_days(7));
    cr_assert(says(say(&p, &p.phone, text), WINDOW), "%s", p.reply);
    snprintf(path, sizeof path, "%s/consent-windows", p.dir);
    buf_init(&whole, OWNER_WINDOWS_FILE_BYTES);
    cr_assert_eq(file_read(path, &whole, &fault), RESULT_OK);
    const struct owner_keys keys = keys_of(&p);
    struct owner_windows *windows = mem_alloc(sizeof *windows);
    size_t refused = 0, tried = 0;
    for (size_t i = 0; i + 1 < whole.count; i += 3, tried++) {
        whole.data[i] ^= 1;
        cr_assert_eq(file_replace(path, whole.data, whole.count, 0600, &fault), RESULT_OK);
        enum result result = owner_windows_load(p.dir, "freezer-7", &keys, clock_wall_ms(), windows, &fault);
        refused += windows->count == 0;
        cr_expect(windows->count == 0, "byte %zu: %s", i, result_name(result));
        whole.data[i] ^= 1;
    }
    cr_expect_eq(refused, tried);
    whole.data[strstr(buf_text(&whole), "minutes 15") - buf_text(&whole) + 8] = '9';
    cr_assert_eq(file_replace(path, whole.data, whole.count, 0600, &fault), RESULT_OK);
    char hash[SHA256_HEX_BYTES];
    asked(&p, OPEN(SESSION, "[\"observe\"]"), hash); /* so the owner is asked */
    free(windows);
    buf_fini(&whole);
    product_close(&p);
}
