/* The user as whom a shell runs, looked up before any fork. */
#pragma once
#include <sys/types.h>

#include "fieldline/result.h"

enum { ACCOUNT_GROUPS = 64 };
struct account {
    uid_t uid;
    gid_t gid, groups[ACCOUNT_GROUPS];
    int group_count;
    bool must_become; /* it is not who we are */
    char name[64], home[256];
};
/* user NULL: ourselves. Refuses a user who does not exist, or whom we have no right to become. */
FL_CHECK enum result account_find(const char *user, struct account *out, struct fault *fault);
/* In a child, after fork: async-signal-safe. */
FL_CHECK bool account_become(const struct account *account);
