/* Seals: what a transcript was when its session was over, signed by the gateway, countersigned by the product.
 *
 * Two signatures because there are two liars to fear. The gateway's covers every byte of both files, so nobody else can
 * change one. The product's covers only what went through its own hands, which is why the gateway itself cannot change
 * that. Runs on the edge thread (sealing) or on any other (reading).
 *
 * The text is JSON so that everybody can read it, in one rigid spelling so that nothing in it can be varied: the reader
 * prints what it understood and compares. A detached signature file was left: one file less to lose. */
#include "sessions/seal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/digest.h"
#include "fieldline/json.h"
#include "sessions/heads.h"

#define SEAL_FORMAT   "fieldline.seal.2"
#define SEAL_FORMAT_1 "fieldline.seal.1" /* without heads */

/* ---- printing ---------------------------------------------------------------------------------------------------- */

static void line_raw(struct buf *out, const char *key, const char *json) {
    buf_printf(out, "\"%s\":%s,\n", key, json);
}

static void line_text(struct buf *out, const char *key, const char *text) {
    buf_printf(out, "\"%s\":", key);
    json_quote(out, text, strlen(text));
    buf_str(out, ",\n");
}

static void line_int(struct buf *out, const char *key, uint64_t value) {
    char number[24];
    snprintf(number, sizeof number, "%llu", (unsigned long long)value);
    line_raw(out, key, number);
}

static void line_hash(struct buf *out, const char *key, const uint8_t hash[SHA256_BYTES]) {
    char hex[SHA256_HEX_BYTES];
    hex_encode(hash, SHA256_BYTES, hex);
    line_text(out, key, hex);
}

static void line_base64(struct buf *out, const char *key, const uint8_t *bytes, size_t count) {
    buf_printf(out, "\"%s\":\"", key);
    base64url_encode(bytes, count, out);
    buf_str(out, "\",\n");
}

/* Everything that the signature covers. */
static void print_body(const struct seal *s, struct buf *out) {
    buf_str(out, "{\n");
    line_text(out, "seal", s->has_heads ? SEAL_FORMAT : SEAL_FORMAT_1);
    line_text(out, "session", s->session);
    line_text(out, "device", s->device);
    line_int(out, "started_ms", (uint64_t)s->started_ms);
    line_int(out, "ended_ms", (uint64_t)s->ended_ms);
    line_text(out, "why", s->why);
    line_int(out, "cast_bytes", s->cast_bytes);
    line_hash(out, "cast_sha256", s->cast_sha256);
    line_int(out, "jsonl_bytes", s->jsonl_bytes);
    line_hash(out, "jsonl_sha256", s->jsonl_sha256);
    line_int(out, "frames", s->frames);
    line_hash(out, "lines", s->lines);
    if (s->has_heads) {
        line_int(out, "heads", s->heads);
        line_hash(out, "heads_sha256", s->heads_sha256);
    }
    line_text(out, "statement", s->statement);
    line_raw(out, "complete", s->is_complete ? "true" : "false");
    line_text(out, "gateway_key", s->gateway_key);
    line_raw(out, "countersigned", s->is_countersigned ? "true" : "false");
    line_text(out, "countersign_note", s->countersign_note);
    line_base64(out, "countersignature", s->countersignature, s->countersignature_count);
    line_text(out, "certificate", s->certificate);
}

void seal_print(const struct seal *s, struct buf *out) {
    print_body(s, out);
    buf_str(out, "\"signature\":\"");
    base64url_encode(s->signature, sizeof s->signature, out);
    buf_str(out, "\"\n}\n");
}

void seal_digest(const struct seal *seal, char out[SHA256_HEX_BYTES]) {
    uint8_t hash[SHA256_BYTES];
    struct buf body;
    buf_init(&body, SEAL_BYTES);
    print_body(seal, &body);
    sha256(body.data, body.count, hash);
    hex_encode(hash, sizeof hash, out);
    buf_fini(&body);
}

/* ---- making ------------------------------------------------------------------------------------------------------ */

/* Of the text, whatever lies on the disk: a decrypted copy has the same digest. */
static enum result hash_file(const struct vault *vault, const char *base, const char *ending, uint64_t expected_bytes,
                             uint8_t out[SHA256_BYTES], struct fault *fault) {
    struct vault_stream *stream = NULL;
    const uint8_t *bytes;
    uint64_t total = 0;
    size_t count;
    enum result result = vault_stream_open(vault, base, ending, &stream, fault);
    if (result != RESULT_OK) {
        return result;
    }
    struct digest *digest = digest_new();
    while ((result = vault_stream_next(stream, &bytes, &count, fault)) == RESULT_OK) {
        digest_add(digest, bytes, count);
        total += count;
    }
    digest_end(digest, out);
    vault_stream_close(stream);
    if (result != RESULT_NOT_FOUND) {
        return result;
    }
    return total == expected_bytes ? RESULT_OK
                                   : fault_set(fault, RESULT_CORRUPT, "%s%s has %llu bytes, %llu were written", base,
                                               ending, (unsigned long long)total, (unsigned long long)expected_bytes);
}

