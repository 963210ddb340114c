/* The routes (see route.h). A row's roles say who may at all; finer questions (which state, whose ticket) are the
 * desk's. There is no model of sites yet: an owner sees devices and tickets, but neither what was quarantined or
 * audited nor what was typed in sessions. Rows are few; a linear walk is fast and keeps them in the order a person
 * reads. */
#include "web/route.h"

#include <string.h>

#include "fieldline/number.h"
#include "fieldline/topic.h"
#include "web/read.h"

#define O        ROLE_BIT(ROLE_OWNER)
#define S        ROLE_BIT(ROLE_SUPPORT)
#define E        ROLE_BIT(ROLE_ENGINEER)
#define V        ROLE_BIT(ROLE_SUPERVISOR)
#define A        ROLE_BIT(ROLE_ADMINISTRATOR)
#define U        ROLE_BIT(ROLE_AUDITOR)
#define EVERYONE (O | S | E | V | A | U)
#define STAFF    (S | E | V | A | U)
#define WORKERS  (S | E | V | A)

#define GET(path, roles, handler, arguments)                                                                           \
    { METHOD_GET, path, roles, ROUTE_READ, handler, 0, arguments, NULL }
#define LOOK(path, roles, handler, arguments, word)                                                                    \
    { METHOD_GET, path, roles, ROUTE_READ, handler, 0, arguments, word }
#define ASK(path, roles, handler)                                                                                      \
    { METHOD_POST, path, roles, ROUTE_READ, handler, 0, NULL, NULL }
#define POST(path, roles, verb)                                                                                        \
    { METHOD_POST, path, roles, ROUTE_CHANGE, NULL, verb, NULL, NULL }
#define CONFIRM(path, roles, verb)                                                                                     \
    { METHOD_POST, path, roles, ROUTE_PASSWORD, NULL, verb, NULL, NULL }
#define SOCKET(path, roles, arguments)                                                                                 \
    { METHOD_GET, path, roles, ROUTE_SOCKET, NULL, 0, arguments, NULL }

