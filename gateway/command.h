/* Subcommands of fieldline-gateway: a row and a function each. Exit status 0: done; 1: it failed or the answer is no (said on
 * stderr); 2: wrong usage. */
#pragma once

struct command {
    const char *words;    /* "transcript verify" */
    const char *usage;    /* "FILE [--key seal.pub] [--ca ca.crt]" */
    const char *help;     /* one line */
    int (*run)(int argc, char **argv); /* argv[0] is what follows the words */
};
/* Runs the row that the arguments name; prints the list for "help", "--help" or nothing. */
int command_run(int argc, char **argv);

/* Options in any order: "--name value" pairs are taken out of argv. NULL: not given. */
const char *command_option(int *argc, char **argv, const char *name);
