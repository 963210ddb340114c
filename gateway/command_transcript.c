/* Recordings on the command line: is this what was recorded, its text, its keys. Works beside a running gateway: reads
 * files only, and replaces .key files whole. */
#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/json.h"
#include "sessions/dossier.h"
#include "sessions/escrow.h"
#include "sessions/transcript_copy.h"
#include "sessions/transcript_reader.h"
#include "sessions/verify.h"

/* The keys to encrypted files: those of the configuration, or of --master. */
static enum result open_vault(const struct settings *settings, const char *master, struct vault **out,
                              struct fault *fault) {
    char *path = master ? mem_strdup(master) : settings_master_key(settings);
    const enum result result = vault_open(path, master ? NULL : settings->master_key_previous, out, fault);
    free(path);
    return result;
}

/* Is there a key file beside it? Then the text lies encrypted. */
static bool is_encrypted(const char *path) {
    char base[TRANSCRIPT_PATH_BYTES], key[TRANSCRIPT_PATH_BYTES + 8];
    if (transcript_base(path, base, NULL) != RESULT_OK)
        return false;
    snprintf(key, sizeof key, "%s.key", base);
    return access(key, F_OK) == 0;
}

static const char verify_usage[] =
    "transcript verify FILE|BUNDLE [--keys DIR] [--key seal.pub] [--ca ca.crt] [--master FILE | --config FILE]";

static int tell(const char *path, enum result result, const struct verdict *verdict, const struct fault *fault) {
    if (result != RESULT_OK)
        return command_failed(fault);
    printf("%s: %s\n", path, verdict->text);
    return verdict->is_ok ? 0 : 1;
}

static bool is_bundle(const char *path) {
    const size_t chars = strlen(path);
    return chars > 4 && strcmp(path + chars - 4, ".zip") == 0;
}

int command_transcript_verify(int argc, char **argv) {
    struct verify_options options = {.seal_pub = command_option(&argc, argv, "--key"),
                                     .ca = command_option(&argc, argv, "--ca")};
    const char *master = command_option(&argc, argv, "--master"), *keys = command_option(&argc, argv, "--keys");
    char seal_pub[TRANSCRIPT_PATH_BYTES], ca[TRANSCRIPT_PATH_BYTES];
    struct settings *settings = NULL;
    struct vault *vault = NULL;
    struct verdict verdict;
    struct fault fault;
    enum result result = RESULT_OK;
    if (argc >= 1 && !is_bundle(argv[0]) && is_encrypted(argv[0])) {
        if (!master && !(settings = command_settings(&argc, argv)))
            return 1;
        result = open_vault(settings, master, &vault, &fault);
    } else {
        (void)command_option(&argc, argv, "--config");
    }
    if (keys && !options.seal_pub && snprintf(seal_pub, sizeof seal_pub, "%s/seal.pub", keys) < (int)sizeof seal_pub)
        options.seal_pub = seal_pub;
    if (keys && !options.ca && snprintf(ca, sizeof ca, "%s/ca.crt", keys) < (int)sizeof ca)
        options.ca = ca;
    options.vault = vault;
    if (argc == 1 && result == RESULT_OK)
        result = is_bundle(argv[0]) ? dossier_verify(argv[0], keys, &verdict, &fault)
                                    : transcript_verify(argv[0], &options, &verdict, &fault);
    const int status = argc == 1 ? tell(argv[0], result, &verdict, &fault) : command_usage(verify_usage);
    vault_close(vault);
    settings_free(settings);
    return status;
}

/* "DIR/ID.cast" -> base and ".cast". */
static enum result split(const char *path, char base[TRANSCRIPT_PATH_BYTES], const char **ending, struct fault *fault) {
    const char *slash = strrchr(path, '/'), *dot = strchr(slash ? slash : path, '.');
    if (!dot || (size_t)(dot - path) >= TRANSCRIPT_PATH_BYTES)
        return fault_set(fault, RESULT_BAD_INPUT, "%s: expected <session id>.cast or .jsonl", path);
    memcpy(base, path, (size_t)(dot - path));
    base[dot - path] = '\0';
    *ending = dot;
    return RESULT_OK;
}

