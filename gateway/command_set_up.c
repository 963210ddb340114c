/* What an operator types before the first start and after each change: init, check, config; and rules check and test.
 */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "foreign.h"
#include "gateway.h"
#include "rules/check.h"
#include "sessions/mask.h"
#include "sessions/vault.h"
#include "store/backup.h"
#include "web/revocation.h"

int command_init(int argc, char **argv) {
    struct settings *settings = command_settings(&argc, argv);
    struct fault fault;
    if (!settings)
        return 1;
    const enum result result = gateway_init(settings, &fault);
    if (result == RESULT_OK)
        printf("%s is ready. Next: fieldline-gateway user add NAME --role administrator\n", settings->data_dir);
    settings_free(settings);
    return result == RESULT_OK ? 0 : command_failed(&fault);
}

int command_check(int argc, char **argv) {
    struct settings *settings = command_settings(&argc, argv);
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
        buf_printf(&report, "%s\n", fault.text);
        status = 1;
    }
    char *seal_key = settings_path(settings, "seal.key"), *master_key = settings_master_key(settings);
    struct vault *vault = NULL;
    struct box_key *escrow = NULL;
    struct mask *mask = NULL;
    struct revocation *revocation = NULL;
    const char *const files[] = {seal_key,           settings->broker_ca, settings->broker_cert, settings->broker_key,
                                 settings->web_cert, settings->web_key,   settings->device_ca,   settings->console_dir};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        if (access(files[i], R_OK) != 0) {
            buf_printf(&report, "%s: %s\n", files[i], strerror(errno));
            status = 1;
        }
    }
    if (vault_open(master_key, settings->master_key_previous, &vault, &fault) != RESULT_OK) {
        buf_printf(&report, "%s\n", fault.text);
        status = 1;
    }
    if (settings->device_crl &&
        revocation_open(settings->device_crl, settings->device_ca, clock_wall_ms(), &revocation, &fault) != RESULT_OK) {
        buf_printf(&report, "%s\n", fault.text);
        status = 1;
    }
    if (settings->escrow_key && box_key_read_public(settings->escrow_key, &escrow, &fault) != RESULT_OK) {
        buf_printf(&report, "%s\n", fault.text);
        status = 1;
    }
    if (mask_new(settings->mask_file, &mask, &fault) != RESULT_OK) {
        buf_printf(&report, "%s\n", fault.text);
        status = 1;
    }
    mask_free(mask);
    revocation_free(revocation);
    box_key_free(escrow);
    vault_close(vault);
    free(master_key);
    if (settings->adapters_enabled && foreign_check(settings, &report) != RESULT_OK)
        status = 1;
    buf_str(&report, status == 0 ? "The configuration is sound.\n" : "");
    fputs(buf_text(&report), status == 0 ? stdout : stderr);
    free(path);
    free(seal_key);
    buf_fini(&report);
    settings_free(settings);
    return status;
}

int command_reference(int argc, char **argv) {
    struct buf text;
    (void)argc;
    (void)argv;
    buf_init(&text, 64 * 1024);
    settings_print_reference(&text);
    fputs(buf_text(&text), stdout);
    buf_fini(&text);
    return 0;
}

int command_rules_check(int argc, char **argv) {
    struct buf report;
    if (argc != 1)
        return command_usage("rules check DIR");
    buf_init(&report, 256 * 1024);
    const enum result result = pack_check(argv[0], &report);
    fputs(buf_text(&report), result == RESULT_OK ? stdout : stderr);
    buf_fini(&report);
    return result == RESULT_OK ? 0 : 1;
}

int command_rules_test(int argc, char **argv) {
    struct buf report;
    int good = 0, bad = 0;
    if (argc != 1)
        return command_usage("rules test FILE|DIR");
    buf_init(&report, 1024 * 1024);
    const enum result result = rules_test(argv[0], &report, &good, &bad);
    fputs(buf_text(&report), stdout);
    printf("%d passed, %d failed\n", good, bad);
    buf_fini(&report);
    return result == RESULT_OK && bad == 0 ? 0 : 1;
}
