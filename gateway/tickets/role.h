/* What a person may be to the service desk. The numbers are stored: append only. */
#pragma once
#include "fieldline/result.h"

enum role { ROLE_NONE, ROLE_OWNER, ROLE_SUPPORT, ROLE_ENGINEER, ROLE_SUPERVISOR, ROLE_ADMINISTRATOR, ROLE_AUDITOR };
enum { ROLE_COUNT = ROLE_AUDITOR + 1 };
#define ROLE_BIT(r) (1u << (r))
const char *role_name(enum role role);                      /* "owner", ...; "none" for ROLE_NONE */
FL_CHECK bool role_parse(const char *text, enum role *out); /* refuses "none" */
