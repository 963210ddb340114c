/* Gathers, and decides nothing. What cannot be found stays zero, and zero denies (sessions/grant.h). */
#include "session_facts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session_case.h"
#include "store/cases.h"
#include "store/contracts.h"
#include "store/kills.h"
#include "store/locations.h"
#include "store/qualifications.h"
#include "store/users.h"

static enum result user_facts(struct core *core, const char *name, struct grant_facts *out) {
    struct user_row user;
    const enum result result = store_user_find(core->store, name, &user);
    if (result != RESULT_OK)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    wipe(user.password, sizeof user.password);
    out->role = user.role;
    out->is_user_enabled = !user.is_disabled;
    return RESULT_OK;
}

static enum result qualification_facts(struct core *core, const char *user, const char *model,
                                       struct grant_facts *out) {
    struct qualified qualified;
    const enum result result = store_qualified(core->store, user, model, core->now_ms, &qualified);
    if (result != RESULT_OK)
        return result;
    out->qualified = qualified.capabilities;
    out->may_break_glass = qualified.may_break_glass;
    out->is_qualification_free = !core->settings->session_needs_qualification && !qualified.is_used;
    return RESULT_OK;
}

static enum result contract_facts(struct core *core, const struct device *device, struct grant_facts *out,
                                  char customer[SESSION_NAME_BYTES + 1]) {
    struct location location = {0};
    struct contract contract;
    bool is_used = false;
    enum result result = store_contracts_used(core->store, &is_used);
    if (result == RESULT_OK && is_used && device->row)
        result = store_location_read(core->store, device->row, &location);
    if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        return result;
    out->is_contract_free = !core->settings->session_needs_contract && !is_used;
    if (!is_used)
        return RESULT_OK;
    result = store_contract_of(core->store, device->id, location.site, &contract);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    if (result == RESULT_OK && core->now_ms <= contract.until_ms) {
        out->has_contract = true;
        out->contracted = contract.capabilities;
        snprintf(customer, SESSION_NAME_BYTES + 1, "%s", contract.customer);
    }
    return result;
}

enum result session_facts(struct core *core, const char *user, const char *device_id, bool is_ticket_open,
                          struct grant_facts *out, char customer[SESSION_NAME_BYTES + 1]) {
    const struct device *device = registry_find(core->registry, device_id);
    struct grant_facts facts = {.is_ticket_open = is_ticket_open};
    bool is_killed = true;
    customer[0] = '\0';
    enum result result = user_facts(core, user, &facts);
    if (result == RESULT_OK)
        result = store_killed(core->store, device_id, user, &is_killed);
    if (result == RESULT_OK && device)
        result = qualification_facts(core, user, device->model, &facts);
    if (result == RESULT_OK && device)
        result = contract_facts(core, device, &facts, customer);
    if (result != RESULT_OK)
        return result;
    facts.is_unkilled = !is_killed;
    if (device) {
        facts.is_device_trusted = !conduct_has(&device->conduct, CONDUCT_SHARED);
        facts.pack = device->pack ? device->pack->capabilities : 0;
        facts.birth = device->capabilities;
    }
    *out = facts;
    return RESULT_OK;
}

void session_policy(const struct core *core, const struct pack *pack, struct grant_policy *out) {
    *out = (struct grant_policy){.four_eyes = core->settings->session_four_eyes,
                                 .moderated = core->settings->session_moderated,
                                 .longest_minutes = core->settings->session_max_ms / 60000};
    for (int c = 0; pack && c < CAPABILITY_COUNT; c++) {
        const struct pack_session_rule *rule = &pack->sessions[c];
        out->four_eyes |= rule->needs_approval ? CAPABILITY_BIT(c) : 0;
        out->moderated |= rule->needs_moderator ? CAPABILITY_BIT(c) : 0;
        out->max_minutes[c] = rule->max_minutes;
    }
}

enum result session_decide(struct core *core, struct session *s, const struct ticket *ticket, int64_t minutes,
                           struct grant *grant, enum result *verdict, struct fault *fault) {
    const struct device *device = registry_find(core->registry, s->device);
    struct session_list open;
    struct grant_request request = {.is_device_online = device && device->is_online,
                                    .asked = s->capabilities,
                                    .minutes = minutes,
                                    .reason = s->reason,
                                    .is_emergency = s->is_emergency,
                                    .allowed_on_device = SESSIONS_ON_DEVICE};
    session_policy(core, device ? device->pack : NULL, &request.policy);
    enum result result =
        session_facts(core, s->engineer, s->device, ticket_state_is_open(ticket->state), &request.facts, s->customer);
    if (result != RESULT_OK)
        return result;
    if (request.facts.role != s->role)
        request.facts.role = ROLE_NONE; /* changed since the login: what it may is asked after the next one */
    result = session_case_open(core, &open);
    for (size_t i = 0; i < open.count; i++)
        request.open_on_device += strcmp(open.items[i].device, s->device) == 0 && strcmp(open.items[i].id, s->id) != 0;
    *verdict = open.count == SESSIONS_LISTED
                   ? fault_set(fault, RESULT_BUSY, "%d sessions are open; the gateway takes no more", SESSIONS_LISTED)
                   : grant_decide(&request, grant, fault);
    free(open.items);
    return result;
}
