/* Owners' statements. Loop thread. Keys and windows are files (owner_keys.c, owner_windows.c); here is the nonce, and
 * what follows from each kind of statement.
 *
 * Why a nonce and not a time in the statement: the product's clock may be years off, and a window that was taken back
 * must not be put there again by a gateway that has kept it. A stop needs none (it can only end what it names), nor
 * does an answer (its question has one).
 *
 * Denied attempts are counted, and beyond OWNER_DENIED_MAX nothing is looked at for a while, except a stop: a gateway
 * that is turned against its owners can keep their statements away anyway, and must not get a computation for each of
 * its own inventions. */
#include "owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consent.h"
#include "fieldline/capability_words.h"
#include "fieldline/clock.h"
#include "fieldline/json.h"
#include "fieldline/log.h"
#include "owner_windows.h"

struct owner {
    struct loop *loop;
    const struct agent_config *config;
    struct launcher *launcher;
    launcher_reply_fn *reply;
    void *self;
    char nonce[OWNER_NONCE_CHARS + 1];
    uint64_t denied;
    int denied_lately;
    struct loop_timer forget;
};

static void make_nonce(struct owner *o) {
    uint8_t bytes[OWNER_NONCE_BYTES];
    struct buf text;
    random_bytes(bytes, sizeof bytes);
    buf_init(&text, 64);
    base64url_encode(bytes, sizeof bytes, &text);
    snprintf(o->nonce, sizeof o->nonce, "%s", buf_text(&text));
    buf_fini(&text);
}

struct owner *owner_new(struct loop *loop, const struct agent_config *config, struct launcher *launcher,
                        launcher_reply_fn *reply, void *self) {
    struct owner *o = mem_alloc(sizeof *o);
    struct owner_keys keys;
    struct fault fault;
    *o = (struct owner){.loop = loop, .config = config, .launcher = launcher, .reply = reply, .self = self};
    make_nonce(o);
    if (config->owner_page) {
        if (owner_keys_open(config->data_dir, &keys, &fault) != RESULT_OK) {
            log_error("agent.owner", "no_keys", "reason=%s", log_text(fault.text));
        }
        wipe(&keys, sizeof keys);
        if ((config->session_capabilities & CAPABILITY_BIT(CAPABILITY_SHELL)) != 0 &&
            config->session_shell_user == NULL) {
            log_warn("agent.owner", "secret_in_reach", "folder=%s", log_text(config->data_dir));
        }
    }
    return o;
}

void owner_free(struct owner *o) {
    if (o != NULL) {
        loop_disarm(o->loop, &o->forget);
        free(o);
    }
}

uint64_t owner_denied_count(const struct owner *o) {
    return o->denied;
}

/* ---- replies ---- */

static void say(struct owner *o, const char *id, const char *json) {
    struct buf reply;
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    reply_encode_ok(id, json, &reply);
    o->reply(o->self, buf_text(&reply), reply.count);
    buf_fini(&reply);
}

static void on_forget(void *self) {
    ((struct owner *)self)->denied_lately = 0;
}

static void refuse(struct owner *o, const struct command_message *command, const char *error, const char *text) {
    struct buf reply;
    log_warn("agent.owner", "not_counted", "verb=%s error=%s reason=%s", command->verb, error, log_text(text));
    if (strcmp(error, "denied") == 0) {
        o->denied++;
        o->denied_lately++;
        loop_arm(o->loop, &o->forget, OWNER_DENIED_FORGET_MS, on_forget, o);
    }
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    reply_encode_error(command->id, error, text, &reply);
    o->reply(o->self, buf_text(&reply), reply.count);
    buf_fini(&reply);
}

static const char *error_of(enum result result) {
    switch (result) {
    case RESULT_DENIED: return "denied";
    case RESULT_NOT_FOUND: return "not_found";
    case RESULT_FULL: return "full";
    case RESULT_CONFLICT: return "conflict";
    case RESULT_EXPIRED: return "stale";
    case RESULT_BAD_INPUT:
    case RESULT_TOO_BIG: return "bad_input";
    default: return "failed";
    }
}

static void print_point(struct json_out *j, const uint8_t point[POINT_BYTES]) {
    struct buf text;
    buf_init(&text, 128);
    base64url_encode(point, POINT_BYTES, &text);
    jo_str(j, "point", buf_text(&text));
    buf_fini(&text);
}

static void print_state(struct owner *o, const struct owner_keys *keys, const struct owner_windows *windows,
                        struct json_out *j) {
    jo_object(j, "owner");
    jo_str(j, "nonce", o->nonce);
    capabilities_write(j, "capabilities", o->config->session_capabilities);
    capability_words_print(o->config->session_capabilities, j, "words");
    jo_int(j, "max_minutes", o->config->session_max_ms / 60000);
    jo_bool(j, "windows_count", o->config->consent_windows);
    jo_array(j, "keys");
    for (size_t i = 0; i < keys->count; i++) {
        jo_object(j, NULL);
        jo_str(j, "key", keys->items[i].id);
        print_point(j, keys->items[i].point);
        jo_str(j, "name", keys->items[i].name);
        jo_int(j, "at_ms", keys->items[i].at_ms);
        jo_end(j);
    }
    jo_end(j);
    jo_array(j, "windows");
    for (size_t i = 0; i < windows->count; i++) {
        jo_object(j, NULL);
        jo_str(j, "window", windows->items[i].says.window);
        jo_str(j, "by", windows->items[i].by);
        jo_str(j, "key", windows->items[i].key);
        jo_str(j, "statement", windows->items[i].text);
        jo_end(j);
    }
    jo_end(j);
    jo_end(j);
}

