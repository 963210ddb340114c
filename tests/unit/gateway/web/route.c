/* The route table: what is found, who may, and that openapi.yaml describes the same. */
#include "web/route.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "web/openapi.h"

#define UUID "0b5c1f3e-9d77-4a3b-8f00-0123456789ab"

static const struct {
    enum method method;
    const char *path;
    enum result result;
    const char *expected; /* the row's path, or the Allow text */
    const char *id;
} rows[] = {
    {METHOD_POST, "/api/v1/login", RESULT_OK, "/api/v1/login", ""},
    {METHOD_GET, "/api/v1/devices", RESULT_OK, "/api/v1/devices", ""},
    {METHOD_HEAD, "/api/v1/devices", RESULT_OK, "/api/v1/devices", ""},
    {METHOD_GET, "/api/v1/devices/freezer-7", RESULT_OK, "/api/v1/devices/{device}", "freezer-7"},
    {METHOD_GET, "/api/v1/devices/freezer-7/history", RESULT_OK, "/api/v1/devices/{device}/history", "freezer-7"},
    {METHOD_GET, "/api/v1/tickets/17", RESULT_OK, "/api/v1/tickets/{number}", "17"},
    {METHOD_POST, "/api/v1/tickets/17/actions", RESULT_OK, "/api/v1/tickets/{number}/actions", "17"},
    {METHOD_GET, "/api/v1/sessions/" UUID "/cast", RESULT_OK, "/api/v1/sessions/{uuid}/cast", UUID},
    {METHOD_GET, "/metrics", RESULT_OK, "/metrics", ""},
    {METHOD_GET, "/api/v1", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/devices/", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/devicesx", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/device", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v2/devices", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/devices/Freezer", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/devices/freezer-7/", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/devices/freezer-7/history/more", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/devices/..", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/tickets/0", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/tickets/-1", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/tickets/+1", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/tickets/17x", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/tickets/99999999999999999999", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/sessions/" UUID "0", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/sessions/..%2fsecret/cast", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/sessions/../cast", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/{device}", RESULT_NOT_FOUND, NULL, NULL},
    {METHOD_GET, "/api/v1/login", RESULT_CONFLICT, "POST", NULL},
    {METHOD_OTHER, "/api/v1/tickets", RESULT_CONFLICT, "GET, HEAD, POST", NULL},
    {METHOD_POST, "/api/v1/devices", RESULT_CONFLICT, "GET, HEAD", NULL},
    {METHOD_OTHER, "/healthz", RESULT_CONFLICT, "GET, HEAD", NULL},
};

Test(route, is_found_or_refused) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct route *route = NULL;
        char id[ROUTE_ID_BYTES + 1];
        const char *allow = NULL;
        enum result result = route_find(rows[i].method, rows[i].path, &route, id, &allow);
        cr_assert_eq(result, rows[i].result, "%s: %s", rows[i].path, result_name(result));
        if (result == RESULT_OK) {
            cr_expect_str_eq(route->path, rows[i].expected);
            cr_expect_str_eq(id, rows[i].id);
        } else if (result == RESULT_CONFLICT) {
            cr_expect_str_eq(allow, rows[i].expected, "%s", rows[i].path);
        }
    }
}

static const struct {
    enum method method;
    const char *path;
    const char *roles; /* who may: o s e v a u */
} rights[] = {
    {METHOD_GET, "/api/v1/devices", "osevau"},
    {METHOD_GET, "/api/v1/tickets/1", "osevau"},
    {METHOD_GET, "/api/v1/audit", "vau"},
    {METHOD_GET, "/api/v1/quarantine", "sevau"},
    {METHOD_GET, "/api/v1/sessions/" UUID "/cast", "sevau"},
    {METHOD_GET, "/api/v1/sessions/" UUID "/transcript", "sevau"},
    {METHOD_GET, "/api/v1/sessions/" UUID "/ws", "sevau"},
    {METHOD_POST, "/api/v1/tickets/1/sessions", "seva"},
    {METHOD_POST, "/api/v1/sessions/" UUID "/consent", "seva"},
    {METHOD_POST, "/api/v1/tickets/1/emergency", "ev"},
    {METHOD_POST, "/api/v1/sessions/" UUID "/approve", "ev"},
    {METHOD_POST, "/api/v1/sessions/" UUID "/refuse", "ev"},
    {METHOD_POST, "/api/v1/sessions/" UUID "/review", "v"},
    {METHOD_POST, "/api/v1/qualifications", "v"},
    {METHOD_POST, "/api/v1/qualifications/1/revoke", "v"},
    {METHOD_POST, "/api/v1/contracts", "va"},
    {METHOD_POST, "/api/v1/kill", "va"},
    {METHOD_POST, "/api/v1/kill/1/lift", "va"},
    {METHOD_GET, "/api/v1/access", "osevau"},
    {METHOD_POST, "/api/v1/sessions/" UUID "/end", "oseva"},
    {METHOD_POST, "/api/v1/tickets", "oseva"},
    {METHOD_POST, "/api/v1/alarms/1/acknowledge", "seva"},
    {METHOD_GET, "/metrics", "a"},
};

Test(route, roles) {
    static const char letters[ROLE_COUNT + 1] = "-osevau";
    for (size_t i = 0; i < sizeof rights / sizeof rights[0]; i++) {
        const struct route *route = NULL;
        char id[ROUTE_ID_BYTES + 1];
        const char *allow;
        cr_assert_eq(route_find(rights[i].method, rights[i].path, &route, id, &allow), RESULT_OK, "%s", rights[i].path);
        for (int role = 0; role < ROLE_COUNT; role++) {
            bool may = role != ROLE_NONE && strchr(rights[i].roles, letters[role]) != NULL;
            cr_expect_eq(route_allows(route, (enum role)role), may, "%s for %s", rights[i].path,
                         role_name((enum role)role));
        }
    }
}

