/* openat2(2), fenced. Walking component by component with O_NOFOLLOW was left: it is right only as long as no folder is
 * moved meanwhile. A kernel before 5.6 has no openat2 and gets no file transfer; a way around would be a way in.
 *
 * A file is opened twice: as a place (O_PATH), which touches nothing, then, once it is known to be a regular file,
 * through its descriptor's name in /proc/self/fd, which is that very file. Source: openat2(2), path_resolution(7). */
#include "session/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fieldline/bytes.h"
#include "files_root.h"

bool beneath_name_is_good(const char *name) {
    size_t bytes = strlen(name);
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f) {
            return false;
        }
    }
    return bytes > 0 && bytes <= BENEATH_NAME_BYTES && utf8_valid(name, bytes);
}

/* NULL: it may be asked for. */
static const char *bad_component(const char *component, size_t bytes) {
    if (bytes == 0) {
        return "has an empty component, or begins or ends with '/'";
    }
    if ((bytes == 1 && component[0] == '.') || (bytes == 2 && memcmp(component, "..", 2) == 0)) {
        return "has a component '.' or '..'";
    }
    if (bytes > BENEATH_NAME_BYTES) {
        return "has a component of more than 255 bytes";
    }
    return bytes >= sizeof BENEATH_PART - 1 && memcmp(component, BENEATH_PART, sizeof BENEATH_PART - 1) == 0
               ? "names an unfinished upload"
               : NULL;
}

enum result beneath_check(const char *path, bool may_be_empty, struct fault *fault) {
    size_t bytes = strlen(path);
    if (bytes == 0) {
        return may_be_empty ? RESULT_OK : fault_set(fault, RESULT_BAD_INPUT, "'path' is empty");
    }
    if (bytes > FILES_PATH_BYTES) {
        return fault_set(fault, RESULT_TOO_BIG, "'path' is longer than %d bytes", FILES_PATH_BYTES);
    }
    if (path[0] == '/') {
        return fault_set(fault, RESULT_BAD_INPUT, "'path' is absolute; it must be relative to its root");
    }
    if (!utf8_valid(path, bytes)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'path' is not valid UTF-8");
    }
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)path[i] < 0x20 || path[i] == 0x7f) {
            return fault_set(fault, RESULT_BAD_INPUT, "'path' has a control character at byte %zu", i + 1);
        }
    }
    for (const char *at = path; at != NULL;) {
        const char *slash = strchr(at, '/');
        const char *why = bad_component(at, slash != NULL ? (size_t)(slash - at) : strlen(at));
        if (why != NULL) {
            return fault_set(fault, RESULT_BAD_INPUT, "'path' %s", why);
        }
        at = slash != NULL ? slash + 1 : NULL;
    }
    return RESULT_OK;
}

const char *beneath_split(const char *path, char *folder, size_t room) {
    const char *slash = strrchr(path, '/');
    size_t chars = slash != NULL ? (size_t)(slash - path) : 0;
    snprintf(folder, room, "%.*s", (int)chars, path);
    return slash != NULL ? slash + 1 : path;
}

static enum result refuse(const char *path, int why, struct fault *fault) {
    switch (why) {
    case ENOENT:
    case ENOTDIR: return fault_set(fault, RESULT_NOT_FOUND, "'%.120s' is not there", path);
    case ELOOP: return fault_set(fault, RESULT_DENIED, "'%.120s' is or goes through a symbolic link", path);
    case EXDEV: return fault_set(fault, RESULT_DENIED, "'%.120s' leads out of its root", path);
    case EACCES:
    case EPERM: return fault_set(fault, RESULT_DENIED, "the session's user may not reach '%.120s'", path);
    case ENOSYS: return fault_set(fault, RESULT_IO, "this product's kernel cannot confine paths (no openat2)");
    default: return fault_set(fault, RESULT_IO, "'%.120s': %s", path, strerror(why));
    }
}

static int open_beneath(int root_fd, const char *path, unsigned long long flags) {
    struct open_how how = {.flags = flags | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    for (int tries = 0;; tries++) {
        long fd = syscall(SYS_openat2, root_fd, path[0] != '\0' ? path : ".", &how, sizeof how);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR) || tries == 32) { /* EAGAIN: somebody renames meanwhile */
            return (int)fd;
        }
    }
}

enum result beneath_open_root(const char *root, int *out, struct fault *fault) {
    int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return refuse(root, errno, fault);
    }
    *out = fd;
    return RESULT_OK;
}

enum result beneath_open_folder(int root_fd, const char *path, bool is_place, int *out, struct fault *fault) {
    int fd = open_beneath(root_fd, path, O_DIRECTORY | (is_place ? O_PATH : O_RDONLY));
    if (fd < 0) {
        return refuse(path[0] != '\0' ? path : "the root", errno, fault);
    }
    *out = fd;
    return RESULT_OK;
}

enum result beneath_open_file(int root_fd, const char *path, int *out, struct fault *fault) {
    char self[32];
    struct stat st;
    int place = open_beneath(root_fd, path, O_PATH);
    if (place < 0) {
        return refuse(path, errno, fault);
    }
    enum result result = RESULT_OK;
    snprintf(self, sizeof self, "/proc/self/fd/%d", place);
    int fd = -1;
    if (fstat(place, &st) != 0) {
        result = refuse(path, errno, fault);
    } else if (!S_ISREG(st.st_mode)) {
        result = fault_set(fault, RESULT_DENIED, "'%.120s' is no regular file", path);
    } else if ((fd = open(self, O_RDONLY | O_NOCTTY | O_CLOEXEC)) < 0) {
        result = refuse(path, errno, fault);
    } else {
        *out = fd;
    }
    close(place);
    return result;
}
