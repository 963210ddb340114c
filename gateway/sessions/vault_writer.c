/* Encrypted append-only files, the writing side (vault_file.h). Owned by a recording, on the edge thread; any number of
 * readers of the same file do not disturb it, because a record appears with one write(2).
 *
 * Records follow the lines of the recording: what was relayed is on its way to the disk when append returns, and a
 * crash costs at most the record under way. Blocks of fixed size, as disk encryption has them, would have to be
 * rewritten for every line; a stream cipher over the file would make every changed byte a changed character. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sessions/flush.h"
#include "sessions/vault_cipher.h"

enum { FLUSH_LATE = 5 /* times; then it is waited for */ };

struct vault_writer {
    int fd;
    struct vault_cipher cipher;
    uint64_t size, mark; /* of whole records */
    bool has_failed, is_dirty;
    struct flush *flush; /* under way, or its answer not taken yet; NULL: none */
    int late;            /* times that it was found under way */
    struct buf record;
    char path[VAULT_FILE_PATH_BYTES];
};

static bool write_all(int fd, const struct buf *bytes) {
    for (size_t done = 0; done < bytes->count;) {
        ssize_t n = write(fd, bytes->data + done, bytes->count - done);
        if (n < 0 && errno != EINTR) {
            return false;
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return true;
}

static enum result put(struct vault_writer *w, struct fault *fault) {
    if (w->record.overflow) {
        return fault_set(fault, RESULT_TOO_BIG, "%s: a record is too big", w->path);
    }
    if (!write_all(w->fd, &w->record)) {
        enum result result = fault_set(fault, RESULT_IO, "%s: %s", w->path, strerror(errno));
        w->has_failed = true;
        w->mark = w->size;
        struct fault cut;
        if (vault_writer_cut_back(w, &cut) != RESULT_OK) {
            fault_prefix(fault, "and what was half written cannot be cut");
        }
        return result;
    }
    w->size += w->record.count;
    w->is_dirty = true;
    return RESULT_OK;
}

/* Begins a run of counters at the end of the file. */
static enum result begin_segment(struct vault_writer *w, struct fault *fault) {
    uint8_t salt[AEAD_SALT_BYTES], tag[AEAD_TAG_BYTES], place[VAULT_PLACE_BYTES];
    random_bytes(salt, sizeof salt);
    vault_cipher_segment(&w->cipher, salt);
    buf_reset(&w->record);
    if (w->size == 0) {
        buf_add(&w->record, VAULT_MAGIC, VAULT_MAGIC_BYTES);
    }
    aead_seal(w->cipher.aead, w->cipher.counter++,
              vault_cipher_place(&w->cipher, w->size + w->record.count, VAULT_SEGMENT_HEAD, place), NULL, 0, tag);
    buf_add_u32be(&w->record, VAULT_SEGMENT_HEAD);
    buf_add(&w->record, salt, sizeof salt);
    buf_add(&w->record, tag, sizeof tag);
    return put(w, fault);
}

static struct vault_writer *writer_new(const char *base, const char *ending) {
    struct vault_writer *w = mem_alloc(sizeof *w);
    buf_init(&w->record, VAULT_RECORD_BYTES + VAULT_SEGMENT_BYTES + VAULT_MAGIC_BYTES);
    vault_cipher_init(&w->cipher, base, ending);
    w->fd = -1;
    return w;
}

void vault_writer_close(struct vault_writer *writer) {
    if (writer == NULL) {
        return;
    }
    flush_end(writer->flush);
    if (writer->fd >= 0) {
        close(writer->fd);
    }
    vault_cipher_fini(&writer->cipher);
    buf_wipe(&writer->record);
    free(writer);
}

static enum result open_for_writing(struct vault_writer *w, int flags, struct fault *fault) {
    w->fd = open(w->path, O_WRONLY | O_APPEND | O_CLOEXEC | flags, 0600);
    if (w->fd >= 0) {
        return RESULT_OK;
    }
    enum result result = errno == EEXIST ? RESULT_CONFLICT : errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    return fault_set(fault, result, "%s: %s", w->path, strerror(errno));
}

static enum result take_key(const struct vault *vault, const char *base, struct vault_cipher *c, struct fault *fault) {
    enum result result = vault_key_read(vault, base, c->key, fault);
    return result == RESULT_NOT_FOUND ? vault_key_make(vault, base, c->key, fault) : result;
}

enum result vault_writer_create(const struct vault *vault, const char *base, const char *ending,
                                struct vault_writer **out, struct fault *fault) {
    char path[VAULT_FILE_PATH_BYTES];
    if (!vault_file_path(base, ending, path)) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", base);
    }
    struct vault_writer *w = writer_new(base, ending);
    memcpy(w->path, path, sizeof path);
    w->cipher.is_plain = vault == NULL;
    enum result result = vault != NULL ? take_key(vault, base, &w->cipher, fault) : RESULT_OK;
    if (result == RESULT_OK) {
        result = open_for_writing(w, O_CREAT | O_EXCL, fault);
    }
    if (result == RESULT_OK && vault != NULL && (result = begin_segment(w, fault)) != RESULT_OK) {
        unlink(path);
    }
    if (result != RESULT_OK) {
        vault_writer_close(w);
        return result;
    }
    *out = w;
    return RESULT_OK;
}

/* Is there any text in it, and is that plain? */
static enum result look(const char *path, struct stat *st, bool *is_plain, struct fault *fault) {
    uint8_t magic[VAULT_MAGIC_BYTES];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd >= 0 && fstat(fd, st) == 0 ? read(fd, magic, sizeof magic) : -1;
    enum result result = RESULT_OK;
    if (n < 0) {
        result = fault_set(fault, errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO, "%s: %s", path, strerror(errno));
    }
    *is_plain = n > 0 && memcmp(magic, VAULT_MAGIC, (size_t)n) != 0;
    if (fd >= 0) {
        close(fd);
    }
    return result;
}

enum result vault_writer_resume(const struct vault *vault, const char *base, const char *ending,
                                struct vault_writer **out, struct fault *fault) {
    char path[VAULT_FILE_PATH_BYTES];
    struct stat st;
    bool is_plain;
    if (!vault_file_path(base, ending, path)) {
        return fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", base);
    }
    enum result result = look(path, &st, &is_plain, fault);
    if (result != RESULT_OK) {
        return result;
    }
    struct vault_writer *w = writer_new(base, ending);
    memcpy(w->path, path, sizeof path);
    w->size = w->mark = (uint64_t)st.st_size;
    w->cipher.is_plain = is_plain || (st.st_size == 0 && vault == NULL);
    if (!w->cipher.is_plain) {
        result = take_key(vault, base, &w->cipher, fault);
    }
    if (result == RESULT_OK && (result = open_for_writing(w, 0, fault)) == RESULT_OK && !w->cipher.is_plain) {
        result = begin_segment(w, fault);
    }
    if (result != RESULT_OK) {
        vault_writer_close(w);
        return result;
    }
    *out = w;
    return RESULT_OK;
}

enum result vault_writer_append(struct vault_writer *w, const void *bytes, size_t count, struct fault *fault) {
    uint8_t place[VAULT_PLACE_BYTES];
    if (w->has_failed) {
        return fault_set(fault, RESULT_IO, "%s is not written any more", w->path);
    }
    if (count == 0 || count > VAULT_RECORD_BYTES) {
        return fault_set(fault, RESULT_TOO_BIG, "%s: a record has 1 to %d bytes, not %zu", w->path, VAULT_RECORD_BYTES,
                         count);
    }
    buf_reset(&w->record);
    if (w->cipher.is_plain) {
        buf_add(&w->record, bytes, count);
        return put(w, fault);
    }
    buf_add_u32be(&w->record, (uint32_t)count);
    uint8_t *at = buf_space(&w->record, count + AEAD_TAG_BYTES);
    if (at != NULL) {
        aead_seal(w->cipher.aead, w->cipher.counter++, vault_cipher_place(&w->cipher, w->size, (uint32_t)count, place),
                  bytes, count, at);
        buf_wrote(&w->record, at + count + AEAD_TAG_BYTES);
    }
    return put(w, fault);
}

void vault_writer_mark(struct vault_writer *writer) {
    writer->mark = writer->size;
}

enum result vault_writer_cut_back(struct vault_writer *w, struct fault *fault) {
    w->has_failed = true; /* a counter that was used is not used again */
    if (ftruncate(w->fd, (off_t)w->mark) != 0) {
        return fault_set(fault, RESULT_IO, "%s: %s", w->path, strerror(errno));
    }
    w->size = w->mark;
    return RESULT_OK;
}

static enum result not_on_disk(struct vault_writer *w, int error, struct fault *fault) {
    w->has_failed = true;
    return fault_set(fault, RESULT_IO, "%s: %s", w->path, strerror(error));
}

/* Waits for it when it is under way. */
static enum result take_flush(struct vault_writer *w, struct fault *fault) {
    const int error = flush_end(w->flush);
    w->flush = NULL;
    w->late = 0;
    return error == 0 ? RESULT_OK : not_on_disk(w, error, fault);
}

enum result vault_writer_sync(struct vault_writer *w, struct fault *fault) {
    enum result result = take_flush(w, fault);
    if (result == RESULT_OK && w->is_dirty && fdatasync(w->fd) != 0) {
        result = not_on_disk(w, errno, fault);
    }
    if (result == RESULT_OK) {
        w->is_dirty = false;
    }
    return result;
}

enum result vault_writer_flush(struct vault_writer *w, const struct flusher *flusher, struct fault *fault) {
    if (w->flush != NULL && flush_is_under_way(w->flush) && ++w->late < FLUSH_LATE) {
        return RESULT_OK;
    }
    enum result result = take_flush(w, fault);
    if (result != RESULT_OK || !w->is_dirty) {
        return result;
    }
    w->flush = flush_start(flusher, w->fd);
    if (w->flush == NULL) {
        return vault_writer_sync(w, fault);
    }
    w->is_dirty = false;
    return RESULT_OK;
}
