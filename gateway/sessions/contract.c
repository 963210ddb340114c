/* Contracts: what a line of the importer's file means, and what is wrong with one. There is one contract for a device
 * and one for a site at most; the device's own counts before its site's, so that a site's contract may have exceptions
 * in both directions. Rows are replaced, not deleted: a contract that is over denies, whereas no contract at all may be
 * fine where contracts are optional. */
#include "sessions/contract.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "fieldline/number.h"

static const char *const names[CONTRACT_SCOPES] = {[CONTRACT_DEVICE] = "device", [CONTRACT_SITE] = "site"};

const char *contract_scope_name(enum contract_scope scope) {
    return names[scope];
}

bool contract_scope_parse(const char *text, enum contract_scope *out) {
    for (int i = 0; i < CONTRACT_SCOPES; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum contract_scope)i;
            return true;
        }
    }
    return false;
}

enum result contract_day(const char *text, int64_t *until_ms, struct fault *fault) {
    int64_t year = 0, month = 0, day = 0;
    const bool is_shaped = strlen(text) == 10 && text[4] == '-' && text[7] == '-' &&
                           strspn(text, "0123456789-") == 10 && number_i64(text, 4, 1970, 9999, &year) &&
                           number_i64(text + 5, 2, 1, 12, &month) && number_i64(text + 8, 2, 1, 31, &day);
    struct tm given = {.tm_year = (int)year - 1900, .tm_mon = (int)month - 1, .tm_mday = (int)day}, tm = given;
    const time_t at = is_shaped ? timegm(&tm) : -1;
    if (!is_shaped || tm.tm_mday != given.tm_mday || tm.tm_mon != given.tm_mon) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%.20s' is not a day, expected one such as 2027-03-31", text);
    }
    *until_ms = ((int64_t)at + 24 * 3600) * 1000 - 1;
    return RESULT_OK;
}

static enum result take_cell(const struct contract_cell *cell, const char *what, char *out, size_t room,
                             struct fault *fault) {
    if (cell->chars == 0 || cell->chars >= room) {
        return fault_set(fault, RESULT_BAD_INPUT, "the %s must have 1 to %zu bytes", what, room - 1);
    }
    if (!utf8_valid(cell->text, cell->chars)) {
        return fault_set(fault, RESULT_BAD_INPUT, "the %s is not UTF-8 text", what);
    }
    memcpy(out, cell->text, cell->chars);
    out[cell->chars] = '\0';
    return RESULT_OK;
}

/* "observe diagnose", as a cell cannot hold commas without quotes; with quotes they are fine. */
static enum result take_capabilities(char *text, uint32_t *out, struct fault *fault) {
    if (strcmp(text, "-") == 0) {
        *out = 0;
        return RESULT_OK;
    }
    for (char *at = text; *at != '\0'; at++) {
        if (*at == ' ') {
            *at = ',';
        }
    }
    return capabilities_parse(text, out, fault);
}

enum result contract_of_cells(const struct contract_cell *cells, size_t count, struct contract *out,
                              struct fault *fault) {
    struct contract c = {0};
    char scope[16], day[16], capabilities[128];
    enum result result;
    if (count != CONTRACT_CELLS) {
        return fault_set(fault, RESULT_BAD_INPUT,
                         "%zu cells, expected %d: scope, target, customer, until, capabilities", count, CONTRACT_CELLS);
    }
    if ((result = take_cell(&cells[0], "scope", scope, sizeof scope, fault)) != RESULT_OK ||
        (result = take_cell(&cells[1], "target", c.target, sizeof c.target, fault)) != RESULT_OK ||
        (result = take_cell(&cells[2], "customer", c.customer, sizeof c.customer, fault)) != RESULT_OK ||
        (result = take_cell(&cells[3], "day", day, sizeof day, fault)) != RESULT_OK ||
        (result = take_cell(&cells[4], "capabilities", capabilities, sizeof capabilities, fault)) != RESULT_OK ||
        (result = contract_day(day, &c.until_ms, fault)) != RESULT_OK ||
        (result = take_capabilities(capabilities, &c.capabilities, fault)) != RESULT_OK) {
        return result;
    }
    if (!contract_scope_parse(scope, &c.scope)) {
        return fault_set(fault, RESULT_BAD_INPUT, "the scope is '%s', expected device or site", scope);
    }
    if ((result = contract_check(&c, fault)) != RESULT_OK) {
        return result;
    }
    *out = c;
    return RESULT_OK;
}

enum result contract_check(const struct contract *c, struct fault *fault) {
    const size_t chars = strlen(c->target);
    if (chars == 0 || strspn(c->target, "abcdefghijklmnopqrstuvwxyz0123456789-") != chars) {
        return fault_set(fault, RESULT_BAD_INPUT, "'%s' is not the name of a %s, expected [a-z0-9-]", c->target,
                         names[c->scope]);
    }
    for (const char *at = c->customer; *at != '\0'; at++) {
        if ((unsigned char)*at < ' ') {
            return fault_set(fault, RESULT_BAD_INPUT, "the customer's name has a control character in it");
        }
    }
    return c->customer[0] != '\0' ? RESULT_OK : fault_set(fault, RESULT_BAD_INPUT, "the customer's name is empty");
}

void contract_print(const struct contract *c, int64_t now_ms, struct json_out *out, const char *key) {
    jo_object(out, key);
    jo_str(out, "scope", names[c->scope]);
    jo_str(out, "target", c->target);
    jo_str(out, "customer", c->customer);
    jo_int(out, "until_ms", c->until_ms);
    capabilities_write(out, "capabilities", c->capabilities);
    jo_bool(out, "valid", now_ms <= c->until_ms);
    jo_str(out, "set_by", c->set_by);
    jo_int(out, "set_ms", c->set_ms);
    jo_end(out);
}