static const struct route rows[] = {
    {METHOD_POST, "/api/v1/login", ROUTE_ANYONE, ROUTE_LOGIN, NULL, CHANGE_LOGIN, NULL, NULL},
    POST("/api/v1/logout", EVERYONE, CHANGE_LOGOUT),
    GET("/api/v1/me", EVERYONE, read_me, NULL),
    GET("/api/v1/overview", EVERYONE, read_overview, NULL),
    GET("/api/v1/devices", EVERYONE, read_devices, "q after limit"),
    GET("/api/v1/devices/{device}", EVERYONE, read_device, NULL),
    GET("/api/v1/devices/{device}/history", EVERYONE, read_history, "metric part from_ms to_ms points"),
    GET("/api/v1/devices/{device}/logs", EVERYONE, read_logs, "q severity before_ms limit"),
    POST("/api/v1/devices/{device}/location", WORKERS, CHANGE_DEVICE_LOCATE),
    {METHOD_GET, "/api/v1/devices/{device}/pending", EVERYONE, ROUTE_ASK, NULL, CHANGE_DEVICE_PENDING, NULL, NULL},
    {METHOD_GET, "/api/v1/devices/{device}/session-terms", WORKERS, ROUTE_ASK, NULL, CHANGE_SESSION_TERMS, NULL, NULL},
    GET("/api/v1/alarms", EVERYONE, read_alarms, "device active state incident after limit"),
    POST("/api/v1/alarms/{number}/acknowledge", WORKERS, CHANGE_ALARM_ACK),
    POST("/api/v1/alarms/{number}/shelve", WORKERS, CHANGE_ALARM_SHELVE),
    POST("/api/v1/alarms/{number}/unshelve", WORKERS, CHANGE_ALARM_UNSHELVE),
    POST("/api/v1/alarms/{number}/reset", WORKERS, CHANGE_ALARM_RESET),
    GET("/api/v1/shelves", EVERYONE, read_shelves, "limit"),
    GET("/api/v1/maintenance", EVERYONE, read_maintenance, "past limit"),
    POST("/api/v1/maintenance", WORKERS, CHANGE_MAINTENANCE_BEGIN),
    POST("/api/v1/maintenance/{number}/end", WORKERS, CHANGE_MAINTENANCE_END),
    GET("/api/v1/incidents", EVERYONE, read_incidents, "active before limit"),
    GET("/api/v1/incidents/{number}", EVERYONE, read_incident, NULL),
    GET("/api/v1/tickets", EVERYONE, read_tickets, "state device q before limit"),
    POST("/api/v1/tickets", O | WORKERS, CHANGE_TICKET_OPEN),
    GET("/api/v1/tickets/{number}", EVERYONE, read_ticket, NULL),
    POST("/api/v1/tickets/{number}/actions", O | WORKERS, CHANGE_TICKET_ACTION),
    POST("/api/v1/tickets/{number}/sessions", WORKERS, CHANGE_SESSION_REQUEST),
    CONFIRM("/api/v1/tickets/{number}/emergency", E | V, CHANGE_SESSION_EMERGENCY),
    GET("/api/v1/tickets/{number}/evidence", EVERYONE, read_evidence_list, NULL),
    GET("/api/v1/evidence/{number}", EVERYONE, read_evidence, NULL),
    GET("/api/v1/evidence/{number}/csv", EVERYONE, read_evidence_csv, NULL),
    LOOK("/api/v1/sessions/search", STAFF, read_session_lines, "q session device author kind from_ms to_ms limit after",
         "session.search"),
    GET("/api/v1/sessions/{uuid}/report", EVERYONE, read_session_report, NULL),
    POST("/api/v1/sessions/{uuid}/findings", E | V | A, CHANGE_SESSION_FINDING),
    GET("/api/v1/sessions", EVERYONE, read_sessions, "device waits limit"),
    GET("/api/v1/sessions/{uuid}", EVERYONE, read_session, NULL),
    POST("/api/v1/sessions/{uuid}/approve", E | V, CHANGE_SESSION_APPROVE),
    POST("/api/v1/sessions/{uuid}/refuse", E | V, CHANGE_SESSION_REFUSE),
    POST("/api/v1/sessions/{uuid}/review", V, CHANGE_SESSION_REVIEW),
    POST("/api/v1/sessions/{uuid}/consent", WORKERS, CHANGE_SESSION_CONSENT),
    POST("/api/v1/sessions/{uuid}/end", O | WORKERS, CHANGE_SESSION_END),
    GET("/api/v1/jobs", STAFF, read_jobs, "limit"),
    POST("/api/v1/jobs", E | V, CHANGE_JOB_OPEN),
    GET("/api/v1/jobs/{number}", STAFF, read_job, NULL),
    POST("/api/v1/jobs/{number}/actions", E | V, CHANGE_JOB_ACTION),
    LOOK("/api/v1/sessions/{uuid}/cast", STAFF, read_cast, NULL, "session.replay"),
    LOOK("/api/v1/sessions/{uuid}/transcript", STAFF, read_transcript, NULL, "session.transcript"),
    LOOK("/api/v1/sessions/{uuid}/unmasked/cast", V | U, read_cast_unmasked, NULL, "session.unmasked"),
    LOOK("/api/v1/sessions/{uuid}/unmasked/transcript", V | U, read_transcript_unmasked, NULL, "session.unmasked"),
    LOOK("/api/v1/sessions/{uuid}/bundle", E | V | U, read_bundle, NULL, "session.bundle"),
    GET("/api/v1/sessions/{uuid}/seal", EVERYONE, read_seal, NULL),
    LOOK("/api/v1/sessions/{uuid}/verify", STAFF, read_verdict, NULL, "session.verify"),
    GET("/api/v1/access", EVERYONE, read_access, NULL),
    GET("/api/v1/people", V | A | U, read_people, NULL),
    GET("/api/v1/qualifications", STAFF, read_qualifications, "user limit"),
    POST("/api/v1/qualifications", V, CHANGE_QUALIFY),
    POST("/api/v1/qualifications/{number}/revoke", V, CHANGE_DISQUALIFY),
    GET("/api/v1/contracts", STAFF, read_contracts, "scope after limit"),
    POST("/api/v1/contracts", V | A, CHANGE_CONTRACT_SET),
    GET("/api/v1/kill", EVERYONE, read_kills, "past limit"),
    POST("/api/v1/kill", V | A, CHANGE_KILL),
    POST("/api/v1/kill/{number}/lift", V | A, CHANGE_KILL_LIFT),
    POST("/api/v1/sessions/{uuid}/hold", V | U, CHANGE_SESSION_HOLD),
    POST("/api/v1/sessions/{uuid}/release", V | U, CHANGE_SESSION_RELEASE),
    SOCKET("/api/v1/sessions/{uuid}/ws", STAFF, "ticket part"),
    SOCKET("/api/v1/live", EVERYONE, "ticket"),
    ASK("/api/v1/ws-tickets", EVERYONE, read_ws_ticket),
    ASK("/api/v1/owner/{device}/challenge", ROUTE_ANYONE, read_owner_challenge),
    ASK("/api/v1/owner/{device}/login", ROUTE_ANYONE, read_owner_login),
    ASK("/api/v1/owner/{device}/look", ROUTE_ANYONE, read_owner_look),
    ASK("/api/v1/owner/{device}/letter", ROUTE_ANYONE, read_owner_letter),
    ASK("/api/v1/owner/{device}/report", ROUTE_ANYONE, read_owner_report),
    ASK("/api/v1/owner/{device}/call", ROUTE_ANYONE, read_owner_call),
    POST("/api/v1/owner/{device}/enrol", ROUTE_ANYONE, CHANGE_OWNER_ENROL),
    POST("/api/v1/owner/{device}/say", ROUTE_ANYONE, CHANGE_OWNER_SAY),
    GET("/api/v1/sessions/{uuid}/invites", E | V, read_invites, NULL),
    ASK("/api/v1/sessions/{uuid}/invites", E | V, read_invite_make),
    ASK("/api/v1/sessions/{uuid}/invites/revoke", E | V, read_invite_revoke),
    ASK("/api/v1/join", ROUTE_ANYONE, read_join),
    GET("/api/v1/models", EVERYONE, read_models, NULL),
    GET("/api/v1/rules", STAFF, read_rules, NULL),
    GET("/api/v1/rules/files", STAFF, read_rules_files, "version model"),
    GET("/api/v1/rules/versions", STAFF, read_rules_versions, "limit"),
    GET("/api/v1/rules/trial", E | A, read_rules_trial, NULL),
    POST("/api/v1/rules/reload", A, CHANGE_RULES_RELOAD),
    POST("/api/v1/rules/revert", A, CHANGE_RULES_REVERT),
    LOOK("/api/v1/audit", V | A | U, read_audit, "before limit", "audit.read"),
    GET("/api/v1/quarantine", STAFF, read_quarantine, "device limit"),
    GET("/api/v1/openapi.yaml", EVERYONE, read_openapi, NULL),
    GET("/metrics", ROUTE_LOCAL | A, read_metrics, NULL),
    {METHOD_GET, "/healthz", ROUTE_ANYONE, ROUTE_NOW, read_health, 0, "probe", NULL},
};
enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static bool id_fits(const char *kind, size_t kind_chars, const char *part, size_t chars) {
    char text[ROUTE_ID_BYTES + 1] = {0};
    if (chars == 0 || chars > ROUTE_ID_BYTES) {
        return false;
    }
    memcpy(text, part, chars);
    if (kind_chars == 8 && memcmp(kind, "{number}", 8) == 0) {
        int64_t number;
        return part[0] != '+' && number_i64(part, chars, 1, INT64_MAX, &number);
    }
    if (kind_chars == 8 && memcmp(kind, "{device}", 8) == 0) {
        return device_id_valid(part, chars);
    }
    return uuid_valid(text);
}

