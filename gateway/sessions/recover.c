/* Recordings that a crash of the gateway left without a seal. Runs once at the start, before the edge thread opens any.
 *
 * A frame was relayed only after both of its lines had been written, so what is whole is what was relayed, plus at most
 * one frame that was not. The rest, a torn line or (after a power cut) lines whose other file came to the disk later,
 * is cut off and kept aside as ID.torn: nothing is thrown away, nothing unverifiable stays. The note that says so is
 * the gateway's own frame, and the seal says "not complete" and "not countersigned". */
#include "sessions/recover.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "sessions/heads.h"
#include "sessions/record.h"
#include "sessions/seal.h"
#include "sessions/transcript_reader.h"

#define WHY "gateway_crashed"

/* Moves what is in `ending` beyond `text_bytes` of text to the end of ID.torn, as it lies on the disk. */
static enum result cut(const struct vault *vault, const char *base, const char *ending, uint64_t text_bytes,
                       uint64_t *cut_bytes, struct fault *fault) {
    uint64_t good;
    char path[TRANSCRIPT_PATH_BYTES + 8], torn[TRANSCRIPT_PATH_BYTES + 8], block[4096];
    enum result result = vault_file_offset(vault, base, ending, text_bytes, &good, fault);
    int keep = -1;
    ssize_t n = 0;
    snprintf(path, sizeof path, "%s%s", base, ending);
    snprintf(torn, sizeof torn, "%s.torn", base);
    *cut_bytes = 0;
    if (result != RESULT_OK) {
        return result;
    }
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || lseek(fd, (off_t)good, SEEK_SET) < 0) {
        goto failed;
    }
    while ((n = read(fd, block, sizeof block)) > 0) {
        if (keep < 0 && (keep = open(torn, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0) {
            goto failed;
        }
        if (write(keep, block, (size_t)n) != n) {
            goto failed;
        }
        *cut_bytes += (uint64_t)n;
    }
    if (n < 0 || (keep >= 0 && fsync(keep) != 0) || (*cut_bytes > 0 && ftruncate(fd, (off_t)good) != 0)) {
        goto failed;
    }
    goto out;
failed:
    result = fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
out:
    if (fd >= 0) {
        close(fd);
    }
    if (keep >= 0) {
        close(keep);
    }
    return result;
}

static enum result read_good(const struct vault *vault, const char *base, struct transcript_head *head,
                             struct transcript_sums *sums, struct fault *fault) {
    struct transcript_reader *reader = NULL;
    struct transcript_entry entry;
    enum result result = transcript_reader_open(vault, base, &reader, fault);
    if (result != RESULT_OK) {
        return result;
    }
    while ((result = transcript_reader_next(reader, &entry, fault)) == RESULT_OK) {
    }
    *head = *transcript_reader_head(reader);
    *sums = *transcript_reader_sums(reader);
    transcript_reader_close(reader);
    return result == RESULT_NOT_FOUND || result == RESULT_CORRUPT ? RESULT_OK : result;
}

/* How many frames the heads promise beyond those that are there; cuts a torn last head. */
static enum result count_missing(const char *base, const struct transcript_sums *sums, uint64_t *missing,
                                 struct fault *fault) {
    struct heads *heads = NULL;
    struct head head;
    uint64_t number, cut_bytes, n = 0;
    enum result result = heads_open(base, &heads, fault);
    if (result != RESULT_OK) {
        return result;
    }
    while ((result = heads_next(heads, &head, &number, fault)) == RESULT_OK) {
        n = head.n;
    }
    uint64_t good = heads_bytes(heads);
    heads_close(heads);
    *missing = n > sums->frames ? n - sums->frames : 0;
    return result == RESULT_CORRUPT ? cut(NULL, base, ".heads", good, &cut_bytes, fault) : RESULT_OK;
}

/* Until when the product went on, nobody here knows. */
static enum result add_hole(struct record *record, int64_t t_ms, uint64_t missing, struct fault *fault) {
    char note[320];
    int chars =
        snprintf(note, sizeof note,
                 "{\"jsonrpc\":\"2.0\",\"method\":\"transcript.hole\",\"params\":{\"from_ms\":%lld,\"to_ms\":%lld,"
                 "\"text\":\"The gateway stopped unexpectedly; what the product did after this moment is not "
                 "recorded.%s\"}}",
                 (long long)t_ms, (long long)t_ms,
                 missing > 0 ? " Frames that had been recorded before it are missing too." : "");
    return record_note(record, note, (size_t)chars, t_ms, fault);
}

/* Appends the notes, and the cast's header when there was none. */
static enum result add_note(struct record *record, uint64_t cut_cast, uint64_t cut_jsonl, uint64_t missing,
                            struct fault *fault) {
    char note[250];
    int64_t t_ms = record_sums(record)->last_t_ms;
    int chars = snprintf(note, sizeof note,
                         "{\"jsonrpc\":\"2.0\",\"method\":\"transcript.recovered\",\"params\":{\"why\":\"" WHY
                         "\",\"cut_cast_bytes\":%llu,\"cut_jsonl_bytes\":%llu,\"missing_frames\":%llu}}",
                         (unsigned long long)cut_cast, (unsigned long long)cut_jsonl, (unsigned long long)missing);
    enum result result = record_note(record, note, (size_t)chars, t_ms, fault);
    if (result == RESULT_OK) {
        result = add_hole(record, t_ms, missing, fault);
    }
    return result == RESULT_OK ? record_finish(record, t_ms, fault) : result;
}

enum result transcript_recover(const struct vault *vault, const char *dir, const char *session,
                               const struct key *seal_key, int64_t wall_ms, struct session_event *event,
                               struct fault *fault) {
    char base[TRANSCRIPT_PATH_BYTES];
    struct transcript_head head;
    struct transcript_sums sums;
    struct record *record = NULL;
    struct seal seal;
    uint64_t cut_cast = 0, cut_jsonl = 0, missing = 0;
    enum result result;
    if (snprintf(base, sizeof base, "%s/%s", dir, session) >= (int)sizeof base - 8) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", dir);
    }
    if ((result = read_good(vault, base, &head, &sums, fault)) != RESULT_OK ||
        (result = count_missing(base, &sums, &missing, fault)) != RESULT_OK ||
        (result = cut(vault, base, ".cast", sums.cast_bytes, &cut_cast, fault)) != RESULT_OK ||
        (result = cut(vault, base, ".jsonl", sums.jsonl_bytes, &cut_jsonl, fault)) != RESULT_OK ||
        (result = record_resume(vault, base, &head, &sums, &record, fault)) != RESULT_OK) {
        return result;
    }
    int64_t ended_ms = sums.started_ms + sums.last_t_ms;
    if ((result = add_note(record, cut_cast, cut_jsonl, missing, fault)) == RESULT_OK &&
        (result = seal_make(vault, base, record_sums(record), NULL, NULL, WHY, false, ended_ms, &seal, fault)) ==
            RESULT_OK &&
        (result = seal_write(&seal, base, seal_key, fault)) == RESULT_OK) {
        *event = (struct session_event){
            .kind = SESSION_EVENT_ENDED, .at_ms = wall_ms, .why = WHY, .frames = (int64_t)seal.frames};
        seal_digest(&seal, event->digest);
        if (missing > 0) {
            snprintf(event->text, sizeof event->text,
                     "%llu frames that were recorded and signed are missing at the end of the recording.",
                     (unsigned long long)missing);
        }
    }
    record_close(record);
    return result;
}