static void say_state(struct owner *o, const struct command_message *command, const char *key,
                      const struct owner_keys *keys, const struct owner_windows *windows) {
    struct buf text;
    buf_init(&text, CAP_PAYLOAD_BYTES - 1024);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    if (key != NULL) {
        jo_str(&j, "key", key);
    }
    print_state(o, keys, windows, &j);
    jo_end(&j);
    say(o, command->id, buf_text(&text));
    buf_fini(&text);
}

/* ---- verbs: each gets the keys and windows as they are now ---- */

struct desk {
    struct owner_keys keys;
    struct owner_windows windows;
};

static enum result on_state(struct owner *o, const struct command_message *command, struct desk *d,
                            struct fault *fault) {
    (void)fault;
    say_state(o, command, NULL, &d->keys, &d->windows);
    return RESULT_OK;
}

static enum result on_enrol(struct owner *o, const struct command_message *command, struct desk *d,
                            struct fault *fault) {
    const char *text, *mac;
    struct owner_statement says;
    char id[SHA256_HEX_BYTES];
    enum result result;
    if ((result = json_string(command->args, "text", OWNER_STATEMENT_BYTES, &text, fault)) != RESULT_OK ||
        (result = json_string(command->args, "mac", 64, &mac, fault)) != RESULT_OK ||
        (result = owner_keys_enrol(&d->keys, o->config->device, text, mac, clock_wall_ms(), fault)) != RESULT_OK ||
        (result = owner_statement_parse(text, strlen(text), &says, fault)) != RESULT_OK ||
        (result = owner_keys_save(o->config->data_dir, &d->keys, fault)) != RESULT_OK) {
        return result;
    }
    owner_key_id(says.point, id);
    log_warn("agent.owner", "key_enrolled", "key=%.16s owner=%s", id, log_text(says.name));
    say_state(o, command, id, &d->keys, &d->windows);
    return RESULT_OK;
}

struct said {
    struct owner_statement says;
    const char *text, *signature;
    const struct owner_key *key;
};

static enum result use_nonce(struct owner *o, const struct said *said, struct fault *fault) {
    bool is_mine = equal_secret(said->says.nonce, o->nonce, OWNER_NONCE_CHARS);
    if (is_mine) {
        make_nonce(o);
    }
    return is_mine
               ? RESULT_OK
               : fault_set(fault, RESULT_EXPIRED, "this was signed for an earlier state of the product; sign it again");
}

static enum result say_consent(struct owner *o, const struct command_message *command, struct desk *d,
                               const struct said *said, struct fault *fault) {
    const struct owner_answer answer = {.says = &said->says,
                                        .statement = said->text,
                                        .signature = said->signature,
                                        .key = said->key->id,
                                        .by = said->key->name};
    (void)d;
    return launcher_answer_page(o->launcher, command->id, &answer, fault) ? RESULT_OK : RESULT_DENIED;
}

static enum result say_window(struct owner *o, const struct command_message *command, struct desk *d,
                              const struct said *said, struct fault *fault) {
    struct owner_window window = {.says = said->says};
    enum result result = use_nonce(o, said, fault);
    if (result == RESULT_OK && !o->config->consent_windows) {
        result = fault_set(fault, RESULT_DENIED, "this product's configuration does not use standing windows");
    }
    if (result != RESULT_OK) {
        return result;
    }
    snprintf(window.text, sizeof window.text, "%s", said->text);
    snprintf(window.signature, sizeof window.signature, "%s", said->signature);
    snprintf(window.key, sizeof window.key, "%s", said->key->id);
    snprintf(window.by, sizeof window.by, "%s", said->key->name);
    if ((result = owner_windows_add(&d->windows, &window, o->config->session_capabilities, clock_wall_ms(), fault)) !=
            RESULT_OK ||
        (result = owner_windows_save(o->config->data_dir, &d->windows, fault)) != RESULT_OK) {
        return result;
    }
    log_warn("agent.owner", "window_set", "window=%s owner=%s", window.says.window, log_text(window.by));
    say_state(o, command, NULL, &d->keys, &d->windows);
    return RESULT_OK;
}

static enum result say_window_end(struct owner *o, const struct command_message *command, struct desk *d,
                                  const struct said *said, struct fault *fault) {
    enum result result;
    if ((result = use_nonce(o, said, fault)) != RESULT_OK ||
        (result = owner_windows_remove(&d->windows, said->says.window, fault)) != RESULT_OK ||
        (result = owner_windows_save(o->config->data_dir, &d->windows, fault)) != RESULT_OK) {
        return result;
    }
    log_warn("agent.owner", "window_ended", "window=%s owner=%s", said->says.window, log_text(said->key->name));
    say_state(o, command, NULL, &d->keys, &d->windows);
    launcher_check_consents(o->launcher);
    return RESULT_OK;
}

