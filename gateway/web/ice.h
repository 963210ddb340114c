/* The STUN and TURN servers that browsers in a help call are told of, with credentials for TURN that expire: user
 * "EXPIRY:NAME", password base64(HMAC-SHA1(secret, user)), as coturn's use-auth-secret expects
 * (draft-uberti-behave-turn-rest). */
#pragma once
#include "fieldline/bytes.h"

struct ice_options {    /* texts are borrowed */
    const char *stun;   /* "stun:HOST:PORT", several separated by blanks; NULL: none */
    const char *turn;   /* "turn:HOST:PORT" or "turns:..."; NULL: none */
    const char *secret; /* shared with coturn; needed with turn */
};
enum { ICE_LIFE_S = 6 * 3600 /* longer than any session: a call is not cut by it */ };
/* Are they addresses of their kind? The fault names the one that is not. */
FL_CHECK enum result ice_check(const struct ice_options *options, struct fault *fault);
/* The JSON array for RTCConfiguration.iceServers. */
void ice_print(const struct ice_options *options, const char *name, int64_t wall_ms, struct buf *out);