static bool is_unsealed(const char *dir, const char *name, char session[CAP_UUID_BYTES + 1]) {
    char seal[TRANSCRIPT_PATH_BYTES + 8];
    if (strlen(name) != CAP_UUID_BYTES + sizeof ".jsonl" - 1 || strcmp(name + CAP_UUID_BYTES, ".jsonl") != 0) {
        return false;
    }
    memcpy(session, name, CAP_UUID_BYTES);
    session[CAP_UUID_BYTES] = '\0';
    snprintf(seal, sizeof seal, "%s/%s.seal", dir, session);
    return uuid_valid(session) && access(seal, F_OK) != 0;
}

enum result transcript_recover_all(const struct vault *vault, const char *dir, const struct key *seal_key,
                                   int64_t wall_ms, const struct recover_calls *calls, struct fault *fault) {
    enum result first = RESULT_OK;
    DIR *entries = opendir(dir);
    if (entries == NULL) {
        return fault_set(fault, RESULT_IO, "%s: %s", dir, strerror(errno));
    }
    for (struct dirent *e; (e = readdir(entries)) != NULL;) {
        char session[CAP_UUID_BYTES + 1];
        struct session_event event = {0};
        struct fault why = {""};
        if (!is_unsealed(dir, e->d_name, session)) {
            continue;
        }
        if (calls->may_seal != NULL && !calls->may_seal(calls->self, session)) {
            log_error("gateway.sessions", "seal_missing", "session=%s", session);
            continue;
        }
        enum result result = transcript_recover(vault, dir, session, seal_key, wall_ms, &event, &why);
        if (result == RESULT_OK) {
            log_warn("gateway.sessions", "transcript_recovered", "session=%s frames=%lld", session,
                     (long long)event.frames);
            if (calls->each != NULL) {
                calls->each(calls->self, session, &event);
            }
            continue;
        }
        log_error("gateway.sessions", "transcript_unrecovered", "session=%s reason=%s", session, log_text(why.text));
        if (first == RESULT_OK) {
            first = fault_set(fault, result, "%s", why.text);
        }
    }
    closedir(entries);
    return first;
}
