/* Qualifications, contracts, kill switches: read the body, check it, write, audit, and look at the sessions at once.
 * What a row means is in sessions/; the command line writes the same rows from another process (command_access.c). */
#include "access_desk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "fieldline/log.h"
#include "session_facts.h"
#include "session_guard.h"
#include "store/contracts.h"
#include "store/kills.h"
#include "store/qualifications.h"
#include "store/users.h"

enum { OBJECT_BYTES = 80 };
#define LATEST_MS INT64_C(253402300799999) /* the end of the year 9999 */

/* ---- qualifications ---- */

static enum result read_qualification(const struct core *core, const struct change *change, struct qualification *out,
                                      struct fault *fault) {
    const char *user, *model;
    *out = (struct qualification){.from_ms = core->now_ms, .given_ms = core->now_ms};
    enum result result = json_string(change->body, "user", USER_NAME_BYTES, &user, fault);
    if (result == RESULT_OK)
        result = json_string(change->body, "model", CAP_MODEL_BYTES, &model, fault);
    if (result == RESULT_OK && json_get(change->body, "capabilities"))
        result = capabilities_read(change->body, "capabilities", &out->capabilities, fault);
    if (result == RESULT_OK && json_get(change->body, "emergency"))
        result = json_bool(change->body, "emergency", &out->may_break_glass, fault);
    if (result == RESULT_OK && json_get(change->body, "from_ms"))
        result = json_integer(change->body, "from_ms", 0, LATEST_MS, &out->from_ms, fault);
    if (result == RESULT_OK)
        result = json_integer(change->body, "until_ms", 0, LATEST_MS, &out->until_ms, fault);
    if (result != RESULT_OK)
        return result;
    snprintf(out->user, sizeof out->user, "%s", user);
    snprintf(out->model, sizeof out->model, "%s", model);
    snprintf(out->given_by, sizeof out->given_by, "%s", change->by.name);
    if (strcmp(model, "*") != 0 && !packs_find(core->packs, model))
        return fault_set(fault, RESULT_BAD_INPUT, "There is no model '%s'.", model);
    return qualification_check(out, fault);
}

static enum result check_person(struct core *core, const char *name, enum result *verdict, struct fault *fault) {
    struct user_row user;
    const enum result result = store_user_find(core->store, name, &user);
    wipe(user.password, sizeof user.password);
    if (result == RESULT_NOT_FOUND)
        *verdict = fault_set(fault, RESULT_BAD_INPUT, "There is no user '%s'.", name);
    else if (result == RESULT_OK && user.role != ROLE_ENGINEER && user.role != ROLE_SUPERVISOR)
        *verdict = fault_set(fault, RESULT_BAD_INPUT, "%s is %s; only engineers and supervisors hold sessions.", name,
                             role_name(user.role));
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result answer_qualification(struct core *core, struct change *change, int status, const char *what,
                                        const struct qualification *q) {
    char object[OBJECT_BYTES];
    struct buf detail;
    struct json_out j = json_out(&change->reply);
    snprintf(object, sizeof object, "qualification/%lld", (long long)q->id);
    buf_init(&detail, 1024);
    buf_printf(&detail, "%s, %s: ", q->user, q->model);
    capabilities_print(q->capabilities, &detail);
    buf_str(&detail, q->may_break_glass ? " emergency" : "");
    change->status = status;
    qualification_print(q, core->now_ms, &j, NULL);
    effects_notify_row(core->effects, "qualification", q->id, NULL);
    enum result result = desk_audit(core, change, what, object, "ok", buf_text(&detail));
    buf_fini(&detail);
    return result == RESULT_OK ? session_guard_now(core) : result;
}

enum result access_desk_qualify(struct core *core, struct change *change) {
    struct qualification q;
    struct fault fault;
    enum result result = RESULT_OK;
    enum result verdict = read_qualification(core, change, &q, &fault);
    if (verdict == RESULT_OK)
        result = check_person(core, q.user, &verdict, &fault);
    if (result != RESULT_OK)
        return result;
    if (verdict != RESULT_OK)
        return desk_refuse(core, change, "qualification.give", "qualification", verdict, fault.text);
    result = store_qualification_add(core->store, &q);
    return result == RESULT_OK ? answer_qualification(core, change, 201, "qualification.give", &q) : result;
}

enum result access_desk_disqualify(struct core *core, struct change *change) {
    struct qualification q;
    enum result result = store_qualification_find(core->store, strtoll(change->id, NULL, 10), &q);
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && q.is_revoked))
        return desk_refuse(core, change, "qualification.revoke", "qualification",
                           result == RESULT_OK ? RESULT_CONFLICT : result,
                           result == RESULT_OK ? "It was revoked already." : "There is no such qualification.");
    if (result == RESULT_OK)
        result = store_qualification_revoke(core->store, q.id, change->by.name, core->now_ms);
    q.is_revoked = true;
    snprintf(q.revoked_by, sizeof q.revoked_by, "%s", change->by.name);
    return result == RESULT_OK ? answer_qualification(core, change, 200, "qualification.revoke", &q) : result;
}

