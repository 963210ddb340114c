/* Copies two small public files to where `transcript verify` looks for them. At every start, because an operator may
 * have put a second CA into the file meanwhile; a file that was replaced while an old gateway ran is no reason to stop.
 * Links were left: the folder is meant to be copied away, and the CA's file may be on another file system. */
#include "evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PUBLIC_FILE_BYTES = 256 * 1024 };

static enum result read_file(const char *path, struct buf *out, struct fault *fault) {
    char part[4096];
    ssize_t count = -1;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (count = read(fd, part, sizeof part)) > 0)
        buf_add(out, part, (size_t)count);
    const int why = errno;
    if (fd >= 0)
        close(fd);
    if (count < 0)
        return fault_set(fault, RESULT_IO, "%s: %s", path, strerror(why));
    return out->overflow ? fault_set(fault, RESULT_TOO_BIG, "%s: more than %d bytes", path, PUBLIC_FILE_BYTES)
                         : RESULT_OK;
}

static enum result write_file(const char *path, const struct buf *bytes, struct fault *fault) {
    char part[4096];
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
        return fault_set(fault, RESULT_BAD_INPUT, "%s: the path is too long", path);
    const int fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write(fd, bytes->data, bytes->count) == (ssize_t)bytes->count;
    if (fd >= 0 && close(fd) != 0)
        is_written = false;
    if (!is_written || rename(part, path) != 0)
        return fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
    return RESULT_OK;
}

static enum result place(const struct settings *settings, const char *from, const char *name, struct fault *fault) {
    char *to = settings_path(settings, name);
    struct buf bytes;
    buf_init(&bytes, PUBLIC_FILE_BYTES);
    enum result result = read_file(from, &bytes, fault);
    if (result == RESULT_OK)
        result = write_file(to, &bytes, fault);
    buf_fini(&bytes);
    free(to);
    return result;
}

enum result evidence_place(const struct settings *settings, struct fault *fault) {
    char *public_key = settings_path(settings, "seal.pub");
    enum result result = place(settings, public_key, "transcripts/seal.pub", fault);
    if (result == RESULT_OK)
        result = place(settings, settings->device_ca, "transcripts/ca.crt", fault);
    free(public_key);
    return result;
}
