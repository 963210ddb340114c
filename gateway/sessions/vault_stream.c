/* Encrypted files read in order (vault_file.h). Whoever verifies, recovers, reports or shows owns a stream; any thread;
 * blocks on the disk. The file may be anything: each length has a cap, each record must open at its own place, and the
 * first thing that is wrong ends the reading. A file that does not begin as an encrypted one is plain text. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sessions/vault_cipher.h"

struct vault_stream {
    FILE *file;
    struct vault_cipher cipher;
    uint64_t offset; /* of the next record in the file */
    bool is_torn;
    uint8_t *sealed, *plain;
    char ending[VAULT_ENDING_BYTES];
};

void vault_stream_close(struct vault_stream *s) {
    if (s == NULL) {
        return;
    }
    if (s->file != NULL) {
        fclose(s->file);
    }
    if (s->plain != NULL) {
        wipe(s->plain, VAULT_RECORD_BYTES);
    }
    vault_cipher_fini(&s->cipher);
    free(s->sealed);
    free(s->plain);
    free(s);
}

bool vault_stream_is_torn(const struct vault_stream *stream) {
    return stream->is_torn;
}

/* RESULT_NOT_FOUND: not a byte more. */
static enum result take(struct vault_stream *s, uint8_t *out, size_t count, struct fault *fault) {
    size_t n = fread(out, 1, count, s->file);
    if (n == count) {
        return RESULT_OK;
    }
    if (ferror(s->file)) {
        return fault_set(fault, RESULT_IO, "%s cannot be read: %s", s->ending, strerror(errno));
    }
    if (n == 0) {
        return RESULT_NOT_FOUND;
    }
    s->is_torn = true;
    return fault_set(fault, RESULT_CORRUPT, "%s is torn at byte %llu", s->ending, (unsigned long long)s->offset);
}

static enum result must_take(struct vault_stream *s, uint8_t *out, size_t count, struct fault *fault) {
    enum result result = take(s, out, count, fault);
    if (result != RESULT_NOT_FOUND) {
        return result;
    }
    s->is_torn = true;
    return fault_set(fault, RESULT_CORRUPT, "%s is torn at byte %llu", s->ending, (unsigned long long)s->offset);
}

static enum result changed(const struct vault_stream *s, struct fault *fault) {
    return fault_set(fault, RESULT_CORRUPT, "%s is not what was written there, at byte %llu", s->ending,
                     (unsigned long long)s->offset);
}

static enum result read_segment(struct vault_stream *s, struct fault *fault) {
    uint8_t rest[AEAD_SALT_BYTES + AEAD_TAG_BYTES], place[VAULT_PLACE_BYTES], nothing[1];
    enum result result = must_take(s, rest, sizeof rest, fault);
    if (result != RESULT_OK) {
        return result;
    }
    vault_cipher_segment(&s->cipher, rest);
    if (!aead_open(s->cipher.aead, s->cipher.counter++,
                   vault_cipher_place(&s->cipher, s->offset, VAULT_SEGMENT_HEAD, place), rest + AEAD_SALT_BYTES, 0,
                   nothing)) {
        return changed(s, fault);
    }
    s->offset += VAULT_SEGMENT_BYTES;
    return RESULT_OK;
}

/* *count 0: it was a segment. */
static enum result read_record(struct vault_stream *s, size_t *count, struct fault *fault) {
    uint8_t bytes[VAULT_HEAD_BYTES], place[VAULT_PLACE_BYTES];
    uint32_t head = 0;
    *count = 0;
    enum result result = take(s, bytes, sizeof bytes, fault);
    if (result != RESULT_OK) {
        return result;
    }
    struct cursor c = cursor_of(bytes, sizeof bytes);
    if (cursor_u32be(&c, &head) && head == VAULT_SEGMENT_HEAD) {
        return read_segment(s, fault);
    }
    if (head == 0 || head > VAULT_RECORD_BYTES || s->cipher.aead == NULL) {
        return changed(s, fault);
    }
    if ((result = must_take(s, s->sealed, (size_t)head + AEAD_TAG_BYTES, fault)) != RESULT_OK) {
        return result;
    }
    if (!aead_open(s->cipher.aead, s->cipher.counter++, vault_cipher_place(&s->cipher, s->offset, head, place),
                   s->sealed, head, s->plain)) {
        return changed(s, fault);
    }
    s->offset += VAULT_HEAD_BYTES + head + AEAD_TAG_BYTES;
    *count = head;
    return RESULT_OK;
}

