/* A customer's contract, as far as it says who may be helped remotely: a device or a site belongs to a customer until a
 * day, with these capabilities. Pure; rows are in store/contracts.h. */
#pragma once
#include <stdint.h>

#include "fieldline/json.h"
#include "fieldline/session.h"

enum contract_scope { CONTRACT_DEVICE, CONTRACT_SITE, CONTRACT_SCOPES }; /* the numbers are stored */
enum { CONTRACT_TARGET_BYTES = 63, CONTRACT_CUSTOMER_BYTES = 63, CONTRACT_WHO_BYTES = 63, CONTRACT_CELLS = 5 };
struct contract {
    enum contract_scope scope;
    char target[CONTRACT_TARGET_BYTES + 1]; /* device id or site */
    char customer[CONTRACT_CUSTOMER_BYTES + 1];
    int64_t until_ms;
    uint32_t capabilities; /* none: no remote access at all */
    char set_by[CONTRACT_WHO_BYTES + 1];
    int64_t set_ms;
};
const char *contract_scope_name(enum contract_scope scope); /* "device", "site" */
FL_CHECK bool contract_scope_parse(const char *text, enum contract_scope *out);
/* A calendar day "2027-03-31" as its last moment in UTC: the contract holds that day, too. */
FL_CHECK enum result contract_day(const char *text, int64_t *until_ms, struct fault *fault);
/* The cells of one line of a file: scope, target, customer, until (a day), capabilities ("observe diagnose"; "-":
 * none). Cells are not ended by NUL. */
struct contract_cell {
    const char *text;
    size_t chars;
};
FL_CHECK enum result contract_of_cells(const struct contract_cell *cells, size_t count, struct contract *out,
                                       struct fault *fault);
FL_CHECK enum result contract_check(const struct contract *contract, struct fault *fault);
void contract_print(const struct contract *contract, int64_t now_ms, struct json_out *out, const char *key);
