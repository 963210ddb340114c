/* POST /login (see api.h): runs on the password pool, whose two threads bound how many argon2 computations run at once.
 * An account that does not exist, is disabled or has no role costs the same work and gets the same answer as a wrong
 * password. The login session itself is made by the desk, in the transaction that also writes the audit log. */
#include "web/api.h"

#include <stdio.h>
#include <stdlib.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"

static void tell_failure(struct api *api, const struct actor *by, const char *name) {
    atomic_fetch_add(&api->figures->logins_failed, 1);
    struct change *change = change_new(CHANGE_LOGIN_FAILED);
    change->by = *by;
    change->body = api_object(&(struct api_member){"user", name}, 1);
    api->options->submit(api->options->self, change);
}

static void hand_over(struct api *api, const struct user_row *user, const struct actor *by, uint64_t exchange) {
    struct change *change = change_new(CHANGE_LOGIN);
    change->by = *by;
    change->connection = exchange;
    struct api_member members[] = {{"user", user->name},
                                   {"name", user->title[0] == '\0' ? user->name : user->title},
                                   {"role", role_name(user->role)}};
    change->body = api_object(members, 3);
    api->options->submit(api->options->self, change);
}

/* True: handed over. False: the response says why not. */
static bool check_login(struct api *api, struct reader *reader, const struct request *request, const char *name,
                        const char *password, struct response *response) {
    int64_t wait_ms = throttle_try(api->throttle, name, request->address, clock_mono_ms());
    if (wait_ms > 0) {
        atomic_fetch_add(&api->figures->logins_throttled, 1);
        response_problem(response, 429, "too_many_attempts", "too many wrong attempts; try again in %lld s",
                         (long long)((wait_ms + 999) / 1000));
        response->retry_after_s = (int)((wait_ms + 999) / 1000);
        return false;
    }
    struct user_row user = {0};
    struct actor by = {0};
    snprintf(by.address, sizeof by.address, "%s", request->address);
    enum result found = reader_user(reader, name, &user);
    if (found != RESULT_OK && found != RESULT_NOT_FOUND) {
        log_error("web.login", "read_failed", "text=%s", log_text(reader_error(reader)));
        response_problem(response, 500, "io", "the login cannot be checked now");
        return false;
    }
    bool is_known = found == RESULT_OK && !user.is_disabled && user.role != ROLE_NONE;
    bool is_right = auth_check_password(is_known ? user.password : NULL, password);
    wipe(user.password, sizeof user.password);
    if (found == RESULT_OK) {
        by.user_id = user.id;
        by.role = user.role;
        snprintf(by.name, sizeof by.name, "%s", user.name);
    }
    if (!is_right) {
        tell_failure(api, &by, name);
        response_problem(response, 401, "wrong_login", "the user name or the password is wrong");
        return false;
    }
    throttle_was_right(api->throttle, name, request->address);
    hand_over(api, &user, &by, request->exchange);
    return true;
}

void api_login(void *reader, void *argument) {
    struct api_job *job = argument;
    struct api *api = job->api;
    struct request *request = job->request;
    struct response *response = response_new(200);
    struct json *body = NULL;
    const char *name, *password;
    struct fault fault;
    bool is_handed_over = false;
    if (query_only(&request->query, NULL, &fault) != RESULT_OK) {
        response_problem(response, 400, "bad_input", "%s", fault.text);
    } else if (api_parse_body(request, &body, response)) {
        if (json_string(body, "user", USER_NAME_BYTES, &name, &fault) != RESULT_OK ||
            json_string(body, "password", AUTH_PASSWORD_BYTES, &password, &fault) != RESULT_OK) {
            response_problem(response, 400, "bad_input", "%s", fault.text);
        } else {
            is_handed_over = check_login(api, reader, request, name, password, response);
        }
    }
    json_free(body);
    if (is_handed_over) {
        response_free(response);
    } else {
        api_post(api, request->exchange, response);
    }
    request_free(request);
    free(job);
}
