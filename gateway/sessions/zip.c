/* libarchive behind four functions. Names are plain file names, so that unpacking cannot leave a folder; sizes are
 * counted as bytes come out, not as headers promise. */
#include "sessions/zip.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { END_BYTES = 22, READ_BYTES = 64 * 1024 };
static const uint8_t end_mark[] = {'P', 'K', 5, 6};

struct zip_writer {
    struct archive *archive;
    int fd;
    int64_t wall_ms;
};

static enum result failed(struct archive *archive, const char *what, struct fault *fault) {
    const char *why = archive_error_string(archive);
    return fault_set(fault, RESULT_IO, "%s: %s", what, why != NULL ? why : "unknown reason");
}

enum result zip_writer_open(int fd, int64_t wall_ms, struct zip_writer **out, struct fault *fault) {
    struct zip_writer *w = mem_alloc(sizeof *w);
    w->fd = fd;
    w->wall_ms = wall_ms;
    w->archive = archive_write_new();
    if (w->archive == NULL || archive_write_set_format_zip(w->archive) != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(w->archive, 0) != ARCHIVE_OK ||
        archive_write_open_fd(w->archive, fd) != ARCHIVE_OK) {
        enum result result = failed(w->archive, "the bundle", fault);
        zip_writer_free(w);
        return result;
    }
    *out = w;
    return RESULT_OK;
}

enum result zip_writer_add(struct zip_writer *w, const char *name, const void *bytes, size_t count,
                           struct fault *fault) {
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (int64_t)count);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0600);
    archive_entry_set_mtime(entry, w->wall_ms / 1000, 0);
    bool is_written = archive_write_header(w->archive, entry) == ARCHIVE_OK &&
                      archive_write_data(w->archive, bytes, count) == (la_ssize_t)count;
    archive_entry_free(entry);
    return is_written ? RESULT_OK : failed(w->archive, name, fault);
}

void zip_writer_free(struct zip_writer *writer) {
    if (writer != NULL) {
        archive_write_free(writer->archive);
        free(writer);
    }
}

/* The end record's last two bytes are the length of the comment that follows it. */
enum result zip_writer_finish(struct zip_writer *writer, uint16_t comment_bytes, struct fault *fault) {
    uint8_t end[END_BYTES], length[2] = {(uint8_t)comment_bytes, (uint8_t)(comment_bytes >> 8)};
    int fd = writer->fd;
    enum result result =
        archive_write_close(writer->archive) == ARCHIVE_OK ? RESULT_OK : failed(writer->archive, "the bundle", fault);
    zip_writer_free(writer);
    off_t size = lseek(fd, 0, SEEK_END);
    if (result != RESULT_OK) {
        return result;
    }
    if (size < END_BYTES || pread(fd, end, sizeof end, size - END_BYTES) != END_BYTES ||
        memcmp(end, end_mark, sizeof end_mark) != 0 ||
        pwrite(fd, length, sizeof length, size - (off_t)sizeof length) != sizeof length) {
        return fault_set(fault, RESULT_IO, "the bundle cannot be completed: %s", strerror(errno));
    }
    return RESULT_OK;
}

/* ---- reading ---- */

static bool is_plain_name(const char *name) {
    size_t chars = name != NULL ? strlen(name) : 0;
    return chars > 0 && chars <= ZIP_NAME_BYTES && name[0] != '.' &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") == chars;
}

static enum result read_entry(struct archive *archive, struct buf *out, struct fault *fault) {
    uint8_t *piece = mem_alloc(READ_BYTES);
    la_ssize_t n;
    while ((n = archive_read_data(archive, piece, READ_BYTES)) > 0 && !out->overflow) {
        buf_add(out, piece, (size_t)n);
    }
    free(piece);
    if (out->overflow) {
        return fault_set(fault, RESULT_CORRUPT, "there is more in it than a bundle may have");
    }
    return n == 0 ? RESULT_OK : fault_set(fault, RESULT_CORRUPT, "%s", archive_error_string(archive));
}

static enum result read_entries(struct archive *archive, size_t cap_bytes,
                                enum result (*each)(void *self, const char *name, const struct buf *bytes,
                                                    struct fault *fault),
                                void *self, struct fault *fault) {
    struct archive_entry *entry;
    size_t left = cap_bytes;
    for (int count = 0;; count++) {
        struct buf bytes;
        int status = archive_read_next_header(archive, &entry);
        if (status == ARCHIVE_EOF) {
            return RESULT_OK;
        }
        const char *name = status == ARCHIVE_OK ? archive_entry_pathname(entry) : NULL;
        if (status != ARCHIVE_OK || count == ZIP_ENTRIES || !is_plain_name(name) ||
            archive_entry_filetype(entry) != AE_IFREG) {
            return fault_set(fault, RESULT_CORRUPT, "entry %d is none that a bundle has", count + 1);
        }
        buf_init(&bytes, left);
        enum result result = read_entry(archive, &bytes, fault);
        left -= bytes.count;
        if (result == RESULT_OK) {
            result = each(self, name, &bytes, fault);
        } else {
            fault_prefix(fault, "%s", name);
        }
        buf_wipe(&bytes);
        if (result != RESULT_OK) {
            return result;
        }
    }
}

enum result zip_read(const char *path, size_t cap_bytes,
                     enum result (*each)(void *self, const char *name, const struct buf *bytes, struct fault *fault),
                     void *self, struct fault *fault) {
    struct archive *archive = archive_read_new();
    enum result result;
    if (archive == NULL || archive_read_support_format_zip(archive) != ARCHIVE_OK ||
        archive_read_open_filename(archive, path, READ_BYTES) != ARCHIVE_OK) {
        result = failed(archive, path, fault);
        result = access(path, R_OK) != 0 ? result : RESULT_CORRUPT;
    } else {
        result = read_entries(archive, cap_bytes, each, self, fault);
    }
    archive_read_free(archive);
    return result;
}
