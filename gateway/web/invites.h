/* Invitations into live sessions: a link lets one person in who has no login, for a time, for what it says. In memory
 * only: they end with the session, and no session outlives the gateway. The token is kept as its SHA-256. The first who
 * opens the link gets a seat, another secret, and from then on the link works with that seat alone, so that a link that
 * was forwarded or read by somebody else lets nobody in after the one it was meant for. Thread safe: reader threads
 * make, list, revoke and open them, the edge thread asks whether one still holds. */
#pragma once
#include "sessions/session.h"
#include "web/auth.h"

enum {
    INVITE_NAME_CHARS = 40,
    INVITE_MINUTES = 240,    /* at most */
    INVITES_PER_SESSION = 8, /* that hold at a time */
    INVITES = 1024           /* in all */
};
enum invite_state { INVITE_OPEN, INVITE_USED, INVITE_EXPIRED, INVITE_REVOKED };
struct invite {
    char id[CAP_UUID_BYTES + 1], session[CAP_UUID_BYTES + 1], device[CAP_DEVICE_ID_BYTES + 1];
    char name[SESSION_NAME_BYTES + 1]; /* "guest NAME": no user is called so */
    char by[SESSION_NAME_BYTES + 1];
    unsigned may; /* RELAY_GUEST_ bits */
    int64_t expires_ms, expires_mono_ms;
    enum invite_state state;
};
const char *invite_state_name(enum invite_state state); /* "open", "used", "expired", "revoked" */

struct invites;
struct invites *invites_new(void);
void invites_free(struct invites *invites);
/* Takes it over with an id and a token of its own. RESULT_CONFLICT: somebody of this name is invited already;
 * RESULT_FULL. */
FL_CHECK enum result invites_add(struct invites *invites, struct invite *invite, int64_t mono_ms,
                                 char token[AUTH_TOKEN_CHARS + 1], struct fault *fault);
/* Opens the link. `seat` NULL: for the first time, and *new_seat gets the seat. RESULT_DENIED: unknown, expired,
 * revoked, or somebody else's now (which of them is nobody's business). */
FL_CHECK enum result invites_open(struct invites *invites, const char *token, const char *seat, int64_t mono_ms,
                                  struct invite *out, char new_seat[AUTH_TOKEN_CHARS + 1]);
/* NULL while it holds, else "expired" or "revoked". */
const char *invites_gone(struct invites *invites, const char *id, int64_t mono_ms);
/* RESULT_NOT_FOUND: no such invitation into this session, or it holds no longer. */
FL_CHECK enum result invites_revoke(struct invites *invites, const char *session, const char *id, int64_t mono_ms,
                                    struct fault *fault);
void invites_each(struct invites *invites, const char *session, int64_t mono_ms,
                  void (*each)(void *self, const struct invite *invite), void *self);
void invites_forget(struct invites *invites, const char *session); /* it is over */
