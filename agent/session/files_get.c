/* file.get: a file of the product goes to the engineer.
 *
 * It is opened once and read from that descriptor, so a file that is replaced meanwhile is still sent as it was; one
 * that is written to meanwhile is found at the end by its size and time, and the transfer is over as "changed". A
 * resumed transfer hashes what was sent before, a piece each turn of the loop, so that the sum is of the whole file.
 * What is sent is bounded by the stream's credit, the root's rate and FILES_TURN_BYTES, whichever is least. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "session/files_inside.h"

struct files_get {
    struct files_get *next;
    struct files *files;
    struct files_use *use;
    struct stream *stream;
    struct loop_timer turn;
    struct digest *digest;
    int fd;
    struct stat before;
    int64_t at;   /* read and hashed so far */
    int64_t from; /* sent from here on */
    bool waits;   /* for tokens */
};

static int64_t mtime_ms(const struct stat *st) {
    return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

static void get_free(struct files_get *g) {
    struct files_get **at = &g->files->gets;
    while (*at != g) {
        at = &(*at)->next;
    }
    *at = g->next;
    loop_disarm(g->files->loop, &g->turn);
    digest_free(g->digest);
    close(g->fd);
    free(g);
}

static void finish(struct files_get *g, const char *reason, const char *sha256_hex) {
    struct stream *stream = g->stream;
    get_free(g);
    stream_close(stream, reason, sha256_hex);
}

static void finish_whole(struct files_get *g) {
    char hex[SHA256_HEX_BYTES];
    struct stat now;
    bool is_same = fstat(g->fd, &now) == 0 && now.st_size == g->before.st_size &&
                   now.st_mtim.tv_sec == g->before.st_mtim.tv_sec && now.st_mtim.tv_nsec == g->before.st_mtim.tv_nsec;
    digest_hex(g->digest, hex);
    finish(g, is_same ? "done" : "changed", is_same ? hex : NULL);
}

/* How many bytes may be read now; 0: whoever is waited for wakes us. */
static int64_t allowance(struct files_get *g) {
    int64_t left = g->before.st_size - g->at;
    if (g->at < g->from) {
        left = g->from - g->at;
        return left < FILES_TURN_BYTES ? left : FILES_TURN_BYTES; /* only hashed */
    }
    int64_t want = stream_room(g->stream);
    want = want < left ? want : left;
    want = want < CAP_STREAM_BYTES ? want : CAP_STREAM_BYTES;
    if (want > 0) {
        want = files_tokens(g->use, want);
        g->waits = want == 0;
    }
    return want;
}

static void on_turn(void *self);

/* One piece; false: there is nothing to do now, or the transfer is over. */
static bool step(struct files_get *g) {
    uint8_t bytes[FILES_TURN_BYTES];
    bool is_sent = g->at >= g->from;
    if (g->at == g->before.st_size) {
        finish_whole(g);
        return false;
    }
    int64_t want = allowance(g);
    if (want == 0) {
        return false;
    }
    if (is_sent && g->use->moved_bytes + want > g->use->root->total_bytes) {
        finish(g, "limit", NULL);
        return false;
    }
    ssize_t n = pread(g->fd, bytes, (size_t)want, g->at);
    if (n <= 0) {
        log_warn("session.files", "read_failed", "root=%s why=%s", g->use->root->name,
                 n == 0 ? "shorter" : strerror(errno));
        finish(g, n == 0 ? "changed" : "failed", NULL);
        return false;
    }
    digest_add(g->digest, bytes, (size_t)n);
    g->at += n;
    if (is_sent) {
        g->use->moved_bytes += n;
        stream_send(g->stream, bytes, (size_t)n);
    }
    return true;
}

static void on_turn(void *self) {
    struct files_get *g = self;
    for (int64_t from = g->at; g->at - from < FILES_TURN_BYTES;) {
        if (!step(g)) {
            return;
        }
    }
    loop_arm(g->files->loop, &g->turn, 0, on_turn, g);
}

static void on_writable(void *self, struct stream *stream) {
    struct files_get *g = self;
    (void)stream;
    if (!g->waits) {
        loop_arm(g->files->loop, &g->turn, 0, on_turn, g);
    }
}

static void on_received(void *self, struct stream *stream, const void *bytes, size_t count) {
    (void)self, (void)stream, (void)bytes, (void)count; /* no credit is given, so nothing comes */
}

static void on_gone(void *self, struct stream *stream) {
    (void)stream;
    get_free(self);
}

static const struct stream_user user = {.received = on_received, .writable = on_writable, .gone = on_gone};

void files_get_wake(struct files *f, const struct files_use *use) {
    for (struct files_get *g = f->gets; g != NULL; g = g->next) {
        if (g->use == use && g->waits) {
            g->waits = false;
            loop_arm(f->loop, &g->turn, 0, on_turn, g);
        }
    }
}

/* What a resumed transfer must know of the file: it has to be the one that was begun. */
static enum result check_offset(const struct json *params, const struct stat *st, int64_t *offset,
                                struct fault *fault) {
    int64_t size, time_ms;
    enum result result;
    *offset = 0;
    if (json_get(params, "offset") == NULL) {
        return RESULT_OK;
    }
    if ((result = json_integer(params, "offset", 0, FILES_BYTES_MOST, offset, fault)) != RESULT_OK || *offset == 0) {
        return result;
    }
    if ((result = json_integer(params, "size", 0, FILES_BYTES_MOST, &size, fault)) != RESULT_OK ||
        (result = json_integer(params, "mtime_ms", INT64_MIN / 2, INT64_MAX / 2, &time_ms, fault)) != RESULT_OK) {
        return result;
    }
    if (size != st->st_size || time_ms != mtime_ms(st)) {
        return fault_set(fault, RESULT_CONFLICT, "the file has changed since the transfer began; begin again");
    }
    return *offset <= size ? RESULT_OK : fault_set(fault, RESULT_BAD_INPUT, "'offset' is beyond the end of the file");
}

static enum result open_file(struct files *f, const struct json *params, struct files_use **use, int *fd,
                             struct fault *fault) {
    const char *path;
    int root_fd;
    enum result result;
    if ((result = json_string(params, "path", FILES_PATH_BYTES, &path, fault)) != RESULT_OK ||
        (result = beneath_check(path, false, fault)) != RESULT_OK ||
        (result = files_enter(f, params, false, use, &root_fd, fault)) != RESULT_OK) {
        return result;
    }
    result = files_borrow(f, fault);
    if (result == RESULT_OK) {
        result = beneath_open_file(root_fd, path, fd, fault);
        files_give_back(f);
    }
    close(root_fd);
    return result;
}

enum result files_get(struct files *f, const struct json *params, struct buf *out, struct fault *fault) {
    int64_t number, offset;
    struct files_use *use;
    struct stat st;
    int fd = -1;
    enum result result;
    if ((result = json_integer(params, "stream", 1, UINT16_MAX, &number, fault)) != RESULT_OK ||
        (result = open_file(f, params, &use, &fd, fault)) != RESULT_OK) {
        return result;
    }
    struct files_get *g = mem_alloc(sizeof *g);
    if (fstat(fd, &st) != 0) {
        result = fault_set(fault, RESULT_IO, "the file cannot be looked at: %s", strerror(errno));
        goto out;
    }
    if ((result = check_offset(params, &st, &offset, fault)) != RESULT_OK ||
        (result = files_room(use, st.st_size, offset, fault)) != RESULT_OK ||
        (result = stream_open(f->streams, number, &user, g, &g->stream, fault)) != RESULT_OK) {
        goto out;
    }
    *g = (struct files_get){.next = f->gets,
                            .files = f,
                            .use = use,
                            .stream = g->stream,
                            .digest = digest_new(),
                            .fd = fd,
                            .before = st,
                            .from = offset};
    f->gets = g;
    loop_arm(f->loop, &g->turn, 0, on_turn, g);
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_int(&j, "size", st.st_size);
    jo_int(&j, "mtime_ms", mtime_ms(&st));
    jo_int(&j, "offset", offset);
    jo_end(&j);
    g = NULL;
    fd = -1;
out:
    free(g);
    if (fd >= 0) {
        close(fd);
    }
    return result;
}