static enum result say_stop(struct owner *o, const struct command_message *command, struct desk *d,
                            const struct said *said, struct fault *fault) {
    char text[96];
    (void)d;
    if (launcher_stop(o->launcher, said->says.session) == 0) {
        return fault_set(fault, RESULT_NOT_FOUND, "this session does not run on this product");
    }
    snprintf(text, sizeof text, "{\"state\":\"stopping\",\"session\":\"%s\"}", said->says.session);
    say(o, command->id, text);
    return RESULT_OK;
}

static const struct {
    enum owner_kind kind;
    enum result (*act)(struct owner *o, const struct command_message *command, struct desk *d, const struct said *said,
                       struct fault *fault);
} kinds[] = {{OWNER_CONSENT, say_consent},
             {OWNER_WINDOW, say_window},
             {OWNER_WINDOW_END, say_window_end},
             {OWNER_STOP, say_stop}};

/* Form, owner, signature, product: in this order, and before anything changes. */
static enum result read_said(const struct owner *o, const struct json *args, const struct desk *d, struct said *out,
                             struct fault *fault) {
    const char *key;
    enum result result;
    if ((result = json_string(args, "key", SHA256_HEX_BYTES - 1, &key, fault)) != RESULT_OK ||
        (result = json_string(args, "statement", OWNER_STATEMENT_BYTES, &out->text, fault)) != RESULT_OK ||
        (result = json_string(args, "signature", OWNER_SIGNATURE_CHARS, &out->signature, fault)) != RESULT_OK) {
        return result;
    }
    if ((out->key = owner_keys_find(&d->keys, key)) == NULL) {
        return fault_set(fault, RESULT_DENIED, "this key is not, or no longer, enrolled on this product");
    }
    if ((result = owner_check(out->text, out->signature, out->key->point, fault)) != RESULT_OK ||
        (result = owner_statement_parse(out->text, strlen(out->text), &out->says, fault)) != RESULT_OK) {
        return result;
    }
    return strcmp(out->says.device, o->config->device) == 0
               ? RESULT_OK
               : fault_set(fault, RESULT_DENIED, "this is a statement about another product");
}

static enum result on_say(struct owner *o, const struct command_message *command, struct desk *d, struct fault *fault) {
    struct said said;
    enum result result = read_said(o, command->args, d, &said, fault);
    for (size_t i = 0; result == RESULT_OK && i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].kind == said.says.kind) {
            return kinds[i].act(o, command, d, &said, fault);
        }
    }
    return result != RESULT_OK ? result
                               : fault_set(fault, RESULT_DENIED, "a statement of this kind is not for a product");
}

static const struct {
    const char *verb;
    enum result (*act)(struct owner *o, const struct command_message *command, struct desk *d, struct fault *fault);
} verbs[] = {{"owner.state", on_state}, {"owner.enrol", on_enrol}, {"owner.say", on_say}};

/* Keys, then the windows that they have signed. Windows that cannot be believed are none; the owner may set new ones.
 */
static enum result load(const struct owner *o, struct desk *d, struct fault *fault) {
    enum result result = owner_keys_load(o->config->data_dir, &d->keys, fault);
    if (result == RESULT_OK && owner_windows_load(o->config->data_dir, o->config->device, &d->keys, clock_wall_ms(),
                                                  &d->windows, fault) != RESULT_OK) {
        log_warn("agent.owner", "windows_not_used", "reason=%s", log_text(fault->text));
    }
    return result;
}

static bool is_stop(const struct command_message *command) {
    static const char head[] = "fieldline.owner.1 stop\n";
    const char *text;
    return json_string(command->args, "statement", OWNER_STATEMENT_BYTES, &text, NULL) == RESULT_OK &&
           strncmp(text, head, sizeof head - 1) == 0;
}

void owner_command(struct owner *o, const struct command_message *command) {
    struct fault fault = {"there is no such verb"};
    enum result result = RESULT_BAD_INPUT;
    if (!o->config->owner_page) {
        refuse(o, command, "off_on_product", "this product's configuration does not use the owner's page");
        return;
    }
    if (command->args == NULL || !json_is_object(command->args)) {
        refuse(o, command, "bad_input", "'args' is missing");
        return;
    }
    if (o->denied_lately >= OWNER_DENIED_MAX && !is_stop(command)) {
        refuse(o, command, "too_many", "too many statements were denied; wait ten minutes");
        return;
    }
    struct desk *d = mem_alloc(sizeof *d);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(command->verb, verbs[i].verb) == 0) {
            result = load(o, d, &fault);
            result = result == RESULT_OK ? verbs[i].act(o, command, d, &fault) : result;
            break;
        }
    }
    if (result != RESULT_OK) {
        refuse(o, command, error_of(result), fault.text);
    }
    wipe(d, sizeof *d);
    free(d);
}
