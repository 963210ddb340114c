/* The login session behind a WebSocket, and with what it was let in. Looked at every two seconds (api_recheck): the
 * socket goes when what it was let in with does not hold any more. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "fieldline/bytes.h"
#include "fieldline/caps.h"
#include "tickets/role.h"

struct socket_login {
    uint8_t login[SHA256_BYTES];
    enum role role;
    bool is_used;                     /* something came in since the last time it was asked */
    char session[CAP_UUID_BYTES + 1]; /* that he is in; "": none */
    bool may_type, may_moderate;      /* join_rights.h */
};
