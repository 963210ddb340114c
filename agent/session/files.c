/* Roots in use: who may, as whom, how fast and how much. Listing and the two transfers are files of their own.
 *
 * Rights: when the session process runs as root and the configuration names a user, every look-up, open, creation and
 * rename is done with that user's file system identity (setfsuid and this thread's groups), so the kernel refuses what
 * the user may not do. Becoming the user for good was left: the terminal and the network thread live in the same
 * process. Without root the process is its user already.
 *
 * Limits are the configuration's. They are held here against what has been moved, whatever the gateway believes. */
#include "session/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "session/files_inside.h"

enum { STALE_SPARE_S = 60, SWEPT_ENTRIES = 100000 };

struct files *files_new(struct loop *loop, const struct session_grant *grant, struct streams *streams) {
    struct files *f = mem_alloc(sizeof *f);
    *f = (struct files){.loop = loop, .grant = grant, .streams = streams};
    for (const struct files_root *root = grant->files_roots; root != NULL && f->use_count < FILES_ROOTS;
         root = root->next) {
        struct files_use *use = &f->uses[f->use_count++];
        use->files = f;
        use->root = root;
        rate_init(&use->rate, root->rate, clock_mono_ms());
    }
    return f;
}

void files_free(struct files *f) {
    if (f == NULL) {
        return;
    }
    files_put_remove_all(f);
    for (size_t i = 0; i < f->use_count; i++) {
        loop_disarm(f->loop, &f->uses[i].refill);
    }
    free(f);
}

/* ---- rights ------------------------------------------------------------------------------------------------------ */

/* The raw call changes this thread's groups alone; the C library's changes all threads'. */
static bool set_groups(const gid_t *groups, int count) {
    return syscall(SYS_setgroups, (size_t)count, groups) == 0;
}

void files_give_back(struct files *f) {
    if (f->account.must_become) {
        gid_t none = getegid();
        setfsuid(geteuid());
        setfsgid(getegid());
        if (!set_groups(&none, 1) || setfsuid((uid_t)-1) != (int)geteuid()) {
            die("session.files", "its own rights did not come back");
        }
    }
}

enum result files_borrow(struct files *f, struct fault *fault) {
    if (!f->has_account) {
        enum result result = account_find(f->grant->shell_user, &f->account, fault);
        if (result != RESULT_OK) {
            return result;
        }
        f->has_account = true;
    }
    if (!f->account.must_become) {
        return RESULT_OK;
    }
    bool has_groups = set_groups(f->account.groups, f->account.group_count);
    setfsgid(f->account.gid);
    setfsuid(f->account.uid);
    if (has_groups && setfsuid((uid_t)-1) == (int)f->account.uid && setfsgid((gid_t)-1) == (int)f->account.gid) {
        return RESULT_OK;
    }
    files_give_back(f);
    return fault_set(fault, RESULT_DENIED, "the rights of '%s' cannot be taken", f->account.name);
}

/* ---- roots ------------------------------------------------------------------------------------------------------- */

static struct files_use *find(struct files *f, const char *name) {
    for (size_t i = 0; i < f->use_count; i++) {
        if (strcmp(f->uses[i].root->name, name) == 0) {
            return &f->uses[i];
        }
    }
    return NULL;
}

enum result files_enter(struct files *f, const struct json *params, bool to_write, struct files_use **out, int *root_fd,
                        struct fault *fault) {
    const char *name;
    enum result result = json_string(params, "root", FILES_ROOT_NAME_BYTES, &name, fault);
    if (result != RESULT_OK) {
        return result;
    }
    struct files_use *use = find(f, name);
    if (use == NULL) {
        return fault_set(fault, RESULT_NOT_FOUND, "this product has no files under '%s'", name);
    }
    if (to_write ? !use->root->may_write : !use->root->may_read) {
        return fault_set(fault, RESULT_DENIED, "this product allows nobody to %s '%s'", to_write ? "write to" : "read",
                         name);
    }
    result = files_borrow(f, fault);
    if (result != RESULT_OK) {
        return result;
    }
    result = beneath_open_root(use->root->path, root_fd, fault);
    files_give_back(f);
    *out = use;
    return result;
}

void files_roots(const struct files *f, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_array(&j, "roots");
    for (size_t i = 0; i < f->use_count; i++) {
        const struct files_use *use = &f->uses[i];
        jo_object(&j, NULL);
        jo_str(&j, "name", use->root->name);
        jo_bool(&j, "may_read", use->root->may_read);
        jo_bool(&j, "may_write", use->root->may_write);
        jo_int(&j, "limit", use->root->max_bytes);
        jo_int(&j, "left", use->root->total_bytes - use->moved_bytes);
        jo_end(&j);
    }
    jo_end(&j);
    jo_end(&j);
}

/* ---- limits ------------------------------------------------------------------------------------------------------ */

enum result files_room(const struct files_use *use, int64_t size, int64_t offset, struct fault *fault) {
    int64_t left = use->root->total_bytes - use->moved_bytes;
    if (size > use->root->max_bytes) {
        return fault_set(fault, RESULT_TOO_BIG, "it has %lld bytes; '%s' allows %lld for one file", (long long)size,
                         use->root->name, (long long)use->root->max_bytes);
    }
    if (size - offset > left) {
        return fault_set(fault, RESULT_FULL, "it has %lld bytes; this session may move %lld more through '%s'",
                         (long long)(size - offset), (long long)left, use->root->name);
    }
    return RESULT_OK;
}

static void on_refill(void *self) {
    struct files_use *use = self;
    files_get_wake(use->files, use);
    files_put_wake(use->files, use);
}

int64_t files_tokens(struct files_use *use, int64_t want) {
    int64_t given = rate_take(&use->rate, want, clock_mono_ms());
    if (given == 0 && !use->refill.is_armed) {
        loop_arm(use->files->loop, &use->refill, rate_wait_ms(&use->rate), on_refill, use);
    }
    return given;
}

/* ---- leavings ---------------------------------------------------------------------------------------------------- */

void files_sweep(const struct files_use *use, int folder_fd) {
    int copy = fcntl(folder_fd, F_DUPFD_CLOEXEC, 3);
    DIR *dir = copy >= 0 ? fdopendir(copy) : NULL;
    time_t stale = time(NULL) - (time_t)(use->root->resume_ms / 1000) - STALE_SPARE_S;
    struct dirent *entry;
    struct stat st;
    if (dir != NULL) {
        rewinddir(dir); /* a copied descriptor shares its place */
    }
    for (int i = 0; dir != NULL && i < SWEPT_ENTRIES && (entry = readdir(dir)) != NULL; i++) {
        if (strncmp(entry->d_name, BENEATH_PART, sizeof BENEATH_PART - 1) == 0 &&
            !files_put_owns(use->files, entry->d_name) &&
            fstatat(folder_fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
            st.st_mtime < stale && unlinkat(folder_fd, entry->d_name, 0) == 0) {
            log_info("session.files", "leaving_removed", "root=%s name=%s", use->root->name, entry->d_name);
        }
    }
    if (dir != NULL) {
        closedir(dir);
    } else if (copy >= 0) {
        close(copy);
    }
}
