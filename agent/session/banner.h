/* What a session's terminal shows first, on both ends: that it is recorded, who has allowed it, and how long it lasts.
 */
#pragma once
#include "session_grant.h"

void banner_print(const struct session_grant *grant, struct buf *out);