/* Those that can be read: the rest is no head and shows as that. */
static enum result count_heads(const char *base, struct seal *s, struct fault *fault) {
    struct heads *heads = NULL;
    struct head head;
    uint64_t number;
    enum result result = heads_open(base, &heads, fault);
    if (result != RESULT_OK) {
        return result;
    }
    while (heads_next(heads, &head, &number, NULL) == RESULT_OK) {
    }
    s->heads = heads_count(heads);
    heads_digest(heads, s->heads_sha256);
    heads_close(heads);
    s->has_heads = true;
    return RESULT_OK;
}

/* Why the product's signature does not hold, or NULL: it does, and is in the seal. */
static const char *check_countersign(const struct countersign *c, struct seal *s) {
    struct key *key = NULL;
    char device[64];
    const char *why = NULL;
    struct buf signature;
    buf_init(&signature, SEAL_SIGNATURE_BYTES);
    if (c == NULL || c->text == NULL || c->signature == NULL) {
        why = "the product sent no countersignature";
    } else if (c->certificate == NULL || strlen(c->certificate) >= SEAL_CERTIFICATE_BYTES) {
        why = "the product's certificate is not known";
    } else if (strcmp(c->text, s->statement) != 0) {
        why = "the product has seen other frames than were recorded";
    } else if (!base64url_decode(c->signature, strlen(c->signature), &signature)) {
        why = "the product's signature cannot be read";
    } else if (key_from_certificate(c->certificate, strlen(c->certificate), NULL, &key, device, NULL) != RESULT_OK) {
        why = "the product's certificate cannot be read";
    } else if (strcmp(device, s->device) != 0) {
        why = "the certificate is another product's";
    } else if (!key_verify(key, s->statement, strlen(s->statement), signature.data, signature.count)) {
        why = "the product's signature is wrong";
    } else {
        memcpy(s->countersignature, signature.data, signature.count);
        s->countersignature_count = signature.count;
        snprintf(s->certificate, sizeof s->certificate, "%s", c->certificate);
    }
    key_free(key);
    buf_fini(&signature);
    return why;
}

static enum result hash_texts(const struct vault *vault, const char *base, const struct seal_texts *texts,
                              struct seal *s, struct fault *fault) {
    if (texts != NULL) {
        memcpy(s->cast_sha256, texts->cast_sha256, SHA256_BYTES);
        memcpy(s->jsonl_sha256, texts->jsonl_sha256, SHA256_BYTES);
        return RESULT_OK;
    }
    enum result result = hash_file(vault, base, ".cast", s->cast_bytes, s->cast_sha256, fault);
    return result == RESULT_OK ? hash_file(vault, base, ".jsonl", s->jsonl_bytes, s->jsonl_sha256, fault) : result;
}

enum result seal_make(const struct vault *vault, const char *base, const struct transcript_sums *sums,
                      const struct seal_texts *texts, const struct countersign *countersign, const char *why,
                      bool is_complete, int64_t ended_ms, struct seal *out, struct fault *fault) {
    struct seal s = {.started_ms = sums->started_ms,
                     .ended_ms = ended_ms,
                     .cast_bytes = sums->cast_bytes,
                     .jsonl_bytes = sums->jsonl_bytes,
                     .frames = sums->frames,
                     .is_complete = is_complete};
    struct buf statement;
    enum result result;
    if ((result = hash_texts(vault, base, texts, &s, fault)) != RESULT_OK ||
        (result = count_heads(base, &s, fault)) != RESULT_OK) {
        return result;
    }
    memcpy(s.session, sums->session, sizeof s.session);
    memcpy(s.device, sums->device, sizeof s.device);
    memcpy(s.lines, sums->lines, sizeof s.lines);
    snprintf(s.why, sizeof s.why, "%s", why);
    buf_init(&statement, SEAL_STATEMENT_BYTES);
    chain_statement(sums->session, &sums->up, &sums->down, &statement);
    snprintf(s.statement, sizeof s.statement, "%s", buf_text(&statement));
    buf_fini(&statement);
    const char *problem = check_countersign(countersign, &s);
    s.is_countersigned = problem == NULL;
    snprintf(s.countersign_note, sizeof s.countersign_note, "%s", problem != NULL ? problem : "");
    *out = s;
    return RESULT_OK;
}

