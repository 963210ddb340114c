/* What an operator types. serve is the only one that keeps running; the others open what they need and leave. */
#include "command.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "fieldline/service.h"
#include "gateway.h"
#include "rules/check.h"
#include "sessions/verify.h"
#include "store/audit.h"
#include "store/backup.h"
#include "store/users.h"
#include "web/auth.h"

const char *command_option(int *argc, char **argv, const char *name) {
    for (int i = 0; i + 1 < *argc; i++) {
        if (strcmp(argv[i], name) != 0)
            continue;
        const char *value = argv[i + 1];
        memmove(argv + i, argv + i + 2, sizeof *argv * (size_t)(*argc - i - 2));
        *argc -= 2;
        return value;
    }
    return NULL;
}

static int usage(const char *text) {
    fprintf(stderr, "fieldline-gateway: usage: fieldline-gateway %s\n", text);
    return 2;
}

static int failed(const struct fault *fault) {
    fprintf(stderr, "fieldline-gateway: %s\n", fault->text);
    return 1;
}

/* Reads the file of --config; says what is wrong with it. */
static struct settings *read_settings(int *argc, char **argv) {
    const char *path = command_option(argc, argv, "--config");
    struct settings *settings = NULL;
    struct buf problems;
    buf_init(&problems, 64 * 1024);
    if (!path)
        path = "/etc/fieldline/gateway.conf";
    if (settings_read(path, &settings, &problems) != RESULT_OK)
        fprintf(stderr, "%s", buf_text(&problems));
    buf_fini(&problems);
    return settings;
}

/* ---- serve
 * ---------------------------------------------------------------------------------------------------------------- */

struct signals {
    struct gateway *gateway;
    sigset_t set;
};

static void *wait_for_signal(void *self) {
    const struct signals *signals = self;
    int number = 0;
    sigwait(&signals->set, &number);
    log_info("gateway", "signal", "number=%d", number);
    gateway_stop(signals->gateway);
    return NULL;
}

static int serve(int argc, char **argv) {
    struct settings *settings = read_settings(&argc, argv);
    struct signals signals = {0};
    struct fault fault;
    enum log_level level;
    pthread_t waiter;
    int status = 1;
    if (!settings)
        return 1;
    if (argc != 0) {
        settings_free(settings);
        return usage("serve [--config FILE]");
    }
    if (!log_level_parse(settings->log_level, &level)) {
        fprintf(stderr, "fieldline-gateway: log_level is '%s', expected debug, info, warn or error\n",
                settings->log_level);
        goto out;
    }
    log_set_level(level);
    /* Blocked here, before any thread exists: every thread inherits that, and the waiter alone takes them. */
    sigemptyset(&signals.set);
    sigaddset(&signals.set, SIGTERM);
    sigaddset(&signals.set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals.set, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (gateway_start(settings, &signals.gateway, &fault) != RESULT_OK) {
        failed(&fault);
        goto out;
    }
    if (pthread_create(&waiter, NULL, wait_for_signal, &signals) != 0)
        die("gateway", "cannot start a thread");
    service_notify("READY=1");
    gateway_run(signals.gateway);
    service_notify("STOPPING=1");
    pthread_cancel(waiter);
    pthread_join(waiter, NULL);
    gateway_free(signals.gateway);
    status = 0;
out:
    settings_free(settings);
    return status;
}

/* ---- set-up
 * ---------------------------------------------------------------------------------------------------------------- */

static int init(int argc, char **argv) {
    struct settings *settings = read_settings(&argc, argv);
    struct fault fault;
    if (!settings)
        return 1;
    const enum result result = gateway_init(settings, &fault);
    if (result == RESULT_OK)
        printf("%s is ready. Next: fieldline-gateway user add NAME --role administrator\n", settings->data_dir);
    settings_free(settings);
    return result == RESULT_OK ? 0 : failed(&fault);
}

static int check(int argc, char **argv) {
    struct settings *settings = read_settings(&argc, argv);
    struct buf report;
    struct fault fault;
    int status = 0;
    if (!settings)
        return 1;
    buf_init(&report, 256 * 1024);
    if (pack_check(settings->rules_dir, &report) != RESULT_OK)
        status = 1;
    char *path = settings_path(settings, "gateway.db");
    if (store_check(path, &fault) != RESULT_OK) {
        buf_printf(&report, "%s: %s\n", path, fault.text);
        status = 1;
    }
    const char *const files[] = {settings->broker_ca, settings->broker_cert, settings->broker_key, settings->web_cert,
                                 settings->web_key,   settings->device_ca,   settings->console_dir};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (access(files[i], R_OK) != 0) {
            buf_printf(&report, "%s: %s\n", files[i], strerror(errno));
            status = 1;
        }
    }
    buf_str(&report, status == 0 ? "The configuration is sound.\n" : "");
    fputs(buf_text(&report), status == 0 ? stdout : stderr);
    free(path);
    buf_fini(&report);
    settings_free(settings);
    return status;
}