int command_transcript_show(int argc, char **argv) {
    const char *master = command_option(&argc, argv, "--master"), *ending = "";
    struct settings *settings = master ? NULL : command_settings(&argc, argv);
    struct vault *vault = NULL;
    char base[TRANSCRIPT_PATH_BYTES];
    struct fault fault;
    int64_t bytes;
    if (!master && !settings)
        return 1;
    if (argc != 1) {
        settings_free(settings);
        return command_usage("transcript show FILE [--master FILE | --config FILE]");
    }
    enum result result = split(argv[0], base, &ending, &fault);
    if (result == RESULT_OK)
        result = open_vault(settings, master, &vault, &fault);
    if (result == RESULT_OK)
        result = transcript_copy(vault, base, ending, STDOUT_FILENO, INT64_MAX, &bytes, &fault);
    vault_close(vault);
    settings_free(settings);
    return result == RESULT_OK ? 0 : command_failed(&fault);
}

int command_transcript_rewrap(int argc, char **argv) {
    struct settings *settings = command_settings(&argc, argv);
    struct vault *vault = NULL;
    struct vault_rewrap counts = {0};
    struct fault fault;
    if (!settings)
        return 1;
    if (argc != 0) {
        settings_free(settings);
        return command_usage("transcript rewrap [--config FILE]");
    }
    char *dir = settings_path(settings, "transcripts");
    enum result result = open_vault(settings, NULL, &vault, &fault);
    if (result == RESULT_OK) {
        result = vault_rewrap_all(vault, dir, &counts, &fault);
        printf("%" PRIu64 " keys wrapped with the current master key, %" PRIu64 " were already\n", counts.rewrapped,
               counts.current);
    }
    vault_close(vault);
    free(dir);
    settings_free(settings);
    return result == RESULT_OK ? 0 : command_failed(&fault);
}

static enum result print_escrow(const struct box_key *key, const struct vault *vault, const char *path,
                                struct fault *fault) {
    char base[TRANSCRIPT_PATH_BYTES];
    struct transcript_reader *reader = NULL;
    struct transcript_entry entry;
    struct buf text, quoted;
    enum result result = transcript_base(path, base, fault);
    if (result == RESULT_OK)
        result = transcript_reader_open(vault, base, &reader, fault);
    if (result != RESULT_OK)
        return result;
    buf_init(&text, CAP_FRAME_BYTES);
    buf_init(&quoted, TRANSCRIPT_LINE_BYTES);
    while (result == RESULT_OK && (result = transcript_reader_next(reader, &entry, fault)) == RESULT_OK) {
        if (!entry.line.has_leaf || !entry.line.escrow)
            continue;
        buf_reset(&text);
        buf_reset(&quoted);
        result = escrow_open(key, transcript_reader_head(reader)->session, &entry.line, &text, fault);
        if (result == RESULT_OK) {
            json_quote(&quoted, buf_text(&text), text.count);
            printf("frame %" PRIu64 "  %" PRId64 " ms  %s  %s\n", entry.line.n, entry.line.t_ms, entry.line.by,
                   buf_text(&quoted));
        }
    }
    buf_wipe(&text);
    buf_wipe(&quoted);
    transcript_reader_close(reader);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

int command_transcript_open_escrow(int argc, char **argv) {
    const char *master = command_option(&argc, argv, "--master"), *path = command_option(&argc, argv, "--key");
    struct settings *settings = NULL;
    struct vault *vault = NULL;
    struct box_key *key = NULL;
    struct fault fault;
    enum result result = RESULT_OK;
    const bool is_sealed = argc >= 1 && is_encrypted(argv[0]);
    if (is_sealed && !master && !(settings = command_settings(&argc, argv)))
        return 1;
    if (argc != 1 || !path) {
        settings_free(settings);
        return command_usage("transcript open-escrow FILE --key PRIVATE [--master FILE | --config FILE]");
    }
    if (is_sealed)
        result = open_vault(settings, master, &vault, &fault);
    if (result == RESULT_OK)
        result = box_key_read_private(path, &key, &fault);
    if (result == RESULT_OK)
        result = print_escrow(key, vault, argv[0], &fault);
    box_key_free(key);
    vault_close(vault);
    settings_free(settings);
    return result == RESULT_OK ? 0 : command_failed(&fault);
}
