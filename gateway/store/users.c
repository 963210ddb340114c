/* Users and their login sessions. Deciding who may log in, and for how long, is the web's; here are the rows. */
#include "store/users.h"

#include "store/handle.h"
#include "store/rows.h"

enum result store_user_put(struct store *store, const struct user_row *user, int64_t *id) {
    struct query q =
        query_of(&store->sql, "INSERT INTO user(name, title, role, password, is_disabled, created_ms, made_by)"
                              " VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(name) DO UPDATE SET title = excluded.title,"
                              " role = excluded.role, password = excluded.password, is_disabled = excluded.is_disabled"
                              " RETURNING id");
    put_text(&q, user->name);
    put_text(&q, user->title);
    put_int(&q, user->role);
    put_text(&q, user->password);
    put_int(&q, user->is_disabled);
    put_int(&q, user->created_ms);
    put_text(&q, user->made_by);
    if (query_next(&q))
        *id = take_int(&q);
    enum result result = query_run(&q);
    if (result != RESULT_OK)
        return result;
    q = query_of(&store->sql, "DELETE FROM login WHERE user = ?");
    put_int(&q, *id);
    return query_run(&q);
}

void take_user(struct query *q, struct user_row *out) {
    out->id = take_int(q);
    take_copy(q, out->name, sizeof out->name);
    take_copy(q, out->title, sizeof out->title);
    out->role = (enum role)take_int(q);
    take_copy(q, out->password, sizeof out->password);
    out->is_disabled = take_int(q) != 0;
    out->created_ms = take_int(q);
    take_copy(q, out->made_by, sizeof out->made_by);
}

enum result find_user(struct sql *sql, const char *name, struct user_row *out) {
    struct query q = query_of(sql, "SELECT " USER_COLUMNS " FROM user u WHERE u.name = ?");
    put_text(&q, name);
    const enum result result = query_one(&q);
    if (result != RESULT_OK)
        return result;
    take_user(&q, out);
    query_close(&q);
    return RESULT_OK;
}

enum result store_user_find(struct store *store, const char *name, struct user_row *out) {
    return find_user(&store->sql, name, out);
}

enum result store_users(struct store *store, user_fn *fn, void *self) {
    return each_user(&store->sql, fn, self);
}

enum result each_user(struct sql *sql, user_fn *fn, void *self) {
    struct query q = query_of(sql, "SELECT " USER_COLUMNS " FROM user u ORDER BY u.name");
    while (query_next(&q)) {
        struct user_row user;
        take_user(&q, &user);
        fn(self, &user);
        wipe(user.password, sizeof user.password);
    }
    return query_end(&q);
}

enum result store_login_add(struct store *store, const struct login_row *login) {
    struct query q = query_of(&store->sql, "INSERT INTO login(token, user, created_ms, seen_ms, expires_ms, address)"
                                           " VALUES(?, ?, ?, ?, ?, ?)");
    put_blob(&q, login->token_sha256, SHA256_BYTES);
    put_int(&q, login->user_id);
    put_int(&q, login->created_ms);
    put_int(&q, login->seen_ms);
    put_int(&q, login->expires_ms);
    put_text(&q, login->address);
    return query_run(&q);
}

enum result store_login_seen(struct store *store, const uint8_t token_sha256[SHA256_BYTES], int64_t seen_ms) {
    struct query q = query_of(&store->sql, "UPDATE login SET seen_ms = max(seen_ms, ?) WHERE token = ?");
    put_int(&q, seen_ms);
    put_blob(&q, token_sha256, SHA256_BYTES);
    return query_run(&q);
}

enum result store_login_delete(struct store *store, const uint8_t token_sha256[SHA256_BYTES]) {
    struct query q = query_of(&store->sql, "DELETE FROM login WHERE token = ?");
    put_blob(&q, token_sha256, SHA256_BYTES);
    return query_run(&q);
}

enum result store_logins_expire(struct store *store, int64_t now_ms, int64_t idle_before_ms) {
    struct query q = query_of(&store->sql, "DELETE FROM login WHERE expires_ms <= ?");
    put_int(&q, now_ms);
    const enum result result = query_run(&q);
    if (result != RESULT_OK)
        return result;
    q = query_of(&store->sql, "DELETE FROM login WHERE seen_ms < ?");
    put_int(&q, idle_before_ms);
    return query_run(&q);
}