static enum result write_new(const char *base, const struct buf *text, struct fault *fault) {
    char path[TRANSCRIPT_PATH_BYTES + 8], temporary[TRANSCRIPT_PATH_BYTES + 16], dir[TRANSCRIPT_PATH_BYTES];
    enum result result = RESULT_OK;
    snprintf(path, sizeof path, "%s.seal", base);
    snprintf(temporary, sizeof temporary, "%s.seal.tmp", base);
    snprintf(dir, sizeof dir, "%.*s", (int)(strlen(base) - CAP_UUID_BYTES), base);
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int dir_fd = open(dir[0] != '\0' ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 || dir_fd < 0 || write(fd, text->data, text->count) != (ssize_t)text->count || fsync(fd) != 0) {
        result = fault_set(fault, RESULT_IO, "%s: %s", temporary, strerror(errno));
    } else if (link(temporary, path) != 0) { /* rename would replace a seal that is there */
        result = fault_set(fault, errno == EEXIST ? RESULT_CONFLICT : RESULT_IO, "%s: %s", path, strerror(errno));
    } else if (fsync(dir_fd) != 0) {
        result = fault_set(fault, RESULT_IO, "%s: %s", dir, strerror(errno));
    }
    unlink(temporary);
    if (fd >= 0) {
        close(fd);
    }
    if (dir_fd >= 0) {
        close(dir_fd);
    }
    return result;
}

