/* Remote sessions that are or were, and their recordings (openapi.yaml: /sessions...). Reader threads; see read.h. The
 * id in the path is a UUID (the route table refuses anything else), so a file name made of it cannot leave the folder.
 * Recordings lie encrypted: their text is put together here, up to READ_RECORDING_BYTES, and sent by the edge thread in
 * small pieces; of a live session so much as there was when it was asked for. */
#include "web/read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "sessions/seal.h"
#include "sessions/transcript_copy.h"
#include "sessions/transcript_view.h"
#include "sessions/verify.h"
#include "store/recordings.h"

enum { READ_RECORDING_BYTES = 64 * 1024 * 1024 };

struct listing {
    struct read *read;
    struct json_out *out;
    enum result result;
};

/* The row, and whether its recording is there. */
static void list_session(void *self, const struct session *session) {
    struct listing *l = self;
    struct recording recording;
    enum result result = reader_recording(l->read->reader, session->id, &recording);
    if (result != RESULT_OK) {
        l->result = result;
        return;
    }
    session_print_begin(session, l->out, NULL);
    recording_print(&recording, recording_look(l->read->options->transcript_dir, session, &recording), l->out,
                    "recording");
    jo_end(l->out);
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
    struct listing listing = {.read = read, .out = &j};
    result = reader_sessions(read->reader, &wanted, list_session, &listing);
    if (!read_failed(read, response, result == RESULT_OK ? listing.result : result, "device")) {
        jo_end(&j);
        jo_end(&j);
    }
}

void read_session(struct read *read, struct response *response) {
    struct session session;
    enum result result = reader_session(read->reader, read->request->id, &session);
    if (!read_failed(read, response, result, "session")) {
        struct json_out j = read_json(response);
        struct listing listing = {.read = read, .out = &j};
        list_session(&listing, &session);
        (void)!read_failed(read, response, listing.result, "session");
    }
}

/* ---- recordings ---- */

static void recording_base(const struct read *read, char out[TRANSCRIPT_PATH_BYTES]) {
    snprintf(out, TRANSCRIPT_PATH_BYTES, "%s/%s", read->options->transcript_dir, read->request->id);
}

static void no_recording(struct response *response, const struct session *session) {
    response_problem(response, 404, "not_found", "session %s has no such recording (its state is %s)", session->id,
                     session_state_name(session->state));
}

static void refuse_recording(const struct read *read, struct response *response, const struct session *session,
                             const char *ending, enum result result, const struct fault *fault) {
    if (result == RESULT_NOT_FOUND) {
        no_recording(response, session);
        return;
    }
    if (result != RESULT_TOO_BIG) {
        log_error("web.read", "recording_unreadable", "session=%s file=%s error=%s", read->request->id, ending,
                  log_text(fault->text));
    }
    response_refuse(response, result, fault);
}

/* Into memory without a name: a decrypted recording must not come to lie on a disk. */
static void send_text(struct read *read, struct response *response, const char *ending, const char *type) {
    struct session session;
    char base[TRANSCRIPT_PATH_BYTES];
    struct fault fault = {0};
    enum result result = reader_session(read->reader, read->request->id, &session);
    if (read_failed(read, response, result, "session")) {
        return;
    }
    recording_base(read, base);
    int fd = memfd_create("recording", MFD_CLOEXEC);
    int64_t bytes = 0;
    result = fd >= 0 ? transcript_copy(read->options->vault, base, ending, fd, READ_RECORDING_BYTES, &bytes, &fault)
                     : fault_set(&fault, RESULT_IO, "no memory for the recording: %s", strerror(errno));
    if (result == RESULT_OK) {
        response->type = type;
        response->file = fd;
        response->file_bytes = bytes;
        return;
    }
    if (fd >= 0) {
        close(fd);
    }
    refuse_recording(read, response, &session, ending, result, &fault);
}

/* The same with what the mask covers. */
static void send_view(struct read *read, struct response *response, const char *ending, const char *type) {
    struct session session;
    char base[TRANSCRIPT_PATH_BYTES];
    struct fault fault = {0};
    struct buf text;
    size_t covered;
    if (read->options->mask == NULL) {
        send_text(read, response, ending, type);
        return;
    }
    enum result result = reader_session(read->reader, read->request->id, &session);
    if (read_failed(read, response, result, "session")) {
        return;
    }
    recording_base(read, base);
    buf_init(&text, READ_RECORDING_BYTES);
    result = transcript_view(read->options->vault, read->options->mask, base, ending, &text, &covered, &fault);
    if (result == RESULT_OK) {
        response->type = type;
        buf_fini(&response->body);
        response->body = text;
        return;
    }
    buf_wipe(&text);
    refuse_recording(read, response, &session, ending, result, &fault);
}

void read_cast(struct read *read, struct response *response) {
    send_view(read, response, ".cast", "application/x-asciicast");
}

void read_transcript(struct read *read, struct response *response) {
    send_view(read, response, ".jsonl", "application/jsonl");
}

void read_cast_unmasked(struct read *read, struct response *response) {
    send_text(read, response, ".cast", "application/x-asciicast");
}

void read_transcript_unmasked(struct read *read, struct response *response) {
    send_text(read, response, ".jsonl", "application/jsonl");
}

void read_seal(struct read *read, struct response *response) {
    struct session session;
    char base[TRANSCRIPT_PATH_BYTES];
    struct seal seal;
    struct fault fault = {0};
    enum result result = reader_session(read->reader, read->request->id, &session);
    if (read_failed(read, response, result, "session")) {
        return;
    }
    recording_base(read, base);
    result = seal_read(base, &seal, &fault);
    if (result == RESULT_NOT_FOUND) {
        no_recording(response, &session);
    } else if (result != RESULT_OK) {
        response_refuse(response, result, &fault);
    } else {
        response->type = "application/json";
        seal_print(&seal, &response->body);
    }
}

enum result read_recording_is_ours(const struct read *read, const struct session *session, struct fault *fault) {
    char base[TRANSCRIPT_PATH_BYTES];
    struct key *key = NULL;
    recording_base(read, base);
    enum result result = key_read_private(read->options->seal_key, &key, fault);
    if (result == RESULT_OK) {
        result = transcript_is_ours(base, key, session->digest, fault);
    }
    key_free(key);
    return result;
}

void read_verdict(struct read *read, struct response *response) {
    struct session session;
    enum result result = reader_session(read->reader, read->request->id, &session);
    if (read_failed(read, response, result, "session")) {
        return;
    }
    char base[TRANSCRIPT_PATH_BYTES];
    recording_base(read, base);
    struct verify_options options = {.vault = read->options->vault, .ca = read->options->device_ca};
    struct verdict verdict = {0};
    struct fault fault = {0};
    result = transcript_verify(base, &options, &verdict, &fault);
    if (result == RESULT_OK && verdict.is_ok) {
        result = read_recording_is_ours(read, &session, &fault);
        if (result == RESULT_CORRUPT) {
            verdict.is_ok = verdict.is_countersigned = verdict.is_complete = false;
            snprintf(verdict.text, sizeof verdict.text, "%s", fault.text);
            result = RESULT_OK;
        }
    }
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
