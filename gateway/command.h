/* Subcommands of fieldline-gateway: a row and a function each. Exit status 0: done; 1: it failed or the answer is no
 * (said on stderr); 2: wrong usage. */
#pragma once
#include "settings.h"

/* Runs the row that the arguments name; prints the list for "help", "--help" or nothing. */
int command_run(int argc, char **argv);

/* The rows' functions; argv[0] is what follows the command's words. */
int command_serve(int argc, char **argv);
int command_init(int argc, char **argv);
int command_check(int argc, char **argv);
int command_reference(int argc, char **argv);
int command_user_add(int argc, char **argv);
int command_user_list(int argc, char **argv);
int command_user_disable(int argc, char **argv);
int command_user_qualify(int argc, char **argv);
int command_user_disqualify(int argc, char **argv);
int command_user_qualifications(int argc, char **argv);
int command_contract_import(int argc, char **argv);
int command_contract_list(int argc, char **argv);
int command_kill_on(int argc, char **argv);
int command_kill_off(int argc, char **argv);
int command_kill_list(int argc, char **argv);
int command_transcript_verify(int argc, char **argv);
int command_transcript_show(int argc, char **argv);
int command_transcript_rewrap(int argc, char **argv);
int command_transcript_bundle(int argc, char **argv);
int command_transcript_open_escrow(int argc, char **argv);
int command_rules_check(int argc, char **argv);
int command_rules_test(int argc, char **argv);
int command_rules_activate(int argc, char **argv);
int command_rules_history(int argc, char **argv);
int command_rules_revert(int argc, char **argv);
int command_replay(int argc, char **argv);
int command_backup(int argc, char **argv);
int command_audit_verify(int argc, char **argv);
int command_store_verify(int argc, char **argv);
int command_forward(int argc, char **argv);

/* For them. Options stand anywhere: the pair is taken out of argv. NULL: not given. */
const char *command_option(int *argc, char **argv, const char *name);
bool command_flag(int *argc, char **argv, const char *name); /* was it there? It is taken out */
int command_usage(const char *text);                         /* says it; 2 */
int command_failed(const struct fault *fault);               /* says it; 1 */
/* Reads the file of --config; NULL when that has problems, which were said. */
struct settings *command_settings(int *argc, char **argv);

/* `replay` over a store: its options as they were typed. One of store and data_dir is given. */
struct command_store_replay {
    const char *pack, *against, *store, *data_dir, *model, *device, *since, *alarms;
};
int command_replay_store(const struct command_store_replay *c);
struct packs;
struct packs *command_packs(const char *dir); /* NULL: they have problems, which were said */
