/* Which subcommand was meant, and what all of them share. */
#include "command.h"

#include <stdio.h>
#include <string.h>

struct command {
    const char *words; /* "transcript verify" */
    const char *usage; /* "FILE [--key seal.pub] [--ca ca.crt]" */
    const char *help;  /* one line */
    int (*run)(int argc, char **argv);
};

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

bool command_flag(int *argc, char **argv, const char *name) {
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], name) != 0)
            continue;
        memmove(argv + i, argv + i + 1, sizeof *argv * (size_t)(*argc - i - 1));
        --*argc;
        return true;
    }
    return false;
}

int command_usage(const char *text) {
    fprintf(stderr, "fieldline-gateway: usage: fieldline-gateway %s\n", text);
    return 2;
}

int command_failed(const struct fault *fault) {
    fprintf(stderr, "fieldline-gateway: %s\n", fault->text);
    return 1;
}

struct settings *command_settings(int *argc, char **argv) {
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

static const struct command commands[] = {
    {"serve", "[--config FILE]", "run the gateway", command_serve},
    {"init", "[--config FILE]", "make the data folder, the database and the sealing key; keeps what is there",
     command_init},
    {"check", "[--config FILE]", "check configuration, packs, database and certificates", command_check},
    {"config", "", "print the configuration reference", command_reference},
    {"user add", "NAME --role ROLE [--name TITLE] [--by USER] [--config FILE]",
     "add or change a user; password on standard input", command_user_add},
    {"user list", "[--config FILE]", "who may log in, and as what", command_user_list},
    {"user disable", "NAME [--config FILE]", "end a user's access, logins too", command_user_disable},
    {"user qualify",
     "NAME --capabilities LIST [--model MODEL] [--from DAY] [--until DAY] [--emergency] [--config FILE]",
     "trust an engineer with capabilities on a model (default: every model, for a year)", command_user_qualify},
    {"user disqualify", "ID [--config FILE]", "take a qualification back; sessions that need it end",
     command_user_disqualify},
    {"user qualifications", "[NAME] [--config FILE]", "who is qualified for what", command_user_qualifications},
    {"contract import", "FILE [--config FILE]",
     "set contracts from CSV: scope (device or site), target, customer, until, capabilities", command_contract_import},
    {"contract list", "[--config FILE]", "whose contract covers what, and until when", command_contract_list},
    {"kill-switch on", "--scope all|device|user [--target NAME] --reason TEXT [--config FILE]",
     "end remote sessions at once and let none begin", command_kill_on},
    {"kill-switch off", "ID [--config FILE]", "lift a kill switch", command_kill_off},
    {"kill-switch list", "[--config FILE]", "the kill switches that are on", command_kill_list},
    {"transcript verify", "FILE|BUNDLE [--keys DIR] [--key seal.pub] [--ca ca.crt] [--master FILE | --config FILE]",
     "is this recording what was recorded? Encrypted files need the master key", command_transcript_verify},
    {"transcript bundle", "SESSION --out FILE [--config FILE]",
     "pack everything that proves what happened into one signed zip", command_transcript_bundle},
    {"transcript show", "FILE [--master FILE | --config FILE]", "the text of a recording's file",
     command_transcript_show},
    {"transcript open-escrow", "FILE --key PRIVATE [--master FILE | --config FILE]",
     "what was typed while nothing was echoed, for who holds the escrow key", command_transcript_open_escrow},
    {"transcript rewrap", "[--config FILE]", "wrap the keys of all recordings with the current master key",
     command_transcript_rewrap},
    {"rules check", "DIR", "check one product pack, or a folder of them", command_rules_check},
    {"rules test", "FILE|DIR", "run a pack's tests", command_rules_test},
    {"rules activate", "DIR [--dry-run] [--since 7d] [--config FILE]",
     "try packs on the stored past, beside those in use, and activate them", command_rules_activate},
    {"rules history", "[--config FILE]", "which version of the rules was activated when and by whom",
     command_rules_history},
    {"rules revert", "[VERSION] [--config FILE]", "back to an earlier version; without one: to that before",
     command_rules_revert},
    {"replay",
     "--pack DIR|--expr EXPR --csv FILE|DIR... [--device ID] [--interval 10s] [--scores FILE|DIR] [--alarms FILE]",
     "run recorded data through the rules; with --store FILE|--data-dir DIR in place of --csv what a gateway has "
     "stored",
     command_replay},
    {"backup", "FILE [--config FILE]", "copy the database while the gateway runs", command_backup},
    {"store verify", "[FILE | --config FILE]", "check every stored row of the database, or of a backup",
     command_store_verify},
    {"audit verify", "[--config FILE]", "check the audit log's chain", command_audit_verify},
    {"forward", "--url https://GATEWAY --session ID --port NAME --user NAME [--listen 127.0.0.1:0]",
     "a product's port on this machine, through a session that is open", command_forward},
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
