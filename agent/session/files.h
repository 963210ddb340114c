/* Files of the product within one session: what the configuration's roots hold is listed, read and written, within
 * their sizes, rates and totals. Bytes travel in streams; a transfer that breaks off can go on in the same session, and
 * nothing of an unfinished upload outlives it. Works with the rights of the session's user. Loop thread only. */
#pragma once
#include "fieldline/json.h"
#include "loop.h"
#include "session/streams.h"
#include "session_grant.h"

enum { FILES_LISTED = 128 /* entries in one answer; `after` asks for the next ones */ };

struct files;
/* `grant` and `streams` are borrowed; the streams' users must be gone (streams_free) before files_free. */
struct files *files_new(struct loop *loop, const struct session_grant *grant, struct streams *streams);
/* Removes what was not finished. NULL is fine. */
void files_free(struct files *files);

/* Each takes the params of its method (fieldline/session.h) and appends the result, a JSON object; the bytes of a
 * transfer begin to flow when the loop turns next. Refusals name what is wrong: RESULT_BAD_INPUT a path that cannot be
 * asked for, RESULT_NOT_FOUND, RESULT_DENIED root or rights, RESULT_TOO_BIG the file's limit, RESULT_FULL the session's
 * limit or the disk, RESULT_CONFLICT it exists, or has changed, RESULT_IO. */
void files_roots(const struct files *files, struct buf *out);
FL_CHECK enum result files_list(struct files *files, const struct json *params, struct buf *out, struct fault *fault);
FL_CHECK enum result files_get(struct files *files, const struct json *params, struct buf *out, struct fault *fault);
FL_CHECK enum result files_put(struct files *files, const struct json *params, struct buf *out, struct fault *fault);
