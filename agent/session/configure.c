/* What is asked of the product's parameters, checked before anything happens, and the list of them.
 *
 * The gateway has checked the same against its pack; here the product's own configuration counts, and it counts alone.
 * The change itself is configure_change.c's. */
#include "session/configure.h"

#include <stdlib.h>
#include <string.h>

#include "session/configure_inside.h"

struct configure *configure_new(struct loop *loop, const struct param_set *set, const char *session,
                                const struct configure_owner *owner) {
    struct configure *c = mem_alloc(sizeof *c);
    c->loop = loop;
    c->set = set;
    c->session = session;
    c->owner = *owner;
    c->lock_fd = -1;
    return c;
}

void configure_free(struct configure *c) {
    if (c == NULL) {
        return;
    }
    param_walk_cancel(c->list_walk);
    free(c->list_stops);
    configure_change_drop(c);
    free(c);
}

bool configure_is_busy(const struct configure *c) {
    return c->phase != CONFIGURE_IDLE;
}

/* ---- list -------------------------------------------------------------------------------------------------------- */

static void print_param(const struct param_stop *stop, struct json_out *j) {
    const struct param *p = stop->param;
    jo_object(j, NULL);
    jo_str(j, "name", p->name);
    if (stop->has_value) {
        parameter_value_write(&stop->value, "value", j);
    } else {
        jo_str(j, "fault", stop->why.text);
    }
    jo_str(j, "unit", p->unit);
    parameter_form_write(&p->form, j);
    jo_bool(j, "writable", p->is_writable);
    jo_end(j);
}

static void print_open_change(const struct configure *c, struct json_out *j) {
    jo_object(j, "change");
    jo_str(j, "change", c->journal.change);
    jo_str(j, "by", c->journal.by);
    jo_int(j, "confirm_by_ms", c->journal.due_wall_ms);
    jo_end(j);
}

static void on_listed(void *self, size_t failed) {
    struct configure *c = self;
    struct buf text;
    (void)failed;
    c->list_walk = NULL;
    buf_init(&text, CAP_FRAME_BYTES - 256);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_array(&j, "parameters");
    for (size_t i = 0; i < c->set->count; i++) {
        print_param(&c->list_stops[i], &j);
    }
    jo_end(&j);
    jo_array(&j, "rules");
    for (size_t i = 0; i < c->set->rule_count; i++) {
        jo_str(&j, NULL, c->set->rules[i].source);
    }
    jo_end(&j);
    jo_object(&j, "confirm_s");
    jo_int(&j, "min", (c->set->confirm_min_ms + 999) / 1000);
    jo_int(&j, "max", c->set->confirm_max_ms / 1000);
    jo_end(&j);
    jo_bool(&j, "has_health", c->set->health != NULL);
    if (c->phase == CONFIGURE_WAITING) {
        print_open_change(c, &j);
    }
    jo_end(&j);
    if (text.overflow) {
        c->owner.refuse(c->owner.self, c->list_id, RESULT_TOO_BIG, "the list of parameters does not fit a frame");
    } else {
        c->owner.answer(c->owner.self, c->list_id, buf_text(&text), text.count);
    }
    buf_fini(&text);
    free(c->list_stops);
    c->list_stops = NULL;
}

enum result configure_list(struct configure *c, int64_t id, struct fault *fault) {
    if (c->set->count == 0) {
        return fault_set(fault, RESULT_NOT_FOUND, "this product has no parameters");
    }
    if (c->list_walk != NULL) {
        return fault_set(fault, RESULT_BUSY, "the parameters are being read already");
    }
    c->list_id = id;
    c->list_stops = mem_alloc(c->set->count * sizeof *c->list_stops);
    for (size_t i = 0; i < c->set->count; i++) {
        c->list_stops[i].param = &c->set->items[i];
    }
    struct param_walk_options options = {.stops = c->list_stops, .count = c->set->count, .goes_on = true};
    c->list_walk = param_walk_start(c->loop, &options, on_listed, c);
    return RESULT_OK;
}