/* ---- contracts ---- */

static enum result read_contract(const struct core *core, const struct change *change, struct contract *out,
                                 struct fault *fault) {
    const char *scope, *target, *customer;
    *out = (struct contract){.set_ms = core->now_ms};
    enum result result = json_string(change->body, "scope", 16, &scope, fault);
    if (result == RESULT_OK)
        result = json_string(change->body, "target", CONTRACT_TARGET_BYTES, &target, fault);
    if (result == RESULT_OK)
        result = json_string(change->body, "customer", CONTRACT_CUSTOMER_BYTES, &customer, fault);
    if (result == RESULT_OK)
        result = json_integer(change->body, "until_ms", 0, LATEST_MS, &out->until_ms, fault);
    if (result == RESULT_OK)
        result = capabilities_read(change->body, "capabilities", &out->capabilities, fault);
    if (result != RESULT_OK)
        return result;
    snprintf(out->target, sizeof out->target, "%s", target);
    snprintf(out->customer, sizeof out->customer, "%s", customer);
    snprintf(out->set_by, sizeof out->set_by, "%s", change->by.name);
    if (!contract_scope_parse(scope, &out->scope))
        return fault_set(fault, RESULT_BAD_INPUT, "'scope' is '%s', expected device or site", scope);
    return contract_check(out, fault);
}

enum result access_desk_contract(struct core *core, struct change *change) {
    struct contract contract;
    struct fault fault;
    char object[OBJECT_BYTES + CONTRACT_TARGET_BYTES];
    const enum result verdict = read_contract(core, change, &contract, &fault);
    if (verdict != RESULT_OK)
        return desk_refuse(core, change, "contract.set", "contract", verdict, fault.text);
    enum result result = store_contract_put(core->store, &contract);
    if (result != RESULT_OK)
        return result;
    struct json_out j = json_out(&change->reply);
    snprintf(object, sizeof object, "contract/%s/%s", contract_scope_name(contract.scope), contract.target);
    change->status = 200;
    contract_print(&contract, core->now_ms, &j, NULL);
    result = desk_audit(core, change, "contract.set", object, "ok", contract.customer);
    return result == RESULT_OK ? session_guard_now(core) : result;
}

/* ---- the kill switch ---- */

static enum result read_kill(struct core *core, const struct change *change, struct kill *out, enum result *verdict,
                             struct fault *fault) {
    const char *scope = NULL, *target = NULL, *reason = NULL;
    int64_t count = 0;
    struct user_row user;
    *verdict = json_string(change->body, "scope", 16, &scope, fault);
    if (*verdict == RESULT_OK)
        *verdict = json_optional_string(change->body, "target", KILL_TARGET_BYTES, &target, fault);
    if (*verdict == RESULT_OK)
        *verdict = json_string(change->body, "reason", KILL_REASON_BYTES, &reason, fault);
    if (*verdict == RESULT_OK)
        *verdict = kill_make(scope, target, reason, out, fault);
    enum result result = store_kill_count(core->store, &count);
    if (*verdict != RESULT_OK || result != RESULT_OK)
        return result;
    if (count >= KILLS_MAX)
        *verdict = fault_set(fault, RESULT_CONFLICT, "%d kill switches are on already; use one for all.", KILLS_MAX);
    else if (out->scope == KILL_DEVICE && !registry_find(core->registry, out->target))
        *verdict = fault_set(fault, RESULT_BAD_INPUT, "There is no device '%s'.", out->target);
    else if (out->scope == KILL_USER) {
        result = store_user_find(core->store, out->target, &user);
        if (result == RESULT_NOT_FOUND) {
            *verdict = fault_set(fault, RESULT_BAD_INPUT, "There is no user '%s'.", out->target);
            result = RESULT_OK;
        }
        wipe(user.password, sizeof user.password);
    }
    return result;
}

