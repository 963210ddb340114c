/* The HTTP interface as a table: one row for each method and path, who may, and what answers. openapi.yaml documents
 * the same rows; a test compares them. */
#pragma once
#include "web/change.h"

struct read;
struct response;
/* Answers from the store, on a reader thread. */
typedef void read_fn(struct read *read, struct response *response);

enum method { METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_OTHER };
enum route_kind {
    ROUTE_READ,     /* a handler asks the store */
    ROUTE_CHANGE,   /* becomes a change for the desk */
    ROUTE_ASK,      /* the same, but a read of what only the pipeline thread knows: it changes nothing */
    ROUTE_NOW,      /* a handler answers on the edge thread at once; for anyone, without a store */
    ROUTE_PASSWORD, /* the same for a change that asks for the password again (confirm.h): the password pool */
    ROUTE_LOGIN,    /* POST /login: the password pool */
    ROUTE_SOCKET    /* a WebSocket; over plain HTTP 426 */
};
enum { ROUTE_ID_BYTES = 63 };
#define ROUTE_ANYONE 0u         /* no login needed */
#define ROUTE_LOCAL  (1u << 31) /* nor from a loopback address; otherwise the roles beside it */

struct route {
    enum method method;
    const char *path; /* one part may be {number} (1..), {device} or {uuid} */
    uint32_t roles;   /* ROLE_BIT of those who may */
    enum route_kind kind;
    read_fn *read;
    enum change_verb verb;
    const char *arguments; /* names of query arguments, separated by blanks; NULL: none */
    const char *audited;   /* word of the audit log for a read that was answered; NULL: not audited */
};
/* HEAD finds the row of GET. RESULT_NOT_FOUND: no such path, or its id is not of that kind. RESULT_CONFLICT: the path
 * is there, the method is not; *allow gets the Allow header's text. */
FL_CHECK enum result route_find(enum method method, const char *path, const struct route **out,
                                char id[ROUTE_ID_BYTES + 1], const char **allow);
/* Does the path belong to the table at all (as opposed to the console's files)? */
bool route_is_api(const char *path);
const struct route *route_rows(size_t *count);
bool route_allows(const struct route *route, enum role role);
const char *method_name(enum method method);
