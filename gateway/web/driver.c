/* The headless engineer. What the relay sends is parsed as it comes, but acted upon at the next tick: a leg must not
 * call back into its relay while it is being called. Anything that is not what was expected ends the drive as a
 * failure; the product then takes the change back by itself, so there is nothing to clean up here. */
#include "web/driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/web.h"

enum { SET_ID = 1, CONFIRM_ID = 2, ANSWER_MS = 5 * 60 * 1000, VALUES_BYTES = 4096, TEXT_BYTES = 255 };
enum phase { DRIVE_BEGIN, DRIVE_SETTING, DRIVE_WATCHING, DRIVE_CONFIRMING, DRIVE_OVER };

struct driver {
    struct relay_leg *leg; /* NULL: the relay has let go */
    enum phase phase;
    int64_t due_mono_ms;
    char session[CAP_UUID_BYTES + 1], change[CAP_UUID_BYTES + 1];
    char *values;
    int64_t confirm_s, settle_ms;
    char before[VALUES_BYTES + 1], after[VALUES_BYTES + 1];
    const char *outcome; /* NULL: none yet; done, unchanged, failed */
    char text[TEXT_BYTES + 1];
    bool is_set, is_confirmed; /* heard since the last tick */
};

static void conclude(struct driver *d, const char *outcome, const char *text) {
    if (d->outcome == NULL) {
        d->outcome = outcome;
        text_copy(d->text, sizeof d->text, text);
    }
}

/* ---- the relay's side -------------------------------------------------------------------------------------------- */

static void take_values(const struct json *result, const char *key, char out[VALUES_BYTES + 1]) {
    struct buf text;
    const struct json *values = json_get(result, key);
    buf_init(&text, VALUES_BYTES);
    if (values != NULL) {
        json_print(values, &text);
        text_copy(out, VALUES_BYTES + 1, text.overflow ? "" : buf_text(&text));
    }
    buf_fini(&text);
}

static void on_answer(struct driver *d, int64_t id, const struct json *message) {
    const struct json *error = json_get(message, "error"), *result = json_get(message, "result");
    const char *text = "the product refused", *change;
    if (error != NULL || result == NULL) {
        if (error == NULL || json_string(error, "message", CAP_FRAME_BYTES, &text, NULL) != RESULT_OK) {
            text = "the product refused";
        }
        bool has_them = id == SET_ID && strstr(text, "has these values already") != NULL;
        conclude(d, has_them ? "unchanged" : "failed", has_them ? "" : text);
    } else if (id == SET_ID && json_string(result, "change", CAP_UUID_BYTES, &change, NULL) == RESULT_OK) {
        text_copy(d->change, sizeof d->change, change);
        take_values(result, "before", d->before);
        take_values(result, "after", d->after);
        d->is_set = true;
    } else if (id == CONFIRM_ID) {
        d->is_confirmed = true;
    } else {
        conclude(d, "failed", "the product's answer cannot be read");
    }
}

static void on_notice(struct driver *d, const char *method, const struct json *params) {
    const char *why = "", *change = "";
    char text[TEXT_BYTES + 1];
    if (params == NULL || strcmp(method, "configure.reverted") != 0 ||
        json_string(params, "change", CAP_UUID_BYTES, &change, NULL) != RESULT_OK ||
        json_string(params, "why", TEXT_BYTES - 40, &why, NULL) != RESULT_OK) {
        return;
    }
    if (d->change[0] == '\0' || strcmp(change, d->change) == 0) {
        snprintf(text, sizeof text, "the product took it back: %s", why);
        conclude(d, "failed", text);
    }
}

static void leg_send(void *self, bool is_text, const void *bytes, size_t count) {
    struct driver *d = self;
    struct json *message = NULL;
    const char *method = NULL;
    int64_t id;
    if (!is_text || json_parse(bytes, count, &message, NULL) != RESULT_OK || !json_is_object(message)) {
        json_free(message);
        return;
    }
    if (json_optional_string(message, "method", 63, &method, NULL) == RESULT_OK && method != NULL) {
        on_notice(d, method, json_get(message, "params"));
    } else if (json_integer(message, "id", SET_ID, CONFIRM_ID, &id, NULL) == RESULT_OK) {
        on_answer(d, id, message);
    }
    json_free(message);
}

static void leg_close(void *self, const char *reason) {
    struct driver *d = self;
    char text[TEXT_BYTES + 1];
    d->leg = NULL;
    snprintf(text, sizeof text, "the session ended: %.200s", reason);
    conclude(d, "failed", text);
}

static size_t leg_pending(const void *self) {
    (void)self;
    return 0;
}

static const struct relay_leg_ops leg_ops = {.send = leg_send, .close = leg_close, .pending = leg_pending};

