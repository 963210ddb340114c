/* Decrypting into a file descriptor: memory for the API, a pipe or a file for the command line. Any thread; blocks. */
#include "sessions/transcript_copy.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static enum result put(int fd, const uint8_t *bytes, size_t count, struct fault *fault) {
    for (size_t done = 0; done < count;) {
        ssize_t n = write(fd, bytes + done, count - done);
        if (n < 0 && errno != EINTR) {
            return fault_set(fault, RESULT_IO, "the copy cannot be written: %s", strerror(errno));
        }
        done += n > 0 ? (size_t)n : 0;
    }
    return RESULT_OK;
}

enum result transcript_copy(const struct vault *vault, const char *base, const char *ending, int fd, int64_t cap_bytes,
                            int64_t *bytes, struct fault *fault) {
    struct vault_stream *stream = NULL;
    const uint8_t *piece;
    size_t count;
    *bytes = 0;
    enum result result = vault_stream_open(vault, base, ending, &stream, fault);
    while (result == RESULT_OK && (result = vault_stream_next(stream, &piece, &count, fault)) == RESULT_OK) {
        *bytes += (int64_t)count;
        result = *bytes <= cap_bytes
                     ? put(fd, piece, count, fault)
                     : fault_set(fault, RESULT_TOO_BIG,
                                 "the recording has more than %lld bytes: use 'fieldline-gateway transcript show'",
                                 (long long)cap_bytes);
    }
    if (stream != NULL && (result == RESULT_NOT_FOUND || (result == RESULT_CORRUPT && vault_stream_is_torn(stream)))) {
        result = RESULT_OK;
    }
    vault_stream_close(stream);
    return result;
}
