/* With which rights a person who is logged in may join a live session: found out when the ticket for his WebSocket is
 * issued, carried by the ticket, and found out again every two seconds while he is in. What is not known is not
 * allowed. Reader threads. */
#pragma once
#include "store/reader.h"
#include "web/change.h"

struct join_rights {
    bool is_killed;    /* a kill switch covers him or the product: he may not even watch */
    bool may_type;     /* hold the keyboard if it is handed to him; the session's own engineer may in any case */
    bool may_moderate; /* freeze, end, take over; the session's own engineer may not in any case */
};
/* `needs_qualification`: this gateway asks for them even when nobody was ever given one. A failure: the store could not
 * be read, and there are no rights. */
FL_CHECK enum result join_rights_of(struct reader *reader, const struct actor *by, const struct session *session,
                                    bool needs_qualification, int64_t now_ms, struct join_rights *out);