/* ---- ours -------------------------------------------------------------------------------------------------------- */

enum result driver_start(struct relay *relay, const struct web_drive *drive, int64_t mono_ms, struct driver **out,
                         struct fault *fault) {
    struct driver *d = mem_alloc(sizeof *d);
    d->values = mem_strdup(drive->values);
    d->confirm_s = drive->confirm_s;
    d->settle_ms = drive->settle_s * 1000;
    text_copy(d->session, sizeof d->session, drive->session);
    struct relay_person person = {.name = drive->by, .is_driver = true};
    enum result result = relay_attach_person(relay, &person, &leg_ops, d, mono_ms, &d->leg, fault);
    if (result != RESULT_OK) {
        driver_free(d);
        return result;
    }
    *out = d;
    return RESULT_OK;
}

void driver_free(struct driver *d) {
    if (d != NULL) {
        free(d->values);
        free(d);
    }
}

static void say(struct driver *d, const struct buf *message, int64_t mono_ms) {
    if (d->leg != NULL) {
        relay_receive(d->leg, true, message->data, message->count, mono_ms);
    }
}

static void send_set(struct driver *d, int64_t mono_ms) {
    struct buf message;
    buf_init(&message, CAP_FRAME_BYTES);
    struct json_out j = json_out(&message);
    jo_object(&j, NULL);
    jo_str(&j, "jsonrpc", "2.0");
    jo_int(&j, "id", SET_ID);
    jo_str(&j, "method", "configure.set");
    jo_object(&j, "params");
    jo_raw(&j, "values", d->values, strlen(d->values));
    jo_int(&j, "confirm_s", d->confirm_s);
    jo_end(&j);
    jo_end(&j);
    say(d, &message, mono_ms);
    buf_fini(&message);
}

static void send_confirm(struct driver *d, int64_t mono_ms) {
    struct buf message;
    buf_init(&message, 512);
    buf_printf(&message,
               "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"configure.confirm\",\"params\":{\"change\":\"%s\"}}",
               CONFIRM_ID, d->change);
    say(d, &message, mono_ms);
    buf_fini(&message);
}

static void leave(struct driver *d, int64_t mono_ms) {
    static const char end[] = "{\"jsonrpc\":\"2.0\",\"method\":\"session.end\",\"params\":{}}";
    if (d->leg != NULL) {
        relay_receive(d->leg, true, end, sizeof end - 1, mono_ms);
    }
    if (d->leg != NULL) {
        relay_detach(d->leg, mono_ms);
        d->leg = NULL;
    }
}

static struct change *tell(const struct driver *d) {
    struct change *change = change_new(CHANGE_JOB_RESULT);
    struct buf text;
    snprintf(change->id, sizeof change->id, "%s", d->session);
    snprintf(change->by.name, sizeof change->by.name, "gateway");
    buf_init(&text, 32 * 1024);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_str(&j, "outcome", d->outcome);
    jo_str(&j, "text", d->text);
    jo_str(&j, "before", d->before);
    jo_str(&j, "after", d->after);
    jo_end(&j);
    if (json_parse(buf_text(&text), text.count, &change->body, NULL) != RESULT_OK) {
        change->body = NULL; /* the desk calls that a failure */
    }
    buf_fini(&text);
    return change;
}

bool driver_tick(struct driver *d, int64_t mono_ms, struct change **change) {
    if (d->outcome == NULL && d->phase == DRIVE_BEGIN) {
        d->phase = DRIVE_SETTING;
        d->due_mono_ms = mono_ms + ANSWER_MS;
        send_set(d, mono_ms);
    } else if (d->outcome == NULL && d->phase == DRIVE_SETTING && d->is_set) {
        d->phase = DRIVE_WATCHING;
        d->due_mono_ms = mono_ms + d->settle_ms;
    } else if (d->outcome == NULL && d->phase == DRIVE_WATCHING && mono_ms >= d->due_mono_ms) {
        d->phase = DRIVE_CONFIRMING;
        d->due_mono_ms = mono_ms + ANSWER_MS;
        send_confirm(d, mono_ms);
    }
    if (d->outcome == NULL && d->phase == DRIVE_CONFIRMING && d->is_confirmed) {
        conclude(d, "done", "");
    } else if (d->outcome == NULL && d->phase != DRIVE_WATCHING && mono_ms >= d->due_mono_ms) {
        conclude(d, "failed", "the product did not answer in time");
    }
    if (d->outcome == NULL || d->phase == DRIVE_OVER) {
        return false;
    }
    d->phase = DRIVE_OVER;
    leave(d, mono_ms);
    *change = tell(d);
    return true;
}