enum result vault_stream_next(struct vault_stream *s, const uint8_t **bytes, size_t *count, struct fault *fault) {
    enum result result = RESULT_OK;
    *bytes = s->plain;
    *count = 0;
    if (s->cipher.is_plain) {
        *count = fread(s->plain, 1, VAULT_PLAIN_BYTES, s->file);
        s->offset += *count;
        if (*count == 0 && ferror(s->file)) {
            return fault_set(fault, RESULT_IO, "%s cannot be read: %s", s->ending, strerror(errno));
        }
        return *count > 0 ? RESULT_OK : RESULT_NOT_FOUND;
    }
    while (result == RESULT_OK && *count == 0) {
        result = read_record(s, count, fault);
    }
    return result;
}

/* The first bytes tell: an encrypted file, or text. */
static enum result begin(const struct vault *vault, const char *base, struct vault_stream *s, struct fault *fault) {
    uint8_t magic[VAULT_MAGIC_BYTES];
    size_t n = fread(magic, 1, sizeof magic, s->file);
    s->cipher.is_plain = n == 0 || memcmp(magic, VAULT_MAGIC, n) != 0;
    if (s->cipher.is_plain) {
        rewind(s->file);
        return RESULT_OK;
    }
    if (n < sizeof magic) {
        s->is_torn = true;
        return fault_set(fault, RESULT_CORRUPT, "%s is torn at its beginning", s->ending);
    }
    s->offset = VAULT_MAGIC_BYTES;
    enum result result = vault_key_read(vault, base, s->cipher.key, fault);
    return result == RESULT_NOT_FOUND
               ? fault_set(fault, RESULT_DENIED, "%s is encrypted, and its key file is gone", s->ending)
               : result;
}

enum result vault_stream_open(const struct vault *vault, const char *base, const char *ending,
                              struct vault_stream **out, struct fault *fault) {
    char path[VAULT_FILE_PATH_BYTES];
    if (!vault_file_path(base, ending, path)) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: no path of a recording", base);
    }
    struct vault_stream *s = mem_alloc(sizeof *s);
    enum result result;
    snprintf(s->ending, sizeof s->ending, "%s", ending);
    vault_cipher_init(&s->cipher, base, ending);
    s->file = fopen(path, "re");
    if (s->file == NULL) {
        result = fault_set(fault, errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO, "%s: %s", path, strerror(errno));
        goto out;
    }
    s->sealed = mem_alloc(VAULT_RECORD_BYTES + AEAD_TAG_BYTES);
    s->plain = mem_alloc(VAULT_RECORD_BYTES);
    result = begin(vault, base, s, fault);
    if (result == RESULT_OK) {
        *out = s;
        s = NULL;
    }
out:
    vault_stream_close(s);
    return result;
}

enum result vault_file_offset(const struct vault *vault, const char *base, const char *ending, uint64_t plain,
                              uint64_t *out, struct fault *fault) {
    struct vault_stream *s = NULL;
    const uint8_t *bytes;
    uint64_t passed = 0;
    size_t count;
    enum result result = vault_stream_open(vault, base, ending, &s, fault);
    if (result == RESULT_CORRUPT && plain == 0) {
        *out = 0; /* not even its beginning came to the disk */
        return RESULT_OK;
    }
    if (result != RESULT_OK) {
        return result;
    }
    bool is_plain = s->cipher.is_plain;
    while (!is_plain && passed < plain && (result = vault_stream_next(s, &bytes, &count, fault)) == RESULT_OK) {
        passed += count;
    }
    if (is_plain) {
        *out = plain;
    } else if (result == RESULT_OK && passed == plain) {
        *out = s->offset == VAULT_MAGIC_BYTES ? 0 : s->offset; /* no record yet: not even the first segment is kept */
    } else if (result == RESULT_OK || result == RESULT_NOT_FOUND) {
        result =
            fault_set(fault, RESULT_CORRUPT, "%s has no record that begins at %llu", ending, (unsigned long long)plain);
    }
    vault_stream_close(s);
    return result;
}
