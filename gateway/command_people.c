/* Users: who may log in, and as what. The gateway may run meanwhile: it asks the store at every request. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "store/audit.h"
#include "store/users.h"
#include "web/auth.h"

enum { PASSWORD_LEAST_BYTES = 10 };

/* One line of standard input, without its end; on a terminal it is not shown. */
static bool read_password(char *out, size_t room) {
    struct termios before, silent;
    const bool is_terminal = tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_terminal) {
        fprintf(stderr, "Password: ");
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    const bool is_read = fgets(out, (int)room, stdin) != NULL;
    if (is_terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fprintf(stderr, "\n");
    }
    if (!is_read) {
        fprintf(stderr, "fieldline-gateway: no password on standard input\n");
        return false;
    }
    out[strcspn(out, "\r\n")] = 0;
    if (strlen(out) < PASSWORD_LEAST_BYTES) {
        fprintf(stderr, "fieldline-gateway: the password has %zu bytes, at least %d are needed\n", strlen(out),
                PASSWORD_LEAST_BYTES);
        return false;
    }
    return true;
}

/* What is typed at login and stands in logs and transcripts: no blanks, no capitals to confuse. */
static bool is_user_name(const char *name) {
    const size_t chars = strlen(name);
    return chars >= 1 && chars <= USER_NAME_BYTES && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == chars;
}

static enum result put_user(const struct settings *settings, const struct user_row *user, const char *detail,
                            struct fault *fault) {
    char *path = settings_path(settings, "gateway.db"), object[80];
    struct store *store = NULL;
    int64_t id;
    snprintf(object, sizeof object, "user/%s", user->name);
    const struct audit_row row = {.at_ms = clock_wall_ms(),
                                  .who = "operator",
                                  .what = "user.put",
                                  .object = object,
                                  .result = "ok",
                                  .detail = detail,
                                  .address = ""};
    enum result result = store_open(path, &store, fault);
    if (result == RESULT_OK) {
        result = store_begin(store);
        if (result == RESULT_OK)
            result = store_user_put(store, user, &id);
        if (result == RESULT_OK)
            result = audit_add(store, &row);
        if (result == RESULT_OK)
            result = store_commit(store);
        if (result != RESULT_OK)
            fault_set(fault, result, "%s: %s", path, store_error(store));
    }
    store_close(store);
    free(path);
    return result;
}

int command_user_add(int argc, char **argv) {
    const char *role = command_option(&argc, argv, "--role"), *title = command_option(&argc, argv, "--name"),
               *by = command_option(&argc, argv, "--by");
    struct settings *settings = command_settings(&argc, argv);
    struct user_row user = {.created_ms = clock_wall_ms()};
    char password[AUTH_PASSWORD_BYTES + 2], hash[AUTH_HASH_BYTES];
    struct fault fault;
    int status = 1;
    if (!settings)
        return 1;
    if (argc != 1 || !role || !role_parse(role, &user.role)) {
        status =
            command_usage("user add NAME --role owner|support|engineer|supervisor|administrator|auditor [--name TITLE] "
                          "[--by USER] [--config FILE]   (password on standard input)");
        goto out;
    }
    if (!is_user_name(argv[0])) {
        fprintf(stderr,
                "fieldline-gateway: '%s' cannot be a user's name: at most %d of a to z, 0 to 9, '.', '_', '-'\n",
                argv[0], USER_NAME_BYTES);
        goto out;
    }
    snprintf(user.name, sizeof user.name, "%s", argv[0]);
    snprintf(user.made_by, sizeof user.made_by, "%s", by ? by : "operator");
    snprintf(user.title, sizeof user.title, "%s", title ? title : argv[0]);
    if (!read_password(password, sizeof password))
        goto out;
    if (auth_hash_password(password, hash, &fault) != RESULT_OK) {
        command_failed(&fault);
        goto out;
    }
    snprintf(user.password, sizeof user.password, "%s", hash);
    if (put_user(settings, &user, role, &fault) != RESULT_OK)
        command_failed(&fault);
    else
        status = 0;
out:
    wipe(password, sizeof password);
    settings_free(settings);
    return status;
}

static void print_user(void *self, const struct user_row *user) {
    (void)self;
    printf("%-20s %-14s %-8s %s\n", user->name, role_name(user->role), user->is_disabled ? "disabled" : "",
           user->title);
}

int command_user_list(int argc, char **argv) {
    struct settings *settings = command_settings(&argc, argv);
    struct store *store = NULL;
    struct fault fault;
    if (!settings)
        return 1;
    char *path = settings_path(settings, "gateway.db");
    enum result result = store_open(path, &store, &fault);
    if (result == RESULT_OK && store_users(store, print_user, NULL) != RESULT_OK)
        result = fault_set(&fault, RESULT_IO, "%s: %s", path, store_error(store));
    store_close(store);
    free(path);
    settings_free(settings);
    return result == RESULT_OK ? 0 : command_failed(&fault);
}

/* `user disable NAME`: the login sessions end with it. */
int command_user_disable(int argc, char **argv) {
    struct settings *settings = command_settings(&argc, argv);
    struct user_row user;
    struct store *store = NULL;
    struct fault fault;
    if (!settings)
        return 1;
    if (argc != 1) {
        settings_free(settings);
        return command_usage("user disable NAME [--config FILE]");
    }
    char *path = settings_path(settings, "gateway.db");
    enum result result = store_open(path, &store, &fault);
    if (result == RESULT_OK && store_user_find(store, argv[0], &user) != RESULT_OK)
        result = fault_set(&fault, RESULT_NOT_FOUND, "there is no user '%s'", argv[0]);
    store_close(store);
    if (result == RESULT_OK) {
        user.is_disabled = true;
        result = put_user(settings, &user, "disabled", &fault);
    }
    free(path);
    settings_free(settings);
    return result == RESULT_OK ? 0 : command_failed(&fault);
}