enum result seal_write(struct seal *seal, const char *base, const struct key *key, struct fault *fault) {
    struct buf text, signature;
    enum result result;
    buf_init(&text, SEAL_BYTES);
    buf_init(&signature, SEAL_SIGNATURE_BYTES);
    key_id(key, seal->gateway_key);
    print_body(seal, &text);
    result = key_sign(key, text.data, text.count, &signature);
    if (result != RESULT_OK || signature.count != sizeof seal->signature || text.overflow) {
        result = fault_set(fault, RESULT_IO, "the seal key cannot sign: it must be an Ed25519 key");
        goto out;
    }
    memcpy(seal->signature, signature.data, sizeof seal->signature);
    buf_reset(&text);
    seal_print(seal, &text);
    result = write_new(base, &text, fault);
out:
    buf_fini(&text);
    buf_fini(&signature);
    return result;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static enum result take_int(const struct json *object, const char *key, uint64_t *out, struct fault *fault) {
    int64_t value;
    enum result result = json_integer(object, key, 0, INT64_MAX / 2, &value, fault);
    if (result == RESULT_OK) {
        *out = (uint64_t)value;
    }
    return result;
}

static enum result take_hash(const struct json *object, const char *key, uint8_t out[SHA256_BYTES],
                             struct fault *fault) {
    char hex[SHA256_HEX_BYTES];
    enum result result = json_copy(object, key, hex, sizeof hex, fault);
    if (result == RESULT_OK && !hex_decode(hex, strlen(hex), out, SHA256_BYTES)) {
        result = fault_set(fault, RESULT_BAD_INPUT, "'%s' is no SHA-256 in hex", key);
    }
    return result;
}

/* *count: room, then bytes. */
static enum result take_base64(const struct json *object, const char *key, uint8_t *out, size_t *count,
                               struct fault *fault) {
    const char *text;
    struct buf bytes;
    enum result result = json_string(object, key, *count * 2, &text, fault);
    if (result != RESULT_OK) {
        return result;
    }
    buf_init(&bytes, *count);
    if (!base64url_decode(text, strlen(text), &bytes) || bytes.overflow) {
        result = fault_set(fault, RESULT_BAD_INPUT, "'%s' is no base64url of at most %zu bytes", key, *count);
    } else {
        *count = bytes.count;
        if (bytes.count > 0) {
            memcpy(out, bytes.data, bytes.count);
        }
    }
    buf_fini(&bytes);
    return result;
}

static enum result take_sums(const struct json *o, struct seal *s, struct fault *fault) {
    enum result result;
    uint64_t started, ended;
    if ((result = take_int(o, "started_ms", &started, fault)) != RESULT_OK ||
        (result = take_int(o, "ended_ms", &ended, fault)) != RESULT_OK ||
        (result = take_int(o, "cast_bytes", &s->cast_bytes, fault)) != RESULT_OK ||
        (result = take_hash(o, "cast_sha256", s->cast_sha256, fault)) != RESULT_OK ||
        (result = take_int(o, "jsonl_bytes", &s->jsonl_bytes, fault)) != RESULT_OK ||
        (result = take_hash(o, "jsonl_sha256", s->jsonl_sha256, fault)) != RESULT_OK ||
        (result = take_int(o, "frames", &s->frames, fault)) != RESULT_OK ||
        (result = take_hash(o, "lines", s->lines, fault)) != RESULT_OK ||
        (s->has_heads && ((result = take_int(o, "heads", &s->heads, fault)) != RESULT_OK ||
                          (result = take_hash(o, "heads_sha256", s->heads_sha256, fault)) != RESULT_OK))) {
        return result;
    }
    s->started_ms = (int64_t)started;
    s->ended_ms = (int64_t)ended;
    return RESULT_OK;
}

static enum result seal_of_json(const struct json *o, struct seal *s, struct fault *fault) {
    char format[sizeof SEAL_FORMAT];
    size_t signature = sizeof s->signature;
    enum result result;
    s->countersignature_count = sizeof s->countersignature;
    if ((result = json_copy(o, "seal", format, sizeof format, fault)) != RESULT_OK) {
        return result;
    }
    s->has_heads = strcmp(format, SEAL_FORMAT) == 0;
    if ((result = json_copy(o, "session", s->session, sizeof s->session, fault)) != RESULT_OK ||
        (result = json_copy(o, "device", s->device, sizeof s->device, fault)) != RESULT_OK ||
        (result = json_copy(o, "why", s->why, sizeof s->why, fault)) != RESULT_OK ||
        (result = take_sums(o, s, fault)) != RESULT_OK ||
        (result = json_copy(o, "statement", s->statement, sizeof s->statement, fault)) != RESULT_OK ||
        (result = json_bool(o, "complete", &s->is_complete, fault)) != RESULT_OK ||
        (result = json_copy(o, "gateway_key", s->gateway_key, sizeof s->gateway_key, fault)) != RESULT_OK ||
        (result = json_bool(o, "countersigned", &s->is_countersigned, fault)) != RESULT_OK ||
        (result = json_copy(o, "countersign_note", s->countersign_note, sizeof s->countersign_note, fault)) !=
            RESULT_OK ||
        (result = take_base64(o, "countersignature", s->countersignature, &s->countersignature_count, fault)) !=
            RESULT_OK ||
        (result = json_copy(o, "certificate", s->certificate, sizeof s->certificate, fault)) != RESULT_OK ||
        (result = take_base64(o, "signature", s->signature, &signature, fault)) != RESULT_OK) {
        return result;
    }
    if ((!s->has_heads && strcmp(format, SEAL_FORMAT_1) != 0) || !uuid_valid(s->session) ||
        signature != sizeof s->signature) {
        return fault_set(fault, RESULT_BAD_INPUT, "this is no " SEAL_FORMAT);
    }
    return RESULT_OK;
}

enum result seal_parse(const char *text, size_t chars, struct seal *out, struct fault *fault) {
    struct seal *s = mem_alloc(sizeof *s);
    struct json *object = NULL;
    struct buf again;
    buf_init(&again, SEAL_BYTES);
    enum result result = json_parse(text, chars, &object, fault);
    if (result == RESULT_OK) {
        result = json_is_object(object) ? seal_of_json(object, s, fault)
                                        : fault_set(fault, RESULT_BAD_INPUT, "a seal must be an object");
    }
    if (result == RESULT_OK) {
        seal_print(s, &again);
        if (again.count != chars || memcmp(again.data, text, chars) != 0) {
            result = fault_set(fault, RESULT_BAD_INPUT, "the seal is not spelled as it was written");
        }
    }
    if (result == RESULT_OK) {
        *out = *s;
    }
    json_free(object);
    buf_fini(&again);
    free(s);
    return result == RESULT_OK ? RESULT_OK : RESULT_CORRUPT;
}

enum result seal_read(const char *base, struct seal *out, struct fault *fault) {
    char path[TRANSCRIPT_PATH_BYTES + 8];
    char *text = mem_alloc(SEAL_BYTES + 1);
    enum result result;
    snprintf(path, sizeof path, "%s.seal", base);
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        result = fault_set(fault, errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    size_t chars = fread(text, 1, SEAL_BYTES + 1, file);
    if (ferror(file) || chars > SEAL_BYTES) {
        result = fault_set(fault, RESULT_CORRUPT, "%s: cannot be read, or is longer than a seal", path);
        goto out;
    }
    result = seal_parse(text, chars, out, fault);
    if (result != RESULT_OK) {
        fault_prefix(fault, "%s", path);
    }
out:
    if (file != NULL) {
        fclose(file);
    }
    free(text);
    return result;
}

bool seal_signature_holds(const struct seal *seal, const struct key *key) {
    struct buf body;
    char id[SHA256_HEX_BYTES];
    buf_init(&body, SEAL_BYTES);
    print_body(seal, &body);
    key_id(key, id);
    bool holds = strcmp(id, seal->gateway_key) == 0 &&
                 key_verify(key, body.data, body.count, seal->signature, sizeof seal->signature);
    buf_fini(&body);
    return holds;
}
