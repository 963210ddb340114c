/* One followed file.
 *
 * Polled, not watched: a stat twice a second costs nothing, works on every file system (inotify does not on network
 * mounts and overlays) and needs no case of its own for a folder that does not exist yet. The position only moves over
 * lines that were handed over, after the hand-over, so that a checkpoint taken inside it is exact. Known limits: a file
 * that is truncated and grows past the old position between two polls looks unchanged; of files rotated several times
 * while the agent was down only the one it was reading and the newest are read. Loop thread. */
#include "collect/followed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/clean_text.h"
#include "fieldline/log.h"

enum { CHUNK_BYTES = 8 * 1024, TURN_BYTES = 64 * 1024, FIRST_SIGHT_BYTES = 64 * 1024, FACILITY_LOCAL0 = 16 };

static void identity_of(const struct stat *st, char out[40]) {
    snprintf(out, 40, "%llx-%llx", (unsigned long long)st->st_dev, (unsigned long long)st->st_ino);
}

/* Digest of the bytes at the beginning, as many as a position at `offset` has; "" when they cannot be read. */
static void head_of(int fd, int64_t offset, char out[17]) {
    uint8_t bytes[TAIL_HEAD_BYTES], digest[SHA256_BYTES];
    size_t count = offset < TAIL_HEAD_BYTES ? (size_t)offset : TAIL_HEAD_BYTES;
    out[0] = '\0';
    if (pread(fd, bytes, count, 0) == (ssize_t)count) {
        sha256(bytes, count, digest);
        hex_encode(digest, 8, out);
    }
}

void followed_mark(struct followed *f) {
    if (f->fd >= 0) {
        head_of(f->fd, f->at.offset, f->at.head);
    }
}

void followed_init(struct followed *f, const struct agent_tail *config) {
    *f = (struct followed){.config = config, .fd = -1};
}

void followed_fini(struct followed *f) {
    if (f->fd >= 0) {
        close(f->fd);
        f->fd = -1;
    }
}

static void tell(struct followed *f, const char *why) {
    if (!f->was_told) {
        log_warn("agent.tail", "tail_unreadable", "tail=%s file=%s why=%s", f->config->name, log_text(f->config->file),
                 log_text(why));
    }
    f->was_told = true;
}

/* Opens `path` at the offset. O_NONBLOCK: a FIFO of that name must not hold up the agent. */
static bool open_at(struct followed *f, const char *path, int64_t offset, struct stat *st) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) {
        if (errno != ENOENT) {
            tell(f, strerror(errno));
        }
        return false;
    }
    if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode)) {
        tell(f, "not a regular file");
        close(fd);
        return false;
    }
    followed_fini(f);
    f->fd = fd;
    f->was_told = false;
    f->is_skipping = false;
    f->at.offset = offset;
    identity_of(st, f->at.identity);
    return true;
}

static bool is_same(const char *path, const struct stat *st, const struct tail_position *position) {
    char identity[40], head[17];
    identity_of(st, identity);
    if (strcmp(identity, position->identity) != 0 || st->st_size < position->offset) {
        return false;
    }
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return false;
    }
    head_of(fd, position->offset, head);
    close(fd);
    return strcmp(head, position->head) == 0;
}

