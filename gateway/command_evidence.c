/* Copies and proofs: is this recording what was recorded, is the audit log whole, a copy of the database. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#include "sessions/verify.h"
#include "store/audit.h"
#include "store/backup.h"

int command_transcript_verify(int argc, char **argv) {
    struct verify_options options = {.seal_pub = command_option(&argc, argv, "--key"),
                                     .ca = command_option(&argc, argv, "--ca")};
    struct verdict verdict;
    struct fault fault;
    if (argc != 1)
        return command_usage("transcript verify FILE [--key seal.pub] [--ca ca.crt]");
    if (transcript_verify(argv[0], &options, &verdict, &fault) != RESULT_OK)
        return command_failed(&fault);
    printf("%s: %s\n", argv[0], verdict.text);
    return verdict.is_ok ? 0 : 1;
}

int command_backup(int argc, char **argv) {
    struct settings *settings = command_settings(&argc, argv);
    struct fault fault;
    if (!settings)
        return 1;
    if (argc != 1) {
        settings_free(settings);
        return command_usage("backup FILE [--config FILE]");
    }
    char *path = settings_path(settings, "gateway.db");
    const enum result result = store_backup(path, argv[0], NULL, NULL, &fault);
    free(path);
    settings_free(settings);
    return result == RESULT_OK ? 0 : command_failed(&fault);
}

int command_audit_verify(int argc, char **argv) {
    struct settings *settings = command_settings(&argc, argv);
    struct audit_verdict verdict;
    struct fault fault;
    if (!settings)
        return 1;
    char *path = settings_path(settings, "gateway.db");
    const enum result result = audit_verify(path, &verdict, &fault);
    free(path);
    settings_free(settings);
    if (result != RESULT_OK)
        return command_failed(&fault);
    printf("%s\n", verdict.text);
    return verdict.is_whole ? 0 : 1;
}
