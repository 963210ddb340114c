/* Names of the roles. What a role may do is said where it is asked: ticket.c's arrows, sessions' grants, the web's
 * routes. */
#include "tickets/role.h"

#include <string.h>

static const char *const names[ROLE_COUNT] = {
    [ROLE_NONE] = "none",         [ROLE_OWNER] = "owner",           [ROLE_SUPPORT] = "support",
    [ROLE_ENGINEER] = "engineer", [ROLE_SUPERVISOR] = "supervisor", [ROLE_ADMINISTRATOR] = "administrator",
    [ROLE_AUDITOR] = "auditor",
};

const char *role_name(enum role role) {
    return names[role];
}

bool role_parse(const char *text, enum role *out) {
    for (int i = ROLE_OWNER; i < ROLE_COUNT; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum role)i;
            return true;
        }
    }
    return false;
}
