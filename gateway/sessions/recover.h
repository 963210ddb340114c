/* After a gateway crash: a transcript without a seal is valid up to its last whole frame. Cuts the torn tail, seals the
 * rest as incomplete ("gateway_crashed", not countersigned). Call before any session is opened. */
#pragma once
#include "fieldline/keys.h"
#include "sessions/session_event.h"
#include "sessions/vault.h"

/* event: an ENDED event for the session's row, made from what was recovered. */
FL_CHECK enum result transcript_recover(const struct vault *vault, const char *dir, const char *session,
                                        const struct key *seal_key, int64_t wall_ms, struct session_event *event,
                                        struct fault *fault);
/* Every unsealed transcript of the directory that `may_seal`: one whose session is over and was sealed has lost its
 * seal since, and a new one would vouch for whatever the files say now. That, and one that cannot be recovered, is
 * logged and left as it is. `may_seal` (every one) and `each` may be NULL. Returns the first problem after having tried
 * all. */
struct recover_calls {
    bool (*may_seal)(void *self, const char *session);
    void (*each)(void *self, const char *session, const struct session_event *event);
    void *self;
};
FL_CHECK enum result transcript_recover_all(const struct vault *vault, const char *dir, const struct key *seal_key,
                                            int64_t wall_ms, const struct recover_calls *calls, struct fault *fault);
