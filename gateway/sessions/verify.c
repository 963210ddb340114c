/* Recomputes everything that a seal claims. The order is from the outside in, so that the sentence names the cause and
 * not a consequence: first the frames (which one is wrong), then the sums, then who signed them.
 *
 * Any thread; blocks on the disk; trusts nothing in the directory but the two keys it is given. */
#include "sessions/verify.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/json.h"
#include "fieldline/keys.h"
#include "sessions/heads.h"
#include "sessions/seal.h"
#include "sessions/transcript_reader.h"

/* A negative verdict: not an error of ours. */
static enum result against(struct verdict *v, const struct fault *fault) {
    v->is_ok = v->is_countersigned = v->is_complete = false;
    memcpy(v->text, fault->text, sizeof v->text);
    return RESULT_OK;
}

static void beside(const char *base, const char *name, char out[TRANSCRIPT_PATH_BYTES]) {
    const char *slash = strrchr(base, '/');
    int dir = slash != NULL ? (int)(slash - base) + 1 : 0;
    snprintf(out, TRANSCRIPT_PATH_BYTES, "%.*s%s", dir, base, name);
}

/* The heads that stand at the frames read so far must say what the frames say. */
static enum result check_heads_at(struct heads *heads, struct head *next, bool *has_next,
                                  const struct transcript_sums *sums, struct fault *fault) {
    uint64_t number;
    enum result result = RESULT_OK;
    while (*has_next && next->n <= sums->frames && result == RESULT_OK) {
        if (next->n != sums->frames || next->cast_bytes != sums->cast_bytes || next->jsonl_bytes != sums->jsonl_bytes ||
            memcmp(next->lines, sums->lines, SHA256_BYTES) != 0) {
            return fault_set(fault, RESULT_CORRUPT, "the frames up to %llu are not those that were signed meanwhile",
                             (unsigned long long)next->n);
        }
        result = heads_next(heads, next, &number, fault);
        *has_next = result == RESULT_OK;
    }
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result read_frames(struct transcript_reader *reader, struct heads *heads, struct verdict *v,
                               struct fault *fault) {
    struct transcript_entry entry;
    struct head next;
    uint64_t number;
    enum result result = heads_next(heads, &next, &number, fault);
    bool has_next = result == RESULT_OK;
    if (result != RESULT_OK && result != RESULT_NOT_FOUND) {
        return result;
    }
    while ((result = transcript_reader_next(reader, &entry, fault)) == RESULT_OK) {
        if (entry.line.channel == CHANNEL_CONTROL && entry.line.dir == TRANSCRIPT_UP &&
            transcript_reader_sums(reader)->up.count == 1) {
            owner_proof_read(transcript_reader_head(reader), entry.bytes, entry.count, &v->consent);
        }
        if ((result = check_heads_at(heads, &next, &has_next, transcript_reader_sums(reader), fault)) != RESULT_OK) {
            return result;
        }
    }
    if (result == RESULT_NOT_FOUND && has_next) {
        char at[32];
        clock_print(next.at_ms, at);
        return fault_set(fault, RESULT_CORRUPT, "%llu frames were there at %s, %llu are: the end was cut off",
                         (unsigned long long)next.n, at, (unsigned long long)transcript_reader_sums(reader)->frames);
    }
    return result;
}

/* Reads every frame, the signed heads in step. RESULT_CORRUPT: a verdict. */
static enum result check_frames(const struct vault *vault, const char *base, struct verdict *v,
                                struct transcript_sums *sums, struct fault *fault) {
    struct transcript_reader *reader = NULL;
    struct heads *heads = NULL;
    enum result result = transcript_reader_open(vault, base, &reader, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if ((result = heads_open(base, &heads, fault)) == RESULT_OK) {
        result = read_frames(reader, heads, v, fault);
    }
    heads_close(heads);
    *sums = *transcript_reader_sums(reader);
    v->frames = sums->frames;
    if (result == RESULT_CORRUPT) {
        v->has_bad_frame = true;
        v->bad_frame = sums->frames + 1;
    }
    transcript_reader_close(reader);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

/* Is the seal about these files? */
static enum result check_sums(const struct transcript_sums *sums, const struct seal *seal, struct fault *fault) {
    struct buf statement;
    if (strcmp(seal->session, sums->session) != 0 || strcmp(seal->device, sums->device) != 0 ||
        seal->started_ms != sums->started_ms) {
        return fault_set(fault, RESULT_CORRUPT, "the seal is about another session");
    }
    if (seal->frames != sums->frames) {
        return fault_set(fault, RESULT_CORRUPT, "the files hold %llu frames, %llu were sealed",
                         (unsigned long long)sums->frames, (unsigned long long)seal->frames);
    }
    if (seal->cast_bytes != sums->cast_bytes || seal->jsonl_bytes != sums->jsonl_bytes ||
        memcmp(seal->lines, sums->lines, SHA256_BYTES) != 0) {
        return fault_set(fault, RESULT_CORRUPT, "the files are not what was sealed: their hash chain is another");
    }
    buf_init(&statement, SEAL_STATEMENT_BYTES);
    chain_statement(sums->session, &sums->up, &sums->down, &statement);
    bool same = strcmp(buf_text(&statement), seal->statement) == 0;
    buf_fini(&statement);
    return same ? RESULT_OK : fault_set(fault, RESULT_CORRUPT, "what was said is not what was sealed");
}

/* Re-hashes both files as wholes: the seal names their SHA-256 for people with sha256sum. */
static enum result check_files(const struct vault *vault, const char *base, const struct transcript_sums *sums,
                               const struct seal *seal, struct fault *fault) {
    struct seal again;
    enum result result =
        seal_make(vault, base, sums, NULL, NULL, seal->why, seal->is_complete, seal->ended_ms, &again, fault);
    if (result == RESULT_OK && (memcmp(again.cast_sha256, seal->cast_sha256, SHA256_BYTES) != 0 ||
                                memcmp(again.jsonl_sha256, seal->jsonl_sha256, SHA256_BYTES) != 0)) {
        return fault_set(fault, RESULT_CORRUPT, "a file's SHA-256 is not the sealed one");
    }
    return result;
}

static enum result check_head_signatures(const char *base, const struct seal *seal, const struct key *key,
                                         struct fault *fault) {
    struct heads *heads = NULL;
    struct head head;
    uint8_t digest[SHA256_BYTES];
    uint64_t number;
    enum result result = heads_open(base, &heads, fault);
    if (result != RESULT_OK) {
        return result;
    }
    while ((result = heads_next(heads, &head, &number, fault)) == RESULT_OK) {
        if (!head_signature_holds(&head, seal->session, number, key)) {
            result = fault_set(fault, RESULT_CORRUPT, ".heads line %llu is not signed by the gateway's key",
                               (unsigned long long)number);
            break;
        }
    }
    heads_digest(heads, digest);
    if (result == RESULT_NOT_FOUND && seal->has_heads &&
        (heads_count(heads) != seal->heads || memcmp(digest, seal->heads_sha256, SHA256_BYTES) != 0)) {
        result = fault_set(fault, RESULT_CORRUPT, "the signed heads are not those that were sealed");
    }
    heads_close(heads);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result check_signature(const char *base, const struct verify_options *options, const struct seal *seal,
                                   struct fault *fault) {
    char path[TRANSCRIPT_PATH_BYTES];
    struct key *key = NULL;
    beside(base, "seal.pub", path);
    const char *public_path = options->seal_pub != NULL ? options->seal_pub : path;
    enum result result = key_read_public(public_path, &key, fault);
    if (result != RESULT_OK) {
        return result == RESULT_CORRUPT ? RESULT_BAD_INPUT : result;
    }
    result = seal_signature_holds(seal, key)
                 ? check_head_signatures(base, seal, key, fault)
                 : fault_set(fault, RESULT_CORRUPT, "the seal is not signed by the gateway's key %s", public_path);
    key_free(key);
    return result;
}

static enum result check_countersignature(const char *base, const struct verify_options *options,
                                          const struct seal *seal, struct fault *fault) {
    char path[TRANSCRIPT_PATH_BYTES], device[64];
    struct key *key = NULL;
    beside(base, "ca.crt", path);
    const char *ca = options->ca != NULL ? options->ca : path;
    enum result result = key_from_certificate(seal->certificate, strlen(seal->certificate), ca, &key, device, fault);
    if (result == RESULT_DENIED || result == RESULT_BAD_INPUT) {
        fault_prefix(fault, "the countersigning certificate");
        return RESULT_CORRUPT;
    }
    if (result != RESULT_OK) {
        return result;
    }
    bool holds = strcmp(device, seal->device) == 0 && key_verify(key, seal->statement, strlen(seal->statement),
                                                                 seal->countersignature, seal->countersignature_count);
    key_free(key);
    return holds ? RESULT_OK
                 : fault_set(fault, RESULT_CORRUPT, "the product %s did not countersign this: frames were changed",
                             seal->device);
}

static enum result check_all(const char *base, const struct verify_options *options, const struct transcript_sums *sums,
                             const struct seal *seal, struct fault *fault) {
    enum result result;
    if ((result = check_sums(sums, seal, fault)) == RESULT_OK &&
        (result = check_files(options->vault, base, sums, seal, fault)) == RESULT_OK &&
        (result = check_signature(base, options, seal, fault)) == RESULT_OK && seal->is_countersigned) {
        result = check_countersignature(base, options, seal, fault);
    }
    return result;
}

static void in_favour(struct verdict *v, const struct seal *seal) {
    v->is_ok = true;
    v->is_countersigned = seal->is_countersigned;
    v->is_complete = seal->is_complete;
    snprintf(v->text, sizeof v->text, "%llu frames, unchanged since they were sealed; %s%s%s",
             (unsigned long long)v->frames,
             seal->is_countersigned ? "countersigned by the product" : "not countersigned: ", seal->countersign_note,
             seal->is_complete ? "" : "; the session did not end in order");
    if (v->consent.is_signed) {
        size_t chars = strlen(v->text);
        snprintf(v->text + chars, sizeof v->text - chars, "; %.100s", v->consent.text);
    }
}

enum result transcript_verify(const char *path, const struct verify_options *options, struct verdict *out,
                              struct fault *fault) {
    char base[TRANSCRIPT_PATH_BYTES];
    struct transcript_sums sums = {0};
    struct seal seal;
    struct fault why = {""};
    *out = (struct verdict){0};
    enum result result = transcript_base(path, base, &why);
    if (result == RESULT_OK) {
        result = check_frames(options->vault, base, out, &sums, &why);
    }
    if (result == RESULT_OK) {
        memcpy(out->session, sums.session, sizeof out->session);
        memcpy(out->device, sums.device, sizeof out->device);
        out->started_ms = sums.started_ms;
        result = seal_read(base, &seal, &why);
    }
    if (result == RESULT_OK) {
        memcpy(out->why, seal.why, sizeof out->why);
        out->ended_ms = seal.ended_ms;
        seal_digest(&seal, out->digest);
        result = check_all(base, options, &sums, &seal, &why);
    }
    if (result == RESULT_OK && out->consent.is_signed && !out->consent.holds) {
        result = fault_set(&why, RESULT_CORRUPT, "%s", out->consent.text);
    }
    if (result == RESULT_OK) {
        in_favour(out, &seal);
    } else if (result == RESULT_CORRUPT) {
        result = against(out, &why);
    } else {
        (void)against(out, &why);
        (void)fault_set(fault, result, "%s", why.text);
    }
    return result;
}

enum result transcript_is_ours(const char *base, const struct key *key, const char *digest, struct fault *fault) {
    struct seal seal;
    char found[SHA256_HEX_BYTES];
    enum result result = seal_read(base, &seal, fault);
    if (result != RESULT_OK) {
        return result;
    }
    seal_digest(&seal, found);
    if (!seal_signature_holds(&seal, key)) {
        return fault_set(fault, RESULT_CORRUPT, "the seal is not signed by this gateway's own key");
    }
    return digest[0] == '\0' || strcmp(digest, found) == 0
               ? RESULT_OK
               : fault_set(fault, RESULT_CORRUPT, "this is not the seal that was made when the session ended");
}

void verdict_print(const struct verdict *v, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_bool(&j, "ok", v->is_ok);
    jo_str(&j, "text", v->text);
    jo_int(&j, "frames", (int64_t)v->frames);
    if (v->has_bad_frame) {
        jo_int(&j, "bad_frame", (int64_t)v->bad_frame);
    } else {
        jo_null(&j, "bad_frame");
    }
    jo_bool(&j, "countersigned", v->is_countersigned);
    jo_bool(&j, "complete", v->is_complete);
    jo_str(&j, "consent", v->consent.text);
    jo_str(&j, "session", v->session);
    jo_str(&j, "device", v->device);
    jo_str(&j, "why", v->why);
    jo_int(&j, "started_ms", v->started_ms);
    jo_int(&j, "ended_ms", v->ended_ms);
    jo_str(&j, "digest", v->digest[0] != '\0' ? v->digest : NULL);
    jo_end(&j);
}
