/* The streams of one visit: files, ports and screens, each a numbered stream of bytes with credit of its own in both
 * directions. A stream's user is a module of one capability (files, forward, screen); it sends only what it has credit
 * for and is sent only what it gave credit for, so a slow disk or a slow viewer holds up one stream and nothing else.
 * Loop thread only. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/caps.h"
#include "fieldline/result.h"

struct streams;
struct stream; /* dead after stream_close, and after its user's `gone` was called */

struct stream_user {
    /* Bytes from the engineer, never more than was given (stream_give). May close the stream. */
    void (*received)(void *self, struct stream *stream, const void *bytes, size_t count);
    /* No more bytes will come from the engineer (stream.finish). NULL: the stream is closed with "done". */
    void (*finished)(void *self, struct stream *stream);
    /* There is credit again after there was too little; NULL when the user never sends. */
    void (*writable)(void *self, struct stream *stream);
    /* The engineer closed it, or the session ends: release everything, at once. stream.closed is sent by streams.c. Not
     * called after stream_close. */
    void (*gone)(void *self, struct stream *stream);
};

/* How control frames and stream frames leave; they go into the chain. */
struct streams_out {
    void (*send)(void *out_self, uint16_t stream, const void *bytes, size_t count);
    void (*credit)(void *out_self, uint16_t stream, uint32_t bytes);
    void (*closed)(void *out_self, const char *params_json, size_t bytes); /* stream.closed */
};
struct streams *streams_new(const struct streams_out *out, void *out_self);
/* Every user's `gone`; nothing is sent. NULL is fine. */
void streams_free(struct streams *streams);

/* A new stream; the engineer chose its number. Refuses a number that was used before or is not higher than all before
 * (RESULT_CONFLICT) and more than CAP_SESSION_STREAMS at once (RESULT_FULL). */
FL_CHECK enum result stream_open(struct streams *streams, int64_t number, const struct stream_user *user, void *self,
                                 struct stream **out, struct fault *fault);
/* How much may be sent now. */
uint32_t stream_room(const struct stream *stream);
/* At most stream_room bytes; cut into frames. */
void stream_send(struct stream *stream, const void *bytes, size_t count);
/* The engineer may send so many bytes more; the sum under way never exceeds CAP_CREDIT_BYTES. */
void stream_give(struct stream *stream, uint32_t bytes);
/* The last word: stream.closed with a reason of session.h and, unless NULL, "sha256" in hex. */
void stream_close(struct stream *stream, const char *reason, const char *sha256_hex);

/* From the visit. False: it breaks the protocol (bytes without credit); the session must end. Bytes for a stream that
 * has closed are dropped: they were under way. */
FL_CHECK bool streams_receive(struct streams *streams, uint16_t stream, const void *bytes, size_t count);
void streams_credit(struct streams *streams, uint16_t stream, uint32_t bytes);
/* stream.finish, stream.close; RESULT_NOT_FOUND: there is no such stream (any more). */
FL_CHECK enum result streams_finish(struct streams *streams, int64_t stream, struct fault *fault);
FL_CHECK enum result streams_shut(struct streams *streams, int64_t stream, struct fault *fault);
/* After a broken link (visit_resume.c): from mute to sync no credit is given out; sync says what is outstanding of each
 * stream. The first credit of each stream that comes then is absolute: what the gateway counts as outstanding. */
void streams_mute(struct streams *streams);
void streams_sync(struct streams *streams);
void streams_credit_absolute(struct streams *streams, uint16_t stream, uint32_t bytes);
size_t streams_count(const struct streams *streams);
