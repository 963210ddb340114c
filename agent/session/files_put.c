/* file.put: a file of the engineer's comes to the product.
 *
 * It is written under a hidden name beside its place, whole to the disk (fsync), compared with the sum that was
 * announced, and only then renamed, so nobody ever sees half of it. An existing file is replaced only when that was
 * asked for. Space is reserved before the first byte; a disk that fills up ends the upload as "full".
 *
 * An upload whose stream goes away waits for `resume` with its running hash; asked for again with the same root, path,
 * size and sum it goes on where it stood. It ends with the session: what is not finished is removed, because nobody
 * would come back for it. A sum kept on disk for a later session was left: whoever can write there could have changed
 * the part meanwhile, and hashing it again costs about what sending it costs. */
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "session/files_inside.h"

enum { PART_BYTES = 48, CREDIT_BYTES = CAP_CREDIT_BYTES, GIVE_LEAST = 16 * 1024 };

struct files_put {
    struct files_put *next;
    struct files *files;
    struct files_use *use;
    struct stream *stream; /* NULL: it broke off and waits */
    struct loop_timer turn, keep;
    struct digest *digest;
    int folder_fd, fd;
    char path[FILES_PATH_BYTES + 1], name[BENEATH_NAME_BYTES + 1], part[PART_BYTES];
    char sha256[SHA256_HEX_BYTES];
    int64_t size, written;
    int64_t promised; /* credit that was given, from the resumed offset on */
    bool may_replace, waits;
};

bool files_put_owns(const struct files *f, const char *part) {
    const struct files_put *p = f->puts;
    while (p != NULL && strcmp(p->part, part) != 0) {
        p = p->next;
    }
    return p != NULL;
}

static void put_free(struct files_put *p, bool is_kept) {
    struct files_put **at = &p->files->puts;
    struct fault fault;
    while (*at != p) {
        at = &(*at)->next;
    }
    *at = p->next;
    loop_disarm(p->files->loop, &p->turn);
    loop_disarm(p->files->loop, &p->keep);
    if (!is_kept && files_borrow(p->files, &fault) == RESULT_OK) {
        if (unlinkat(p->folder_fd, p->part, 0) != 0) {
            log_warn("session.files", "part_left", "root=%s name=%s why=%s", p->use->root->name, p->part,
                     strerror(errno));
        }
        files_give_back(p->files);
    }
    digest_free(p->digest);
    close(p->fd);
    close(p->folder_fd);
    free(p);
}

void files_put_remove_all(struct files *f) {
    while (f->puts != NULL) {
        put_free(f->puts, false);
    }
}

