/* The remote sessions that are expected or live: each a relay (sessions/relay.h), fed from WebSockets. Edge thread
 * only. */
#pragma once
#include "fieldline/keys.h"
#include "sessions/relay.h"
#include "web/edge.h"

enum { RELAYS_MAX = 1024 };
struct relays;
struct invites;
struct revocation;
FL_CHECK enum result relays_new(const struct web_options *options, struct figures *figures, struct invites *invites,
                                struct relays **out, struct fault *fault);
void relays_free(struct relays *relays); /* seals what is left */
void relays_expect(struct relays *relays, const struct web_session *session);
/* `reason` is a code of session_why_text(). Unknown sessions: nothing happens. */
void relays_kill(struct relays *relays, const char *session, const char *reason);
/* A driver joins (driver.h); when it cannot, the result says so at once. */
void relays_drive(struct relays *relays, const struct web_drive *drive);
void relays_end_all(struct relays *relays, const char *reason);
/* Those that are ending have had their time: they end now, sealed as they are, and say so. */
void relays_give_up(struct relays *relays);
/* Ends every session whose product's certificate is revoked, and tells the desk (CHANGE_DEVICE_REVOKED). */
void relays_check_certificates(struct relays *relays, const struct revocation *revocation);
/* A product came with a revoked certificate: if this is the token that its session waits for, the session ends too. */
void relays_turn_away(struct relays *relays, const char *token, const char *device);
/* Every RELAY_TICK_MS. */
void relays_tick(struct relays *relays);
size_t relays_count(const struct relays *relays);

/* A leg dials in; the socket is used by the relay from then on. Refusals: relay.h; RESULT_NOT_FOUND when no relay is
 * meant. */
FL_CHECK enum result relays_join_product(struct relays *relays, const char *token, const char *device,
                                         const char *certificate_pem, struct socket *socket, struct fault *fault);
FL_CHECK enum result relays_join_person(struct relays *relays, const char *session, const struct relay_person *person,
                                        struct socket *socket, struct fault *fault);
/* Is it he whose session this is? Of an unknown session nobody is. */
bool relays_is_engineer(const struct relays *relays, const char *session, const char *name);
