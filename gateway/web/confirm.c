/* The password again: an open browser on an empty desk is not enough for what is irrevocable. The login session stays
 * what it was, whatever the answer; guessing here is as slow as at the login, for both count on one throttle. */
#include "web/confirm.h"

#include <stdio.h>

#include "fieldline/clock.h"

static void tell_failure(struct api *api, const struct read *read) {
    atomic_fetch_add(&api->figures->logins_failed, 1);
    struct change *change = change_new(CHANGE_LOGIN_FAILED);
    change->by = read->by;
    change->body = api_object(&(struct api_member){"user", read->by.name}, 1);
    api->options->submit(api->options->self, change);
}

static bool check(struct api *api, struct read *read, const char *password, struct response *response) {
    const int64_t wait_ms = throttle_try(api->throttle, read->by.name, read->request->address, clock_mono_ms());
    struct user_row user = {0};
    if (wait_ms > 0) {
        atomic_fetch_add(&api->figures->logins_throttled, 1);
        response_problem(response, 429, "too_many_attempts", "too many wrong passwords; try again in %lld s",
                         (long long)((wait_ms + 999) / 1000));
        response->retry_after_s = (int)((wait_ms + 999) / 1000);
        return false;
    }
    if (read_failed(read, response, reader_user(read->reader, read->by.name, &user), "user")) {
        return false;
    }
    const bool is_right = auth_check_password(user.is_disabled ? NULL : user.password, password);
    wipe(user.password, sizeof user.password);
    if (!is_right) {
        tell_failure(api, read);
        response_problem(response, 403, "wrong_password", "the password is wrong");
        return false;
    }
    throttle_was_right(api->throttle, read->by.name, read->request->address);
    return true;
}

bool confirm_password(struct api *api, struct read *read, struct response *response) {
    struct json *body = NULL;
    const char *password;
    struct fault fault;
    bool is_right = false;
    if (!api_parse_body(read->request, &body, response)) {
        return false;
    }
    if (json_string(body, "password", AUTH_PASSWORD_BYTES, &password, &fault) != RESULT_OK) {
        response_problem(response, 400, "bad_input", "%s", fault.text);
    } else {
        is_right = check(api, read, password, response);
    }
    json_free(body);
    return is_right;
}
