/* What an owner says about remote sessions, in a form that can be signed: a few lines of text, one form for each
 * meaning. The owner's page writes it and signs it with the key that is enrolled on the product; the gateway carries
 * it and cannot change it; the agent checks it and acts on it.
 *
 *   fieldline.owner.1 consent      the answer to one question: device, session, question (SHA-256 of the question's
 *                                  text as the agent made it, hex), answer (allow, refuse), capabilities, minutes
 *   fieldline.owner.1 window       an answer given beforehand: device, nonce, window (UUID), capabilities, engineer
 *                                  (a name, or *), days, hours (HH:MM-HH:MM; from = to: all day), zone (minutes east of
 *                                  UTC: +480), begins, ends (ms), minutes (of one session)
 *   fieldline.owner.1 window_end   device, nonce, window
 *   fieldline.owner.1 stop         device, session
 *   fieldline.owner.1 login        to the gateway's own API: device, challenge
 *   fieldline.owner.1 enrol        a new key: device, point (base64url), name. Not signed but MACed with the pairing
 *                                  secret: HMAC-SHA-256
 *
 * Each line is "name value\n", in this order; there is one text for one meaning (what does not print back as it was
 * written is refused). `nonce` is the one that the agent gave out last; it works once. */
#pragma once
#include "fieldline/keys.h"
#include "fieldline/session.h"

#define OWNER_ANY_ENGINEER "*"
enum {
    OWNER_STATEMENT_BYTES = 1024,
    OWNER_NAME_BYTES = 63,
    OWNER_NONCE_BYTES = 16,
    OWNER_NONCE_CHARS = 22,
    OWNER_CHALLENGE_CHARS = 128,
    OWNER_SIGNATURE_CHARS = 86,
    OWNER_POINT_CHARS = 87,
    OWNER_WINDOW_DAYS = 90,       /* a window ends at most so long after now */
    OWNER_DAY_BITS = (1 << 7) - 1 /* Monday is bit 0 */
};
enum owner_kind {
    OWNER_CONSENT,
    OWNER_WINDOW,
    OWNER_WINDOW_END,
    OWNER_STOP,
    OWNER_LOGIN,
    OWNER_ENROL,
    OWNER_KIND_COUNT
};
struct owner_statement {
    enum owner_kind kind;
    char device[CAP_DEVICE_ID_BYTES + 1];
    char session[CAP_UUID_BYTES + 1], window[CAP_UUID_BYTES + 1];
    uint8_t question[SHA256_BYTES];
    char nonce[OWNER_NONCE_CHARS + 1];
    bool is_allowed;
    uint32_t capabilities; /* none only when it is refused */
    int64_t minutes;       /* 0 only when it is refused */
    char engineer[OWNER_NAME_BYTES + 1];
    unsigned days;
    int from_minute, to_minute; /* of the day in the owner's zone */
    int zone_minutes;
    int64_t begins_ms, ends_ms;
    char challenge[OWNER_CHALLENGE_CHARS + 1];
    uint8_t point[POINT_BYTES];
    char name[OWNER_NAME_BYTES + 1];
};
/* RESULT_BAD_INPUT, naming the line. */
FL_CHECK enum result owner_statement_parse(const char *text, size_t chars, struct owner_statement *out,
                                           struct fault *fault);
void owner_statement_print(const struct owner_statement *statement, struct buf *out);

/* Is the text signed by this key? `point` and `signature` are base64url. RESULT_DENIED when it is not,
 * RESULT_BAD_INPUT when one is malformed. */
FL_CHECK enum result owner_check(const char *text, const char *signature, const uint8_t point[POINT_BYTES],
                                 struct fault *fault);
FL_CHECK bool owner_point_parse(const char *text, uint8_t out[POINT_BYTES]);
/* The key's name everywhere: SHA-256 of its point, hex. */
void owner_key_id(const uint8_t point[POINT_BYTES], char out[SHA256_HEX_BYTES]);
/* 1 to OWNER_NAME_BYTES of UTF-8 without control characters, no blank at either end. */
bool owner_name_valid(const char *text);

/* For how long from now on a window is open (never beyond its end); 0: it is closed now. Wall clock. */
int64_t owner_window_left_ms(const struct owner_statement *window, int64_t now_ms);
