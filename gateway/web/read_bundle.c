/* GET /sessions/{id}/bundle: the evidence of one session (sessions/dossier.h), packed on a reader thread into memory
 * without a name and sent from there. It holds every byte of the recording, so an engineer gets only that of his own
 * sessions. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "sessions/dossier.h"
#include "web/read.h"

enum { ROW_BYTES = 64 * 1024, REPORT_BYTES = 1024 * 1024 };

struct wanted_report {
    const char *session;
    struct buf text;
};

static void keep_report(void *self, const char *session, const char *markdown, const char *digest, int64_t at_ms) {
    struct wanted_report *wanted = self;
    (void)digest, (void)at_ms;
    if (strcmp(session, wanted->session) == 0) {
        buf_str(&wanted->text, markdown);
    }
}

static enum result pack(const struct read *read, const struct session *session, int fd, int64_t *bytes,
                        struct fault *fault) {
    char player[TRANSCRIPT_PATH_BYTES];
    struct buf row;
    struct wanted_report report = {.session = session->id};
    buf_init(&row, ROW_BYTES);
    buf_init(&report.text, REPORT_BYTES);
    struct json_out j = json_out(&row);
    session_print(session, &j, NULL);
    snprintf(player, sizeof player, "%s/evidence-player.html", read->options->console_dir);
    enum result result = reader_report(read->reader, session->ticket, keep_report, &report);
    if (result == RESULT_OK || result == RESULT_NOT_FOUND) {
        const struct dossier_options options = {.vault = read->options->vault,
                                                .mask = read->options->mask,
                                                .session = session,
                                                .transcript_dir = read->options->transcript_dir,
                                                .row = buf_text(&row),
                                                .report = report.text.count > 0 ? buf_text(&report.text) : NULL,
                                                .player = player,
                                                .seal_key = read->options->seal_key,
                                                .by = read->by.name,
                                                .wall_ms = clock_wall_ms()};
        result = dossier_write(&options, fd, bytes, fault);
    }
    buf_fini(&row);
    buf_fini(&report.text);
    return result;
}

void read_bundle(struct read *read, struct response *response) {
    struct session session;
    struct fault fault = {0};
    int64_t bytes = 0;
    enum result result = reader_session(read->reader, read->request->id, &session);
    if (read_failed(read, response, result, "session")) {
        return;
    }
    if (read->by.role == ROLE_ENGINEER && strcmp(read->by.name, session.engineer) != 0) {
        response_problem(response, 403, "denied", "This is %s's session.", session.engineer);
        return;
    }
    int fd = -1;
    result = read_recording_is_ours(read, &session, &fault);
    if (result == RESULT_CORRUPT) {
        log_error("web.read", "bundle_failed", "session=%s reason=%s", session.id, log_text(fault.text));
        response_problem(response, 409, "corrupt", "%s", fault.text);
        return;
    }
    if (result == RESULT_OK) {
        fd = memfd_create("bundle", MFD_CLOEXEC);
        result = fd >= 0 ? pack(read, &session, fd, &bytes, &fault)
                         : fault_set(&fault, RESULT_IO, "no memory for the bundle: %s", strerror(errno));
    }
    if (result == RESULT_OK) {
        response->type = "application/zip";
        response->file = fd;
        response->file_bytes = bytes;
        return;
    }
    if (fd >= 0) {
        close(fd);
    }
    if (result == RESULT_NOT_FOUND) {
        response_problem(response, 404, "not_found", "session %s has no sealed recording (its state is %s)", session.id,
                         session_state_name(session.state));
        return;
    }
    if (result != RESULT_TOO_BIG) {
        log_error("web.read", "bundle_failed", "session=%s reason=%s", session.id, log_text(fault.text));
    }
    response_refuse(response, result, &fault);
}
