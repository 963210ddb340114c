/* syslog datagrams: RFC 5424, RFC 3164 as programs really send it, and anything else as plain text. The decoder alone,
 * pure. Nothing but an empty message is refused: the line that breaks the form may be the one that tells the fault.
 *
 * RFC 5424's time stamp is used. RFC 3164's is skipped and now_ms taken: it has neither year nor zone, and the message
 * comes from this machine, just now. Without a <PRI> the line is user.notice, as RFC 3164 says. */
#pragma once
#include "fieldline/message.h"

/* false: nothing in it. */
FL_CHECK bool syslog_decode(const void *datagram, size_t bytes, int64_t now_ms, struct log_record *out);