/* ---- set --------------------------------------------------------------------------------------------------------- */

static enum result take_value(struct configure *c, const struct json *node, struct fault *fault) {
    const struct param *param = param_find(c->set, json_key(node));
    size_t at = c->journal.count;
    enum result result;
    if (param == NULL) {
        return fault_set(fault, RESULT_NOT_FOUND, "this product has no parameter '%.40s'", json_key(node));
    }
    if (!param->is_writable) {
        return fault_set(fault, RESULT_DENIED, "%s can be read only", param->name);
    }
    if (at == CHANGE_VALUES_MAX) {
        return fault_set(fault, RESULT_TOO_BIG, "more than %d values in one change", CHANGE_VALUES_MAX);
    }
    struct parameter_value *after = &c->journal.values[at].after;
    if ((result = parameter_value_read(&param->form, node, after, fault)) != RESULT_OK ||
        (result = parameter_value_check(&param->form, after, fault)) != RESULT_OK) {
        fault_prefix(fault, "%s", param->name);
        return result;
    }
    memcpy(c->journal.values[at].name, param->name, strlen(param->name) + 1);
    c->journal.count++;
    return RESULT_OK;
}

static enum result take_request(struct configure *c, const struct json *params, struct fault *fault) {
    const struct json *values = json_get(params, "values");
    const char *by = "";
    int64_t confirm_s;
    enum result result;
    memset(&c->journal, 0, sizeof c->journal);
    if (values == NULL || !json_is_object(values) || json_first(values) == NULL) {
        return fault_set(fault, RESULT_BAD_INPUT, "'values' must be an object with at least one parameter");
    }
    if ((result = json_integer(params, "confirm_s", (c->set->confirm_min_ms + 999) / 1000,
                               c->set->confirm_max_ms / 1000, &confirm_s, fault)) != RESULT_OK ||
        (result = json_optional_string(params, "by", PARAM_BY_BYTES, &by, fault)) != RESULT_OK) {
        return result;
    }
    for (const struct json *node = json_first(values); node != NULL; node = json_next(node)) {
        if ((result = take_value(c, node, fault)) != RESULT_OK) {
            return result;
        }
    }
    c->confirm_ms = confirm_s * 1000;
    text_copy(c->journal.by, sizeof c->journal.by, by != NULL ? by : "");
    text_copy(c->journal.session, sizeof c->journal.session, c->session);
    return RESULT_OK;
}

enum result configure_set(struct configure *c, int64_t id, const struct json *params, struct fault *fault) {
    if (c->phase != CONFIGURE_IDLE || c->is_ending) {
        return fault_set(fault, RESULT_BUSY, "a change is under way already; confirm it or take it back first");
    }
    enum result result = take_request(c, params, fault);
    if (result == RESULT_OK) {
        c->id = id;
        configure_change_begin(c);
    }
    return result;
}

static enum result named(const struct configure *c, const char *change, struct fault *fault) {
    return c->phase == CONFIGURE_WAITING && strcmp(change, c->journal.change) == 0
               ? RESULT_OK
               : fault_set(fault, RESULT_NOT_FOUND, "no such change waits to be confirmed (any more)");
}

enum result configure_confirm(struct configure *c, int64_t id, const char *change, struct fault *fault) {
    enum result result = named(c, change, fault);
    if (result == RESULT_OK) {
        c->id = id;
        configure_change_confirm(c);
    }
    return result;
}

enum result configure_revert(struct configure *c, int64_t id, const char *change, struct fault *fault) {
    enum result result = named(c, change, fault);
    if (result == RESULT_OK) {
        c->id = id;
        c->id_result = RESULT_OK;
        configure_change_undo(c, "asked");
    }
    return result;
}

bool configure_end(struct configure *c) {
    param_walk_cancel(c->list_walk);
    c->list_walk = NULL;
    free(c->list_stops);
    c->list_stops = NULL;
    c->is_ending = true;
    configure_change_stop(c);
    return c->phase != CONFIGURE_IDLE;
}
