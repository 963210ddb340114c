/* What can be searched for in recorded sessions (sessions/lines.h), and what people added to their reports. Writer's
 * and readers' side. A session that has ended is unread until all its lines are here; it stays so over restarts. */
#pragma once
#include "sessions/lines.h"
#include "store/cases.h"
#include "store/reader.h"

/* Sessions with a recording that are not whole in the index, oldest first, at most 1,000. */
FL_CHECK enum result store_sessions_unread(struct store *store, session_fn *fn, void *self);
/* Takes out what there is of a session's lines, before they are added. */
FL_CHECK enum result store_lines_forget(struct store *store, const char *session);
/* Takes out some lines of one session whose recording was removed, at most 1,000, so that no turn is long; call it
 * again. RESULT_NOT_FOUND: none are left. */
FL_CHECK enum result store_lines_forget_removed(struct store *store);
/* RESULT_NOT_FOUND: there is no such session. */
FL_CHECK enum result store_line_add(struct store *store, const char *session, const struct line *line);
/* All its lines are here: the session is read. */
FL_CHECK enum result store_lines_finish(struct store *store, const char *session);

enum { LINE_QUERY_SCAN = 20 * 1000 /* lines with these words that one page looks at */ };
struct line_query {
    const char *q;          /* words, all must occur; NULL or "": any line of `session` */
    const char *session;    /* NULL: all */
    const char *device;     /* NULL: all */
    const char *author;     /* NULL: all */
    uint32_t kinds;         /* bits of enum line_kind that may be seen: those asked for, and allowed to who asks */
    int64_t from_ms, to_ms; /* wall time; [from, to) */
    int64_t after;          /* cursor of the page before; 0: from the newest */
    int limit;
};
struct line_hit {
    int64_t id, at_ms, ticket;
    const char *session, *device;
    struct line line;
};
typedef void line_hit_fn(void *self, const struct line_hit *hit);
/* Newest sessions first, within one the latest line first. *next gets the cursor, 0 when this was the last page; a page
 * may be short, even empty, and yet not be the last. A device or session that is not there has no lines. */
FL_CHECK enum result reader_lines(struct reader *reader, const struct line_query *query, line_hit_fn *fn, void *self,
                                  int64_t *next);

/* Words that somebody added to a session's report; never changed, never taken back. */
enum { FINDING_BYTES = 4000 };
struct finding {
    int64_t id, at_ms;
    const char *by, *text;
};
FL_CHECK enum result store_finding_add(struct store *store, const char *session, const struct finding *finding);
typedef void finding_fn(void *self, const struct finding *finding);
FL_CHECK enum result reader_findings(struct reader *reader, const char *session, finding_fn *fn,
                                     void *self); /* oldest first */
/* The report of one session. RESULT_NOT_FOUND: it has none. */
FL_CHECK enum result reader_session_report(struct reader *reader, const char *session, report_fn *fn, void *self);
