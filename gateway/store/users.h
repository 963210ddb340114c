/* Users and their login sessions, writer's side. Passwords come hashed (argon2id text), tokens as their SHA-256. */
#pragma once
#include "store/store.h"
#include "tickets/role.h"

enum { USER_NAME_BYTES = 63, USER_TITLE_BYTES = 127, USER_PASSWORD_BYTES = 255, USER_ADDRESS_BYTES = 45 };
struct user_row {
    int64_t id;
    char name[USER_NAME_BYTES + 1];   /* what is typed at login; unique */
    char title[USER_TITLE_BYTES + 1]; /* the person's name */
    enum role role;
    char password[USER_PASSWORD_BYTES + 1];
    bool is_disabled;
    int64_t created_ms;
    char made_by[USER_NAME_BYTES + 1]; /* a user's name, or "operator" */
};
/* By name: inserts, or changes everything but id, created_ms and made_by. A change ends the user's login sessions: a
 * new password or role is asked for again. */
FL_CHECK enum result store_user_put(struct store *store, const struct user_row *user, int64_t *id);
FL_CHECK enum result store_user_find(struct store *store, const char *name,
                                     struct user_row *out); /* or RESULT_NOT_FOUND */
typedef void user_fn(void *self, const struct user_row *user);
FL_CHECK enum result store_users(struct store *store, user_fn *fn, void *self); /* by name */

struct login_row {
    uint8_t token_sha256[SHA256_BYTES];
    int64_t user_id;
    int64_t created_ms, seen_ms, expires_ms; /* expires: the absolute limit */
    char address[USER_ADDRESS_BYTES + 1];
};
FL_CHECK enum result store_login_add(struct store *store, const struct login_row *login);
FL_CHECK enum result store_login_seen(struct store *store, const uint8_t token_sha256[SHA256_BYTES], int64_t seen_ms);
FL_CHECK enum result store_login_delete(struct store *store, const uint8_t token_sha256[SHA256_BYTES]);
/* Deletes what is past its limit or was idle since idle_before_ms. */
FL_CHECK enum result store_logins_expire(struct store *store, int64_t now_ms, int64_t idle_before_ms);
