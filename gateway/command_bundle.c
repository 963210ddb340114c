/* transcript bundle: the evidence of one session as a file, for sessions of any size and when nobody can log in. Reads
 * the store and the recording beside a running gateway. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "fieldline/clock.h"
#include "sessions/dossier.h"
#include "store/reader.h"

enum { ROW_BYTES = 64 * 1024, REPORT_BYTES = 1024 * 1024 };

struct source {
    struct session session;
    struct buf row, report;
};

static void keep_report(void *self, const char *session, const char *markdown, const char *digest, int64_t at_ms) {
    struct source *source = self;
    (void)digest, (void)at_ms;
    if (strcmp(session, source->session.id) == 0)
        buf_str(&source->report, markdown);
}

static enum result read_store(const struct settings *settings, const char *id, struct source *out,
                              struct fault *fault) {
    struct reader *reader = NULL;
    char *path = settings_path(settings, "gateway.db");
    enum result result = reader_open(path, &reader, fault);
    if (result == RESULT_OK && (result = reader_session(reader, id, &out->session)) != RESULT_OK)
        fault_set(fault, result, result == RESULT_NOT_FOUND ? "there is no session %s" : "session %s cannot be read",
                  id);
    if (result == RESULT_OK) {
        struct json_out j = json_out(&out->row);
        session_print(&out->session, &j, NULL);
        const enum result found = reader_report(reader, out->session.ticket, keep_report, out);
        if (found != RESULT_OK && found != RESULT_NOT_FOUND)
            result = fault_set(fault, found, "the report of session %s cannot be read", id);
    }
    reader_close(reader);
    free(path);
    return result;
}

static enum result write_bundle(const struct settings *settings, const struct source *source, const char *out,
                                struct fault *fault) {
    char *dir = settings_path(settings, "transcripts"), *seal_key = settings_path(settings, "seal.key"),
         *master = settings_master_key(settings);
    char player[TRANSCRIPT_PATH_BYTES];
    struct vault *vault = NULL;
    struct mask *mask = NULL;
    int64_t bytes;
    int fd = -1;
    snprintf(player, sizeof player, "%s/evidence-player.html", settings->console_dir);
    enum result result = vault_open(master, settings->master_key_previous, &vault, fault);
    if (result == RESULT_OK)
        result = mask_new(settings->mask_file, &mask, fault);
    if (result == RESULT_OK && (fd = open(out, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0)
        result = fault_set(fault, RESULT_IO, "%s: %s", out, strerror(errno));
    if (result == RESULT_OK) {
        const struct dossier_options options = {.vault = vault,
                                                .mask = mask,
                                                .session = &source->session,
                                                .transcript_dir = dir,
                                                .row = (const char *)source->row.data,
                                                .report =
                                                    source->report.count > 0 ? (const char *)source->report.data : NULL,
                                                .player = player,
                                                .seal_key = seal_key,
                                                .by = "operator",
                                                .wall_ms = clock_wall_ms()};
        result = dossier_write(&options, fd, &bytes, fault);
        if (close(fd) != 0 && result == RESULT_OK)
            result = fault_set(fault, RESULT_IO, "%s: %s", out, strerror(errno));
        if (result != RESULT_OK)
            unlink(out);
    }
    mask_free(mask);
    vault_close(vault);
    free(dir);
    free(seal_key);
    free(master);
    return result;
}

int command_transcript_bundle(int argc, char **argv) {
    const char *out = command_option(&argc, argv, "--out");
    struct settings *settings = command_settings(&argc, argv);
    struct source *source = NULL;
    struct fault fault;
    if (!settings)
        return 1;
    if (argc != 1 || !out || !uuid_valid(argv[0])) {
        settings_free(settings);
        return command_usage("transcript bundle SESSION --out FILE [--config FILE]");
    }
    source = mem_alloc(sizeof *source);
    buf_init(&source->row, ROW_BYTES);
    buf_init(&source->report, REPORT_BYTES);
    enum result result = read_store(settings, argv[0], source, &fault);
    if (result == RESULT_OK)
        result = write_bundle(settings, source, out, &fault);
    if (result == RESULT_OK)
        printf("%s\n", out);
    buf_fini(&source->row);
    buf_fini(&source->report);
    free(source);
    settings_free(settings);
    return result == RESULT_OK ? 0 : command_failed(&fault);
}