static bool path_fits(const char *pattern, const char *path, char id[ROUTE_ID_BYTES + 1]) {
    id[0] = '\0';
    while (*pattern == '/' && *path == '/') {
        size_t want = strcspn(++pattern, "/"), have = strcspn(++path, "/");
        if (pattern[0] == '{') {
            if (!id_fits(pattern, want, path, have)) {
                return false;
            }
            memcpy(id, path, have);
            id[have] = '\0';
        } else if (want != have || memcmp(pattern, path, want) != 0) {
            return false;
        }
        pattern += want;
        path += have;
    }
    return *pattern == '\0' && *path == '\0';
}

enum result route_find(enum method method, const char *path, const struct route **out, char id[ROUTE_ID_BYTES + 1],
                       const char **allow) {
    enum method wanted = method == METHOD_HEAD ? METHOD_GET : method;
    bool has_get = false, has_post = false;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        if (path_fits(rows[i].path, path, id)) {
            if (rows[i].method == wanted) {
                *out = &rows[i];
                return RESULT_OK;
            }
            has_get = has_get || rows[i].method == METHOD_GET;
            has_post = has_post || rows[i].method == METHOD_POST;
        }
    }
    *allow = has_get && has_post ? "GET, HEAD, POST" : has_get ? "GET, HEAD" : "POST";
    return has_get || has_post ? RESULT_CONFLICT : RESULT_NOT_FOUND;
}

bool route_is_api(const char *path) {
    return strncmp(path, "/api/", 5) == 0 || strcmp(path, "/api") == 0 || strcmp(path, "/metrics") == 0 ||
           strcmp(path, "/healthz") == 0;
}

const struct route *route_rows(size_t *count) {
    *count = ROW_COUNT;
    return rows;
}

bool route_allows(const struct route *route, enum role role) {
    return role != ROLE_NONE && (route->roles & ROLE_BIT(role)) != 0;
}

const char *method_name(enum method method) {
    static const char *const names[] = {"GET", "HEAD", "POST", "other"};
    return names[method];
}
