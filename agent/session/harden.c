/* Rights given up for good. What needs a mount namespace, seccomp or another user is the business of the unit that
 * starts the agent (deploy/) and of `shell_user`. */
#include "session/harden.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { DESCRIPTORS = 1024 };

enum result harden(int keep_fd, struct fault *fault) {
    struct rlimit no_core = {0, 0}, descriptors = {DESCRIPTORS, DESCRIPTORS};
    bool is_closed = keep_fd == 3 ? close_range(4, ~0U, 0) == 0 : close_range(3, ~0U, 0) == 0;
    if (!is_closed || (keep_fd >= 0 && fcntl(keep_fd, F_SETFD, FD_CLOEXEC) != 0)) {
        return fault_set(fault, RESULT_IO, "cannot close what was inherited: %s", strerror(errno));
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0) != 0 ||
        setrlimit(RLIMIT_CORE, &no_core) != 0 || setrlimit(RLIMIT_NOFILE, &descriptors) != 0) {
        return fault_set(fault, RESULT_IO, "cannot give up rights: %s", strerror(errno));
    }
    return RESULT_OK;
}