static void finish(struct files_put *p, const char *reason) {
    struct stream *stream = p->stream;
    char hex[SHA256_HEX_BYTES];
    bool is_done = strcmp(reason, "done") == 0;
    digest_hex(p->digest, hex);
    put_free(p, is_done);
    stream_close(stream, reason, is_done ? hex : NULL);
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

/* New credit: what the rate allows, up to CREDIT_BYTES ahead and never beyond the file's end. */
static void give(struct files_put *p) {
    int64_t ahead = p->promised - p->written, left = p->size - p->promised, want = CREDIT_BYTES - ahead;
    want = want < left ? want : left;
    if (want <= 0 || (want < GIVE_LEAST && want < left) || p->waits) {
        return;
    }
    int64_t given = files_tokens(p->use, want);
    p->waits = given == 0; /* what was given less is asked for again when bytes have come */
    if (given > 0) {
        p->promised += given;
        stream_give(p->stream, (uint32_t)given);
    }
}

static void on_turn(void *self) {
    give(self);
}

void files_put_wake(struct files *f, const struct files_use *use) {
    for (struct files_put *p = f->puts; p != NULL; p = p->next) {
        if (p->use == use && p->waits) {
            p->waits = false;
            if (p->stream != NULL) {
                loop_arm(f->loop, &p->turn, 0, on_turn, p);
            }
        }
    }
}

static bool write_all(int fd, const uint8_t *bytes, size_t count) {
    while (count > 0) {
        ssize_t n = write(fd, bytes, count);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        bytes += n;
        count -= (size_t)n;
    }
    return true;
}

static const char *reason_of(int why) {
    return why == ENOSPC || why == EDQUOT ? "full" : "failed";
}

static void on_received(void *self, struct stream *stream, const void *bytes, size_t count) {
    struct files_put *p = self;
    (void)stream;
    if (p->use->moved_bytes + (int64_t)count > p->use->root->total_bytes) {
        finish(p, "limit");
        return;
    }
    if (!write_all(p->fd, bytes, count)) {
        int why = errno;
        log_warn("session.files", "write_failed", "root=%s why=%s", p->use->root->name, strerror(why));
        finish(p, reason_of(why));
        return;
    }
    digest_add(p->digest, bytes, count);
    p->written += (int64_t)count;
    p->use->moved_bytes += (int64_t)count;
    give(p);
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static bool set_owner(const struct files_put *p) {
    const char *owner = p->use->root->owner;
    const struct passwd *pw = owner != NULL ? getpwnam(owner) : NULL;
    return fchmod(p->fd, p->use->root->mode) == 0 &&
           (owner == NULL || (pw != NULL && fchown(p->fd, pw->pw_uid, pw->pw_gid) == 0));
}

/* Some file systems cannot rename without replacing; a second name, which never replaces, serves them. */
static bool into_place(const struct files_put *p) {
    unsigned flags = p->may_replace ? 0 : RENAME_NOREPLACE;
    if (renameat2(p->folder_fd, p->part, p->folder_fd, p->name, flags) == 0) {
        return true;
    }
    return errno == EINVAL && !p->may_replace && linkat(p->folder_fd, p->part, p->folder_fd, p->name, 0) == 0 &&
           unlinkat(p->folder_fd, p->part, 0) == 0;
}

/* Whole on the disk, and in its place. NULL: done; else the reason. */
static const char *settle(struct files_put *p) {
    char hex[SHA256_HEX_BYTES];
    struct fault fault;
    digest_hex(p->digest, hex);
    if (p->written != p->size || strcmp(hex, p->sha256) != 0) {
        return "changed";
    }
    if (!set_owner(p) || fsync(p->fd) != 0) {
        log_warn("session.files", "write_failed", "root=%s why=%s", p->use->root->name, strerror(errno));
        return reason_of(errno);
    }
    if (files_borrow(p->files, &fault) != RESULT_OK) {
        return "failed";
    }
    int why = into_place(p) ? 0 : errno;
    int folder = why == 0 ? openat(p->folder_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    files_give_back(p->files);
    if (folder >= 0) { /* the name too; a folder that only lets write cannot be opened, and is synced by the system */
        (void)!fsync(folder);
        close(folder);
    }
    if (why != 0) {
        log_warn("session.files", "rename_failed", "root=%s why=%s", p->use->root->name, strerror(why));
    }
    return why == 0 ? NULL : why == EEXIST || why == EISDIR ? "refused" : reason_of(why);
}

static void on_finished(void *self, struct stream *stream) {
    struct files_put *p = self;
    (void)stream;
    const char *reason = settle(p);
    finish(p, reason == NULL ? "done" : reason);
}

static void on_not_resumed(void *self) {
    put_free(self, false);
}

static void on_gone(void *self, struct stream *stream) {
    struct files_put *p = self;
    (void)stream;
    p->stream = NULL;
    p->waits = false;
    loop_disarm(p->files->loop, &p->turn);
    loop_arm(p->files->loop, &p->keep, p->use->root->resume_ms, on_not_resumed, p);
}

static const struct stream_user user = {.received = on_received, .finished = on_finished, .gone = on_gone};

/* ---- the beginning ----------------------------------------------------------------------------------------------- */

static struct files_put *find_waiting(struct files *f, const struct files_use *use, const struct files_order *o) {
    struct files_put *p = f->puts;
    while (p != NULL && (p->use != use || strcmp(p->path, o->path) != 0)) {
        p = p->next;
    }
    return p;
}

/* The hidden file, with its space reserved where the file system can. */
static enum result make_part(struct files_put *p, struct fault *fault) {
    uint8_t id[12];
    char hex[sizeof id * 2 + 1];
    random_bytes(id, sizeof id);
    hex_encode(id, sizeof id, hex);
    snprintf(p->part, sizeof p->part, BENEATH_PART "%s", hex);
    p->fd = openat(p->folder_fd, p->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (p->fd < 0) {
        return fault_set(fault, errno == EACCES || errno == EROFS ? RESULT_DENIED : RESULT_IO,
                         "nothing can be written beside '%.120s': %s", p->path, strerror(errno));
    }
    if (p->size > 0 && fallocate(p->fd, FALLOC_FL_KEEP_SIZE, 0, p->size) != 0 && (errno == ENOSPC || errno == EDQUOT)) {
        unlinkat(p->folder_fd, p->part, 0);
        close(p->fd);
        p->fd = -1;
        return fault_set(fault, RESULT_FULL, "the product's disk has no room for %lld bytes", (long long)p->size);
    }
    return RESULT_OK;
}

/* Uploads that broke off hold their room until they are given up: their number and what they still lack are bounded, as
 * an engineer may begin as many as he likes. */
static enum result check_room(const struct files *f, const struct files_use *use, int64_t size, struct fault *fault) {
    int64_t reserved = 0, left = use->root->total_bytes - use->moved_bytes;
    size_t count = 0;
    for (const struct files_put *p = f->puts; p != NULL; p = p->next) {
        reserved += p->use == use ? p->size - p->written : 0;
        count++;
    }
    if (count >= CAP_SESSION_STREAMS) {
        return fault_set(fault, RESULT_FULL, "%d uploads are unfinished; finish one, or wait", CAP_SESSION_STREAMS);
    }
    if (size > left - reserved) {
        return fault_set(fault, RESULT_FULL,
                         "%lld bytes are left in '%s' in this session, of which %lld are promised "
                         "to unfinished uploads",
                         (long long)left, use->root->name, (long long)reserved);
    }
    return RESULT_OK;
}

static enum result begin(struct files *f, struct files_use *use, int root_fd, const struct files_order *o,
                         struct files_put **out, struct fault *fault) {
    if (check_room(f, use, o->size, fault) != RESULT_OK) {
        return RESULT_FULL;
    }
    struct files_put *p = mem_alloc(sizeof *p);
    *p = (struct files_put){.files = f, .use = use, .fd = -1, .folder_fd = -1, .size = o->size};
    snprintf(p->path, sizeof p->path, "%s", o->path);
    snprintf(p->name, sizeof p->name, "%s", o->name);
    snprintf(p->sha256, sizeof p->sha256, "%s", o->sha256);
    enum result result = files_borrow(f, fault);
    if (result == RESULT_OK) {
        if ((result = beneath_open_folder(root_fd, o->folder, true, &p->folder_fd, fault)) == RESULT_OK &&
            (result = files_order_check_place(o, p->folder_fd, fault)) == RESULT_OK) {
            result = make_part(p, fault);
        }
        files_give_back(f);
    }
    if (result != RESULT_OK) {
        if (p->folder_fd >= 0) {
            close(p->folder_fd);
        }
        free(p);
        return result;
    }
    p->digest = digest_new();
    p->next = f->puts;
    f->puts = p;
    *out = p;
    return RESULT_OK;
}

/* The upload that this order is about: one that waits, or a new one. */
static enum result find_or_begin(struct files *f, struct files_use *use, int root_fd, const struct files_order *o,
                                 struct files_put **out, struct fault *fault) {
    struct files_put *p = find_waiting(f, use, o);
    if (p != NULL && p->stream != NULL) {
        return fault_set(fault, RESULT_CONFLICT, "'%.120s' is being uploaded already", o->path);
    }
    bool is_same = p != NULL && p->size == o->size && strcmp(p->sha256, o->sha256) == 0;
    if (is_same && o->is_resumed && p->written <= o->offset) {
        *out = p;
        return RESULT_OK;
    }
    if (p != NULL) {
        put_free(p, false); /* another file, or from the start */
    }
    return begin(f, use, root_fd, o, out, fault);
}

enum result files_put(struct files *f, const struct json *params, struct buf *out, struct fault *fault) {
    struct files_order o;
    struct files_use *use;
    struct files_put *p = NULL;
    int root_fd = -1;
    enum result result;
    if ((result = files_order_read(params, &o, fault)) != RESULT_OK ||
        (result = files_enter(f, params, true, &use, &root_fd, fault)) != RESULT_OK) {
        return result;
    }
    if ((result = files_room(use, o.size, o.is_resumed ? o.offset : 0, fault)) != RESULT_OK ||
        (result = files_order_check_owner(use, fault)) != RESULT_OK ||
        (result = find_or_begin(f, use, root_fd, &o, &p, fault)) != RESULT_OK) {
        goto out;
    }
    result = stream_open(f->streams, o.stream, &user, p, &p->stream, fault);
    if (result != RESULT_OK) {
        p->stream = NULL;
        loop_arm(f->loop, &p->keep, p->use->root->resume_ms, on_not_resumed, p);
        goto out;
    }
    loop_disarm(f->loop, &p->keep);
    p->may_replace = o.may_replace;
    p->promised = p->written;
    loop_arm(f->loop, &p->turn, 0, on_turn, p);
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_int(&j, "offset", p->written);
    jo_end(&j);
out:
    close(root_fd);
    return result;
}
