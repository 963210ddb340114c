/* What an installer and an owner type on the product:
 *   fieldline-agent owner-link [--renew]          the link that enrols a phone, for a label or a QR code
 *   fieldline-agent owner-keys [remove N]         whose phones are enrolled; takes one away
 *   fieldline-agent stop-sessions [SESSION]       ends remote sessions at once, without a network */
#pragma once

/* NULL: `name` is none of them. */
typedef int owner_cli_fn(const char *config_path, int count, char **words);
owner_cli_fn *owner_cli_find(const char *name);
const char *owner_cli_usage(void);
