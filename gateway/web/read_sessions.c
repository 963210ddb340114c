/* Remote sessions that are or were, and their recordings (openapi.yaml: /sessions...). Reader threads; see read.h. The
 * id in the path is a UUID (the route table refuses anything else), so a file name made of it cannot leave the folder.
 * Files are opened here and sent by the edge thread in small pieces; a live session's file is sent up to where it was
 * when it was asked for. */
#include "web/read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "sessions/verify.h"

static void list_session(void *self, const struct session *session) {
    session_print(session, self, NULL);
}

/* What a session may wait for. */
static bool read_waits(const char *text, enum session_filter *out) {
    static const struct {
        const char *text;
        enum session_filter filter;
    } rows[] = {{"approval", SESSIONS_AWAITING_APPROVAL}, {"review", SESSIONS_UNREVIEWED}};
    for (size_t i = 0; text != NULL && i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(text, rows[i].text) == 0) {
            *out = rows[i].filter;
            return true;
        }
    }
    return text == NULL;
}

void read_sessions(struct read *read, struct response *response) {
    const struct query *query = &read->request->query;
    struct fault fault;
    int64_t limit;
    enum result result = query_integer(query, "limit", 1, 500, 100, &limit, &fault);
    if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
        return;
    }
    struct session_query wanted = {.device = query_text(query, "device"), .limit = (int)limit};
    if (!read_waits(query_text(query, "waits"), &wanted.filter)) {
        response_problem(response, 400, "bad_input", "'waits' is not approval or review");
        return;
    }
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_array(&j, "items");
    if (!read_failed(read, response, reader_sessions(read->reader, &wanted, list_session, &j), "device")) {
        jo_end(&j);
        jo_end(&j);
    }
}

void read_session(struct read *read, struct response *response) {
    struct session session;
    enum result result = reader_session(read->reader, read->request->id, &session);
    if (!read_failed(read, response, result, "session")) {
        struct json_out j = read_json(response);
        session_print(&session, &j, NULL);
    }
}

/* ---- recordings ---- */

static void recording_path(const struct read *read, const char *extension, char *out, size_t room) {
    snprintf(out, room, "%s/%s%s", read->options->transcript_dir, read->request->id, extension);
}

static void send_recording(struct read *read, struct response *response, const char *extension, const char *type) {
    struct session session;
    enum result result = reader_session(read->reader, read->request->id, &session);
    if (read_failed(read, response, result, "session")) {
        return;
    }
    char path[TRANSCRIPT_PATH_BYTES];
    recording_path(read, extension, path, sizeof path);
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
        if (errno != ENOENT) {
            log_error("web.read", "recording_unreadable", "session=%s file=%s error=%s", read->request->id, extension,
                      log_text(strerror(errno)));
        }
        response_problem(response, 404, "not_found", "session %s has no such recording (its state is %s)", session.id,
                         session_state_name(session.state));
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    response->type = type;
    response->file = fd;
    response->file_bytes = st.st_size;
}

void read_cast(struct read *read, struct response *response) {
    send_recording(read, response, ".cast", "application/x-asciicast");
}

void read_transcript(struct read *read, struct response *response) {
    send_recording(read, response, ".jsonl", "application/jsonl");
}

void read_seal(struct read *read, struct response *response) {
    send_recording(read, response, ".seal", "application/json");
}

void read_verdict(struct read *read, struct response *response) {
    struct session session;
    enum result result = reader_session(read->reader, read->request->id, &session);
    if (read_failed(read, response, result, "session")) {
        return;
    }
    char path[TRANSCRIPT_PATH_BYTES];
    recording_path(read, ".jsonl", path, sizeof path);
    struct verify_options options = {.ca = read->options->device_ca};
    struct verdict verdict = {0};
    struct fault fault = {0};
    result = transcript_verify(path, &options, &verdict, &fault);
    if (result == RESULT_NOT_FOUND) {
        response_problem(response, 404, "not_found", "session %s has no sealed recording (its state is %s)", session.id,
                         session_state_name(session.state));
    } else if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
    } else {
        response->type = "application/json";
        verdict_print(&verdict, &response->body);
    }
}