Test(route, rows_are_well_made) {
    size_t count;
    const struct route *all = route_rows(&count);
    for (size_t i = 0; i < count; i++) {
        cr_expect(route_is_api(all[i].path), "%s", all[i].path);
        cr_expect_eq(all[i].kind == ROUTE_READ || all[i].kind == ROUTE_NOW, all[i].read != NULL, "%s", all[i].path);
        cr_expect(all[i].kind != ROUTE_NOW || all[i].roles == ROUTE_ANYONE, "%s: nobody asks who it is", all[i].path);
        bool is_open = strcmp(all[i].path, "/api/v1/login") == 0 || strcmp(all[i].path, "/healthz") == 0 ||
                       strcmp(all[i].path, "/api/v1/join") == 0; /* the invitation is asked for there */
        cr_expect_eq(all[i].roles == ROUTE_ANYONE, is_open, "%s is open to everyone", all[i].path);
        cr_expect((all[i].kind != ROUTE_CHANGE && all[i].kind != ROUTE_PASSWORD) || all[i].method == METHOD_POST,
                  "%s changes by GET", all[i].path);
        for (size_t j = 0; j < i; j++) {
            cr_expect(all[i].method != all[j].method || strcmp(all[i].path, all[j].path) != 0, "%s twice", all[i].path);
        }
    }
    cr_expect_not(route_is_api("/apis"));
    cr_expect_not(route_is_api("/tickets/7"));
    cr_expect_not(route_is_api("/metricsx"));
}

/* Rows that are not below the API's own address stand in the document as they are, with servers of their own. */
static const char *documented_path(const char *row) {
    return strncmp(row, "/api/v1/", 8) == 0 ? row + strlen("/api/v1") : row;
}

/* "/devices/{id}:" and "get:" of the YAML against "/api/v1/devices/{device}" and METHOD_GET of the rows. */
static bool same_path(const char *row, const char *text, size_t chars) {
    char plain[128] = "";
    size_t count = 0;
    for (const char *at = documented_path(row); *at != '\0' && count < sizeof plain - 8; at++) {
        if (*at == '{') {
            count += (size_t)snprintf(plain + count, sizeof plain - count, "{id}");
            at = strchr(at, '}');
        } else {
            plain[count++] = *at;
            plain[count] = '\0';
        }
    }
    return strlen(plain) == chars && memcmp(plain, text, chars) == 0;
}

/* The text from one path of the YAML to the next. */
static const char *find_path(const char *text, const char *row, size_t *chars) {
    for (const char *line = text; line != NULL; line = strchr(line, '\n') == NULL ? NULL : strchr(line, '\n') + 1) {
        if (strncmp(line, "  /", 3) == 0 && strchr(line, ':') != NULL &&
            same_path(row, line + 2, (size_t)(strchr(line, ':') - line - 2))) {
            const char *end = strstr(line, "\n  /");
            const char *parts = strstr(line, "\ncomponents:");
            *chars = (size_t)((end == NULL || (parts != NULL && parts < end) ? parts : end) - line);
            return line;
        }
    }
    return NULL;
}

Test(route, openapi_describes_every_row) {
    size_t count, chars = 0, api_rows = 0;
    const struct route *all = route_rows(&count);
    char *text = strndup(openapi_text, openapi_text_bytes());
    for (size_t i = 0; i < count; i++) {
        api_rows++;
        const char *at = find_path(text, all[i].path, &chars);
        cr_assert_not_null(at, "%s is not in openapi.yaml", all[i].path);
        char *part = strndup(at, chars);
        const char *method = all[i].method == METHOD_POST ? "post:" : "get:";
        cr_expect_not_null(strstr(part, method), "%s has no %s in openapi.yaml", all[i].path, method);
        for (const char *name = all[i].arguments; name != NULL && *name != '\0';) {
            char wanted[64];
            size_t word = strcspn(name, " ");
            snprintf(wanted, sizeof wanted, "name: %.*s, in: query", (int)word, name);
            cr_expect_not_null(strstr(part, wanted), "%s: argument %.*s is not in openapi.yaml", all[i].path, (int)word,
                               name);
            name += word + strspn(name + word, " ");
        }
        free(part);
    }
    cr_expect_gt(api_rows, 25);
    free(text);
}

Test(route, openapi_describes_nothing_else) {
    size_t count;
    const struct route *all = route_rows(&count);
    char *text = strndup(openapi_text, openapi_text_bytes());
    size_t described = 0;
    for (const char *line = text; line != NULL; line = strchr(line, '\n') == NULL ? NULL : strchr(line, '\n') + 1) {
        if (strncmp(line, "components:", 11) == 0) {
            break;
        }
        if (strncmp(line, "  /", 3) != 0) {
            continue;
        }
        size_t chars = (size_t)(strchr(line, ':') - line - 2);
        bool is_known = false;
        for (size_t i = 0; i < count; i++) {
            is_known = is_known || same_path(all[i].path, line + 2, chars);
        }
        cr_expect(is_known, "openapi.yaml has %.*s, the routes have not", (int)chars, line + 2);
        described++;
    }
    cr_expect_gt(described, 25);
    free(text);
}