/* Looks in the file's folder for the file it was, whatever its name is now. */
static bool open_renamed(struct followed *f, const struct tail_position *position) {
    char folder[PATH_MAX], path[PATH_MAX];
    struct dirent *entry;
    struct stat st;
    bool is_found = false;
    const char *slash = strrchr(f->config->file, '/');
    size_t chars = slash == NULL ? 0 : (size_t)(slash - f->config->file);
    snprintf(folder, sizeof folder, "%.*s", (int)chars, f->config->file);
    DIR *dir = opendir(slash == NULL ? "." : chars == 0 ? "/" : folder);
    while (dir != NULL && !is_found && (entry = readdir(dir)) != NULL) {
        if (snprintf(path, sizeof path, "%.*s%s", (int)(chars + (slash != NULL)), f->config->file, entry->d_name) >=
                (int)sizeof path ||
            stat(path, &st) != 0 || !S_ISREG(st.st_mode)) {
            continue;
        }
        is_found = is_same(path, &st, position);
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return is_found && open_at(f, path, position->offset, &st);
}

void followed_resume(struct followed *f, const struct tail_position *position) {
    struct stat st;
    if (position->identity[0] == '\0') {
        if (open_at(f, f->config->file, 0, &st) && st.st_size > FIRST_SIGHT_BYTES) {
            f->at.offset = st.st_size - FIRST_SIGHT_BYTES;
            f->is_skipping = true;
        }
    } else if (!open_renamed(f, position)) {
        log_warn("agent.tail", "tail_lost_place", "tail=%s file=%s", f->config->name, log_text(f->config->file));
        f->has_lost_place = true;
        open_at(f, f->config->file, 0, &st);
    }
    followed_mark(f);
    f->written = f->at;
}

static void hand_over(struct followed *f, const char *line, size_t chars, bool is_cut, int64_t now_ms,
                      const struct sink *sink) {
    struct log_record record = {
        .event_ms = now_ms, .severity = f->config->severity, .facility = FACILITY_LOCAL0, .is_cut = is_cut};
    while (chars > 0 && line[chars - 1] == '\r') {
        chars--;
    }
    if (chars == 0) {
        return;
    }
    snprintf(record.app, sizeof record.app, "%s", f->config->app);
    record.is_cut |= clean_text(line, chars, record.text, CAP_LOG_TEXT_BYTES);
    sink->log(sink->self, &record);
}

/* Hands over the whole lines of a chunk read at the position; the bytes it used. A line that fills the chunk is cut. */
static size_t take_lines(struct followed *f, const char *chunk, size_t count, int64_t now_ms, const struct sink *sink) {
    size_t used = 0;
    const char *end;
    while ((end = memchr(chunk + used, '\n', count - used)) != NULL) {
        size_t chars = (size_t)(end - (chunk + used));
        if (!f->is_skipping) {
            hand_over(f, chunk + used, chars, false, now_ms, sink);
        }
        f->is_skipping = false;
        used += chars + 1;
        f->at.offset += (int64_t)chars + 1;
    }
    if (used == 0 && (count == CHUNK_BYTES || f->is_skipping)) {
        if (!f->is_skipping) {
            hand_over(f, chunk, count, true, now_ms, sink);
        }
        f->is_skipping = true;
        used = count;
        f->at.offset += (int64_t)count;
    }
    return used;
}

/* Reads on; true when the turn ended before the file did. *left is what an unfinished last line has. */
static bool read_on(struct followed *f, int64_t now_ms, const struct sink *sink) {
    char chunk[CHUNK_BYTES];
    for (size_t turn = 0; turn < TURN_BYTES;) {
        ssize_t got = pread(f->fd, chunk, sizeof chunk, f->at.offset);
        if (got < 0) {
            tell(f, strerror(errno));
            return false;
        }
        size_t used = got == 0 ? 0 : take_lines(f, chunk, (size_t)got, now_ms, sink);
        if (used == 0) {
            return false;
        }
        turn += used;
    }
    return true;
}

/* What was written after the last line's end, when no more will come. */
static void finish(struct followed *f, int64_t now_ms, const struct sink *sink) {
    char chunk[CHUNK_BYTES];
    ssize_t got = pread(f->fd, chunk, sizeof chunk, f->at.offset);
    if (got > 0 && !f->is_skipping) {
        hand_over(f, chunk, (size_t)got, false, now_ms, sink);
        f->at.offset += got;
    }
}

bool followed_read(struct followed *f, int64_t now_ms, const struct sink *sink) {
    struct stat st;
    char identity[40];
    if (f->has_lost_place) {
        f->has_lost_place = false;
        sink->lost(sink->self, LOSS_TAIL, 0);
    }
    if (f->fd >= 0) {
        if (fstat(f->fd, &st) == 0 && st.st_size < f->at.offset) {
            f->at.offset = 0;
            f->is_skipping = false;
        }
        if (read_on(f, now_ms, sink)) {
            return true;
        }
    }
    if (stat(f->config->file, &st) != 0) {
        return false;
    }
    identity_of(&st, identity);
    if (f->fd >= 0 && strcmp(identity, f->at.identity) == 0) {
        return false;
    }
    if (f->fd >= 0) {
        finish(f, now_ms, sink);
    }
    return open_at(f, f->config->file, 0, &st);
}
