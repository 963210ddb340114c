/* One-time tickets for WebSockets: got over the authenticated HTTPS session, shown once in the WebSocket's URL (where
 * no header can be set by a page), bound to the login session they were asked with. In memory only. Thread safe. */
#pragma once
#include "fieldline/caps.h"
#include "web/auth.h"
#include "web/change.h"

enum {
    WS_TICKET_LIFE_MS = 30 * 1000,
    WS_TICKETS_PER_LOGIN = 16, /* more: the login's oldest gives way */
    WS_TICKETS = 1024          /* more: RESULT_BUSY until some expire */
};
struct ws_holder {
    uint8_t login[SHA256_BYTES]; /* of the login session's token */
    struct actor by;
    char session[CAP_UUID_BYTES + 1]; /* the only one it is for; "": any, and then without the rights below */
    bool may_type, may_moderate;      /* join_rights.h */
    bool is_guest;                    /* from a link (invites.h): by.name is the guest's, the login is none */
    char invite[CAP_UUID_BYTES + 1];
    unsigned guest_may;
};
struct ws_tickets;
struct ws_tickets *ws_tickets_new(void);
void ws_tickets_free(struct ws_tickets *tickets);
FL_CHECK enum result ws_ticket_issue(struct ws_tickets *tickets, const struct ws_holder *holder, int64_t mono_ms,
                                     char out[AUTH_TOKEN_CHARS + 1]);
/* RESULT_DENIED: unknown, used or expired (which of them is nobody's business). It is gone afterwards. */
FL_CHECK enum result ws_ticket_redeem(struct ws_tickets *tickets, const char *ticket, int64_t mono_ms,
                                      struct ws_holder *out);
/* The login session has ended: its tickets with it. */
void ws_tickets_forget(struct ws_tickets *tickets, const uint8_t login[SHA256_BYTES]);