static enum result answer_kill(struct core *core, struct change *change, int status, const char *what,
                               const struct kill *kill) {
    char object[OBJECT_BYTES];
    struct json_out j = json_out(&change->reply);
    snprintf(object, sizeof object, "kill/%lld", (long long)kill->id);
    log_warn("gateway.access", kill->is_lifted ? "kill_lifted" : "kill", "id=%lld scope=%s target=%s by=%s reason=%s",
             (long long)kill->id, kill_scope_name(kill->scope), log_text(kill->target), change->by.name,
             log_text(kill->reason));
    change->status = status;
    kill_print(kill, &j, NULL);
    effects_notify_row(core->effects, "kill", kill->id, NULL);
    const enum result result = desk_audit(core, change, what, object, "ok", kill->reason);
    return result == RESULT_OK ? session_guard_now(core) : result;
}

enum result access_desk_kill(struct core *core, struct change *change) {
    struct kill kill = {0};
    struct fault fault;
    enum result verdict;
    enum result result = read_kill(core, change, &kill, &verdict, &fault);
    if (result != RESULT_OK)
        return result;
    if (verdict != RESULT_OK)
        return desk_refuse(core, change, "kill.on", "kill", verdict, fault.text);
    kill.at_ms = core->now_ms;
    snprintf(kill.by, sizeof kill.by, "%s", change->by.name);
    result = store_kill_put(core->store, &kill);
    return result == RESULT_OK ? answer_kill(core, change, 201, "kill.on", &kill) : result;
}

enum result access_desk_lift(struct core *core, struct change *change) {
    struct kill kill;
    enum result result = store_kill_find(core->store, strtoll(change->id, NULL, 10), &kill);
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && kill.is_lifted))
        return desk_refuse(core, change, "kill.lift", "kill", result == RESULT_OK ? RESULT_CONFLICT : result,
                           result == RESULT_OK ? "It was lifted already." : "There is no such kill switch.");
    if (result != RESULT_OK)
        return result;
    kill.is_lifted = true;
    kill.lifted_ms = core->now_ms;
    snprintf(kill.lifted_by, sizeof kill.lifted_by, "%s", change->by.name);
    result = store_kill_put(core->store, &kill);
    return result == RESULT_OK ? answer_kill(core, change, 200, "kill.lift", &kill) : result;
}

/* ---- the terms ---- */

/* What one capability would need; says why not where it may not be at all. */
static void print_terms(const struct grant_request *request, enum capability c, struct json_out *j) {
    struct grant_request one = *request;
    struct grant grant = {0};
    struct fault fault = {""};
    one.asked = CAPABILITY_BIT(c);
    const bool may = grant_decide(&one, &grant, &fault) == RESULT_OK;
    jo_object(j, NULL);
    jo_str(j, "capability", capability_name(c));
    jo_bool(j, "may", may);
    jo_str(j, "why_not", may ? "" : fault.text);
    jo_bool(j, "approval", (one.policy.four_eyes & one.asked) != 0);
    jo_bool(j, "moderator", (one.policy.moderated & one.asked) != 0);
    jo_int(j, "max_minutes",
           one.policy.max_minutes[c] > 0 && one.policy.max_minutes[c] < one.policy.longest_minutes
               ? one.policy.max_minutes[c]
               : one.policy.longest_minutes);
    jo_end(j);
}

enum result access_desk_terms(struct core *core, struct change *change) {
    const struct device *device = registry_find(core->registry, change->id);
    char customer[SESSION_NAME_BYTES + 1];
    if (!device || device->row == 0) {
        change_problem(change, 404, "not_found", "There is no device '%s'.", change->id);
        return RESULT_OK;
    }
    struct grant_request request = {
        .is_device_online = true, .minutes = 1, .reason = "terms", .allowed_on_device = SESSIONS_ON_DEVICE};
    const enum result result = session_facts(core, change->by.name, device->id, true, &request.facts, customer);
    if (result != RESULT_OK)
        return result;
    session_policy(core, device->pack, &request.policy);
    struct json_out j = json_out(&change->reply);
    change->status = 200;
    jo_object(&j, NULL);
    jo_bool(&j, "emergency", request.facts.may_break_glass);
    jo_str(&j, "contract", customer[0] ? customer : NULL);
    jo_int(&j, "max_minutes", request.policy.longest_minutes);
    jo_array(&j, "capabilities");
    for (int c = 0; c < CAPABILITY_COUNT; c++)
        if (request.facts.pack & request.facts.birth & CAPABILITY_BIT(c))
            print_terms(&request, (enum capability)c, &j);
    jo_end(&j);
    jo_end(&j);
    return RESULT_OK;
}