static int reference(int argc, char **argv) {
    struct buf text;
    (void)argc;
    (void)argv;
    buf_init(&text, 64 * 1024);
    settings_print_reference(&text);
    fputs(buf_text(&text), stdout);
    buf_fini(&text);
    return 0;
}

/* ---- people
 * ---------------------------------------------------------------------------------------------------------------- */

/* One line of standard input, without its end. */
static bool read_password(char *out, size_t room) {
    if (isatty(STDIN_FILENO))
        fprintf(stderr, "Password: ");
    if (!fgets(out, (int)room, stdin))
        return false;
    out[strcspn(out, "\r\n")] = 0;
    return true;
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

static int user_add(int argc, char **argv) {
    const char *role = command_option(&argc, argv, "--role"), *title = command_option(&argc, argv, "--name");
    struct settings *settings = read_settings(&argc, argv);
    struct user_row user = {.created_ms = clock_wall_ms()};
    char password[AUTH_PASSWORD_BYTES + 2], hash[AUTH_HASH_BYTES];
    struct fault fault;
    int status = 1;
    if (!settings)
        return 1;
    if (argc != 1 || !role || !role_parse(role, &user.role)) {
        status = usage("user add NAME --role owner|support|engineer|supervisor|administrator|auditor [--name TITLE] "
                       "[--config FILE]   (password on standard input)");
        goto out;
    }
    snprintf(user.name, sizeof user.name, "%s", argv[0]);
    snprintf(user.title, sizeof user.title, "%s", title ? title : argv[0]);
    if (!read_password(password, sizeof password)) {
        fprintf(stderr, "fieldline-gateway: no password on standard input\n");
        goto out;
    }
    if (auth_hash_password(password, hash, &fault) != RESULT_OK) {
        failed(&fault);
        goto out;
    }
    snprintf(user.password, sizeof user.password, "%s", hash);
    if (put_user(settings, &user, role, &fault) != RESULT_OK)
        failed(&fault);
    else
        status = 0;
out:
    wipe(password, sizeof password);
    settings_free(settings);
    return status;
}

/* ---- evidence, rules, copies
 * ------------------------------------------------------------------------------------------------ */

static int transcript_verify_command(int argc, char **argv) {
    struct verify_options options = {.seal_pub = command_option(&argc, argv, "--key"),
                                     .ca = command_option(&argc, argv, "--ca")};
    struct verdict verdict;
    struct fault fault;
    if (argc != 1)
        return usage("transcript verify FILE [--key seal.pub] [--ca ca.crt]");
    if (transcript_verify(argv[0], &options, &verdict, &fault) != RESULT_OK)
        return failed(&fault);
    printf("%s: %s\n", argv[0], verdict.text);
    return verdict.is_ok ? 0 : 1;
}

static int rules_check_command(int argc, char **argv) {
    struct buf report;
    if (argc != 1)
        return usage("rules check DIR");
    buf_init(&report, 256 * 1024);
    const enum result result = pack_check(argv[0], &report);
    fputs(buf_text(&report), result == RESULT_OK ? stdout : stderr);
    buf_fini(&report);
    return result == RESULT_OK ? 0 : 1;
}

static int rules_test_command(int argc, char **argv) {
    struct buf report;
    int good = 0, bad = 0;
    if (argc != 1)
        return usage("rules test FILE|DIR");
    buf_init(&report, 1024 * 1024);
    const enum result result = rules_test(argv[0], &report, &good, &bad);
    fputs(buf_text(&report), stdout);
    printf("%d passed, %d failed\n", good, bad);
    buf_fini(&report);
    return result == RESULT_OK && bad == 0 ? 0 : 1;
}

static int backup(int argc, char **argv) {
    struct settings *settings = read_settings(&argc, argv);
    struct fault fault;
    if (!settings)
        return 1;
    if (argc != 1) {
        settings_free(settings);
        return usage("backup FILE [--config FILE]");
    }
    char *path = settings_path(settings, "gateway.db");
    const enum result result = store_backup(path, argv[0], NULL, NULL, &fault);
    free(path);
    settings_free(settings);
    return result == RESULT_OK ? 0 : failed(&fault);
}

static int audit_verify_command(int argc, char **argv) {
    struct settings *settings = read_settings(&argc, argv);
    struct audit_verdict verdict;
    struct fault fault;
    if (!settings)
        return 1;
    char *path = settings_path(settings, "gateway.db");
    const enum result result = audit_verify(path, &verdict, &fault);
    free(path);
    settings_free(settings);
    if (result != RESULT_OK)
        return failed(&fault);
    printf("%s\n", verdict.text);
    return verdict.is_whole ? 0 : 1;
}

static const struct command commands[] = {
    {"serve", "[--config FILE]", "run the gateway", serve},
    {"init", "[--config FILE]", "make the data folder, the database and the sealing key; keeps what is there", init},
    {"check", "[--config FILE]", "check configuration, packs, database and certificates", check},
    {"config", "", "print the configuration reference", reference},
    {"user add", "NAME --role ROLE [--name TITLE] [--config FILE]", "add or change a user; password on standard input",
     user_add},
    {"transcript verify", "FILE [--key seal.pub] [--ca ca.crt]", "is this recording what was recorded?",
     transcript_verify_command},
    {"rules check", "DIR", "check one product pack, or a folder of them", rules_check_command},
    {"rules test", "FILE|DIR", "run a pack's tests", rules_test_command},
    {"backup", "FILE [--config FILE]", "copy the database while the gateway runs", backup},
    {"audit verify", "[--config FILE]", "check the audit log's chain", audit_verify_command},
};
enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static int print_help(FILE *to) {
    fprintf(to, "fieldline-gateway: products report, alarms become tickets, sessions are recorded.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        fprintf(to, "  %s %s\n      %s\n", commands[i].words, commands[i].usage, commands[i].help);
    return to == stdout ? 0 : 2;
}

/* How many of argv's words the row's name takes; 0: another one. */
static int match(const struct command *command, int argc, char **argv) {
    char first[32];
    const char *space = strchr(command->words, ' ');
    if (!space)
        return argc >= 1 && strcmp(argv[0], command->words) == 0 ? 1 : 0;
    snprintf(first, sizeof first, "%.*s", (int)(space - command->words), command->words);
    return argc >= 2 && strcmp(argv[0], first) == 0 && strcmp(argv[1], space + 1) == 0 ? 2 : 0;
}

int command_run(int argc, char **argv) {
    if (argc < 2)
        return print_help(stderr);
    if (strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
        return print_help(stdout);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        const int words = match(&commands[i], argc - 1, argv + 1);
        if (words > 0)
            return commands[i].run(argc - 1 - words, argv + 1 + words);
    }
    fprintf(stderr, "fieldline-gateway: unknown command '%s'; try 'fieldline-gateway help'\n", argv[1]);
    return 2;
}
