/* A change that a person or a program asks for over HTTP. The edge thread checks who asks and whether the role may,
 * then hands it over; the pipeline thread (gateway/desk.c) carries it out in its next transaction, and the answer
 * leaves when that is committed. Web knows no ticket logic; the desk knows no HTTP but the status code. */
#pragma once
#include <stdint.h>

#include "fieldline/json.h"
#include "tickets/role.h" /* enum role: tickets, store and web share it */

enum change_verb {
    CHANGE_TICKET_OPEN,    /* POST /tickets                  body: device, subject, text, severity */
    CHANGE_TICKET_ACTION,  /* POST /tickets/{id}/actions     body: action, text, assignee, outcome...; If-Match: version
                            */
    CHANGE_ALARM_ACK,      /* POST /alarms/{id}/acknowledge */
    CHANGE_ALARM_SHELVE,   /* POST /alarms/{id}/shelve          body: minutes, reason */
    CHANGE_ALARM_UNSHELVE, /* POST /alarms/{id}/unshelve */
    CHANGE_ALARM_RESET,    /* POST /alarms/{id}/reset */
    CHANGE_MAINTENANCE_BEGIN, /* POST /maintenance            body: scope, target, from_ms, to_ms, reason */
    CHANGE_MAINTENANCE_END,   /* POST /maintenance/{id}/end */
    CHANGE_DEVICE_LOCATE,     /* POST /devices/{device}/location  body: site, parent */
    CHANGE_DEVICE_PENDING,    /* GET /devices/{device}/pending: a read of what only the pipeline thread knows */
    CHANGE_SESSION_REQUEST,   /* POST /tickets/{id}/sessions    body: capabilities, minutes, reason */
    CHANGE_SESSION_EMERGENCY, /* POST /tickets/{id}/emergency   the same and the password, which the edge has checked */
    CHANGE_SESSION_APPROVE,   /* POST /sessions/{id}/approve    body: text */
    CHANGE_SESSION_REFUSE,    /* POST /sessions/{id}/refuse     body: text */
    CHANGE_SESSION_REVIEW,    /* POST /sessions/{id}/review     body: verdict, text */
    CHANGE_SESSION_TERMS,     /* GET /devices/{device}/session-terms: a read of what only the pipeline thread knows */
    CHANGE_QUALIFY,           /* POST /qualifications           body: user, model, capabilities, emergency, until_ms */
    CHANGE_DISQUALIFY,        /* POST /qualifications/{id}/revoke */
    CHANGE_CONTRACT_SET,      /* POST /contracts                body: scope, target, customer, until_ms, capabilities */
    CHANGE_KILL,              /* POST /kill                     body: scope, target, reason */
    CHANGE_KILL_LIFT,         /* POST /kill/{id}/lift */
    CHANGE_SESSION_CONSENT,   /* POST /sessions/{id}/consent    body: code */
    CHANGE_SESSION_END,       /* POST /sessions/{id}/end        body: reason */
    CHANGE_OWNER_ENROL,       /* POST /owner/{device}/enrol     body: text, mac */
    CHANGE_OWNER_SAY,         /* POST /owner/{device}/say       body: key, statement, signature */
    CHANGE_OWNER_LOOK,        /* the owner's page was opened; nobody waits; id: the device */
    CHANGE_LOGIN, /* the password was right: make a login session (auth.h makes the token); cookie gets the token,
                     reply is the body: {"user","name","role"} */
    CHANGE_LOGIN_FAILED, /* audit only, nobody waits; body: {"user"} as typed; by: address, user_id 0 when unknown */
    CHANGE_LOGIN_SEEN,   /* the login was used; nobody waits, at most one a minute and login; body: {"login": hex of the
                            token's SHA-256} */
    CHANGE_READ,         /* somebody read what is audited; nobody waits; id: of the path; body: {"what", "detail"?}
                          */
    CHANGE_LOGOUT,       /* body: {"login": hex} */
    /* from the edge itself, about live sessions: id is the session, body is session_event_print's; nobody waits */
    CHANGE_SESSION_LIVE,
    CHANGE_SESSION_ENDED,
    CHANGE_DEVICE_REVOKED,  /* from the edge: this device's certificate is revoked; nobody waits; id: the device */
    CHANGE_RULES_RELOAD,    /* POST /rules/reload: what is in the rules folder now */
    CHANGE_RULES_REVERT,    /* POST /rules/revert          body: version; without: the one before */
    CHANGE_SESSION_REPORT,  /* from gateway/reporter.c; body: markdown, digest */
    CHANGE_SESSION_HOLD,    /* POST /sessions/{id}/hold      body: reason */
    CHANGE_SESSION_RELEASE, /* POST /sessions/{id}/release */
    CHANGE_JOB_OPEN,      /* POST /jobs                    body: model, devices, values, reason, settle_s, stop_after */
    CHANGE_JOB_ACTION,    /* POST /jobs/{id}/actions        body: action: pause, resume, cancel */
    CHANGE_JOB_RESULT,    /* from the edge: id is the session; body: outcome, text, before, after; nobody waits */
    CHANGE_SESSION_LINES, /* from gateway/reporter.c; body: first, last, lines: [[n,t_ms,kind,by,text],..] */
    CHANGE_SESSION_FINDING, /* POST /sessions/{id}/findings   body: text */
    CHANGE_VERB_COUNT
};

struct actor {
    int64_t user_id;
    char name[64];
    enum role role;
    char address[46]; /* where the request came from */
};

struct change {
    enum change_verb verb;
    struct actor by;
    char id[64];       /* {id} of the path, "" when there is none */
    struct json *body; /* owned; may be NULL */
    int64_t if_match;  /* version from If-Match, -1 when absent */
    /* the answer */
    int status;       /* 200, 201, 400, 403, 404, 409, ... */
    struct buf reply; /* a JSON text: the result, or problem+json members {"code","detail"} when status >= 400 */
    char cookie[64];  /* CHANGE_LOGIN: the session token to set */
    int64_t etag;     /* the version of what `reply` shows, -1: none */
    /* for the edge */
    uint64_t connection; /* which request waits for this; 0: nobody */
    int tries;           /* turns in which it could not be stored */
    struct change *next;
};
struct change *change_new(enum change_verb verb);
void change_free(struct change *change);
/* Fills status and reply with a problem: code is a stable word, detail a sentence for a person. */
void change_problem(struct change *change, int status, const char *code, const char *format, ...) FL_PRINTF(4, 5);
