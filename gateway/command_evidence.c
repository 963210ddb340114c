/* Copies and proofs: is the audit log whole, is the database what was written, a
 * copy of it. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

#include "store/audit.h"
#include "store/backup.h"
#include "store/integrity.h"

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

static void print_finding(void *self, const struct integrity_finding *finding) {
    if (finding->row != 0)
        printf("%s: %s row %lld: %s\n", (const char *)self, finding->table, (long long)finding->row, finding->what);
    else
        printf("%s: %s: %s\n", (const char *)self, finding->table, finding->what);
}

static int verify_file(char *path) {
    struct integrity_totals t;
    struct fault fault;
    if (integrity_verify(path, print_finding, path, &t, &fault) != RESULT_OK)
        return command_failed(&fault);
    printf("%s: %lld chunks with %lld samples, %lld tiers, %lld journal rows, %lld audit rows, "
           "%lld parts of evidence: ",
           path, (long long)t.chunks, (long long)t.samples, (long long)t.tiers, (long long)t.journal_rows,
           (long long)t.audit_rows, (long long)t.evidence_parts);
    if (t.findings == 0)
        printf("sound\n");
    else
        printf("%lld damaged\n", (long long)t.findings);
    return t.findings == 0 ? 0 : 1;
}

int command_store_verify(int argc, char **argv) {
    if (argc == 1) /* a backup, say */
        return verify_file(argv[0]);
    struct settings *settings = command_settings(&argc, argv);
    if (!settings)
        return 1;
    if (argc != 0) {
        settings_free(settings);
        return command_usage("store verify [FILE | --config FILE]");
    }
    char *path = settings_path(settings, "gateway.db");
    const int status = verify_file(path);
    free(path);
    settings_free(settings);
    return status;
}
