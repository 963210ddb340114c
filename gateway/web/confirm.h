/* A deed for which the password is asked again, although the login is valid: ROUTE_PASSWORD. */
#pragma once
#include "web/api.h"
#include "web/read.h"

/* Is the body's "password" that of who asks? Runs argon2 (a thread of the password pool). Wrong ones are slowed down
 * and audited like wrong logins. false: the response says why not. */
FL_CHECK bool confirm_password(struct api *api, struct read *read, struct response *response);
