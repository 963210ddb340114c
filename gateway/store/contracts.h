/* Contracts of customers (sessions/contract.h), kept: one for a device, one for a site. */
#pragma once
#include "sessions/contract.h"
#include "store/reader.h"
#include "store/store.h"

FL_CHECK enum result store_contract_put(struct store *store, const struct contract *contract); /* by scope and target */
/* The device's own, or else its site's ("": it has none). RESULT_NOT_FOUND: neither has one. */
FL_CHECK enum result store_contract_of(struct store *store, const char *device, const char *site, struct contract *out);
/* There is one at all, valid or not. */
FL_CHECK enum result store_contracts_used(struct store *store, bool *out);

typedef void contract_fn(void *self, const struct contract *contract);
/* By scope and target, those after `after` ("": from the first). */
FL_CHECK enum result reader_contracts(struct reader *reader, enum contract_scope scope, const char *after, int limit,
                                      contract_fn *fn, void *self);
FL_CHECK enum result store_contracts(struct store *store, contract_fn *fn, void *self); /* all; for the command line */
