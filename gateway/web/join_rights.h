/* With which rights a person who is logged in may join a live session: found out when the ticket for his WebSocket is
 * issued, carried by the ticket. What is not known is not allowed. */
#pragma once
#include "store/reader.h"
#include "web/change.h"

struct join_rights {
    bool may_type;     /* hold the keyboard if it is handed to him; the session's own engineer may in any case */
    bool may_moderate; /* freeze, end, take over; the session's own engineer may not in any case */
};
/* `session` is one that exists. */
struct join_rights join_rights_of(struct reader *reader, const struct actor *by, const struct session *session);
