/* What happens to a request away from the edge thread: who asks, may he, then the handler or the change. */
#pragma once
#include "fieldline/message.h"
#include "store/reader.h"
#include "web/figures.h"
#include "web/mailbox.h"
#include "web/request.h"
#include "web/socket_login.h"
#include "web/throttle.h"
#include "web/ws_ticket.h"

/* What the threads share; all of it is thread safe or read-only, and outlives the pools. */
struct api {
    const struct web_options *options;
    struct mailbox *mailbox;
    struct throttle *throttle;
    struct ws_tickets *tickets;
    struct invites *invites;
    struct figures *figures;
    struct pool *readers, *passwords; /* to tell how much waits */
};
/* One job of a pool; owns the request. */
struct api_job {
    struct api *api;
    struct request *request;
};
/* pool_fn, context is a struct reader: everything but logins. Answers through the mailbox, or hands a change over. */
void api_answer(void *reader, void *job);
/* Answers a ROUTE_NOW request: on the edge thread, without a store. */
struct response *api_answer_now(struct api *api, const struct request *request);
/* pool_fn of the password pool: POST /login. */
void api_login(void *reader, void *job);
/* pool_fn of a pool of its own: is the login session behind an open WebSocket still valid, with the role it had?
 * LETTER_LOGIN_GONE when not; LETTER_RIGHT_GONE when he is in a session with more than he may now. What is typed into a
 * socket counts as use of the login. */
struct api_recheck {
    struct api *api;
    struct socket_login login;
};
void api_recheck(void *reader, void *recheck);

/* Shared with login.c. */
struct api_member {
    const char *key, *value;
};
struct json *api_object(const struct api_member *members, size_t count); /* our own text members, as a tree */
void api_post(struct api *api, uint64_t exchange, struct response *response);
/* The body as a JSON object; an empty one is {}. false: the response says what is wrong. */
FL_CHECK bool api_parse_body(const struct request *request, struct json **out, struct response *response);

/* RESULT_DENIED with the reason: no such login session (any more), past a limit, or its user is disabled. */
FL_CHECK enum result api_find_login(const struct web_options *options, struct reader *reader,
                                    const uint8_t token_sha256[SHA256_BYTES], int64_t wall_ms, struct login_row *login,
                                    struct user_row *user, struct fault *fault);
/* The answer to a change that came back. */
struct response *api_response_of(const struct change *change, const struct web_options *options);
