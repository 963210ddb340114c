/* Looks users up and becomes them. The look-up allocates and reads files, so it happens in the parent; the child makes
 * three system calls, and giving up rights cannot half succeed: any failure ends the child. */
#include "session/account.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum result account_find(const char *user, struct account *out, struct fault *fault) {
    struct account a = {.group_count = ACCOUNT_GROUPS};
    errno = 0;
    const struct passwd *pw = user != NULL ? getpwnam(user) : getpwuid(geteuid());
    if (pw == NULL && user != NULL) {
        return fault_set(fault, RESULT_NOT_FOUND, "there is no user '%s' on this product", user);
    }
    if (pw == NULL) { /* a number without a name, as in a container */
        a.uid = geteuid();
        a.gid = getegid();
        snprintf(a.name, sizeof a.name, "%u", (unsigned)a.uid);
        snprintf(a.home, sizeof a.home, "/");
        *out = a;
        return RESULT_OK;
    }
    a.uid = pw->pw_uid;
    a.gid = pw->pw_gid;
    a.must_become = a.uid != geteuid();
    if (a.must_become && geteuid() != 0) {
        return fault_set(fault, RESULT_DENIED, "the agent has no right to become the user '%s'", user);
    }
    if (getgrouplist(pw->pw_name, pw->pw_gid, a.groups, &a.group_count) < 0) {
        return fault_set(fault, RESULT_TOO_BIG, "the user '%s' is in more than %d groups", pw->pw_name, ACCOUNT_GROUPS);
    }
    snprintf(a.name, sizeof a.name, "%s", pw->pw_name);
    snprintf(a.home, sizeof a.home, "%s", pw->pw_dir);
    *out = a;
    return RESULT_OK;
}

bool account_become(const struct account *a) {
    if (!a->must_become) {
        return true;
    }
    return setgroups((size_t)a->group_count, a->groups) == 0 && setresgid(a->gid, a->gid, a->gid) == 0 &&
           setresuid(a->uid, a->uid, a->uid) == 0;
}
