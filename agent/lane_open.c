/* Opening a lane: what did the run before leave, and which number comes next?
 *
 * Three endings are told apart. Closed in order: go on. Killed (same boot): everything that was written is there, at
 * most the end of the last record is torn. Power cut (another boot, not closed): records since the last sync may be
 * gone, and they may have reached the gateway; so the numbers up to `reserved` are skipped and become a gap. So they
 * are when the newest file has bytes but no whole record: the kill came while its first record was overwritten. At the
 * start only the newest segment is read through; older ones are checked as they are sent. A lane without a readable
 * state takes its stream from the segments and is treated as after a power cut: repeating is safe, the gateway drops
 * repeats. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "file.h"
#include "lane_private.h"

enum { NAME_CHARS = 16 };
static const char unknown_boot[] = "00000000-0000-4000-8000-000000000000";

static bool parse_name(const char *name, uint64_t *first_seq) {
    uint8_t bytes[NAME_CHARS / 2];
    if (strlen(name) != NAME_CHARS + 4 || strcmp(name + NAME_CHARS, ".seg") != 0 ||
        !hex_decode(name, NAME_CHARS, bytes, sizeof bytes)) {
        return false;
    }
    struct cursor c = cursor_of(bytes, sizeof bytes);
    return cursor_u64be(&c, first_seq) && *first_seq > 0;
}

static int by_number(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The first numbers of all segment files, ascending. */
static enum result list_segments(const struct lane *lane, uint64_t **out, size_t *count, struct fault *fault) {
    DIR *dir = opendir(lane->folder);
    struct dirent *entry;
    uint64_t *numbers = NULL;
    *count = 0;
    if (dir == NULL) {
        return fault_set(fault, RESULT_IO, "cannot list %s: %s", lane->folder, strerror(errno));
    }
    while ((entry = readdir(dir)) != NULL) {
        uint64_t first_seq;
        if (parse_name(entry->d_name, &first_seq)) {
            numbers = mem_realloc(numbers, (*count + 1) * sizeof *numbers);
            numbers[(*count)++] = first_seq;
        }
    }
    closedir(dir);
    if (*count > 0) {
        qsort(numbers, *count, sizeof *numbers, by_number);
    }
    *out = numbers;
    return RESULT_OK;
}

/* Takes one file into the list. A damaged header costs the boot id, not the records. */
static void take_segment(struct lane *lane, uint64_t first_seq, bool has_state) {
    char path[PATH_MAX];
    struct stat st;
    struct segment_head head;
    lane_segment_path(lane, first_seq, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &st) != 0) {
        log_error("agent.spool", "segment_unreadable", "file=%s why=%s", log_text(path), strerror(errno));
    } else if (segment_read_head(fd, &head) == RESULT_OK) {
        lane_add_segment(lane, first_seq, head.boot, st.st_size);
        if (!has_state && lane->oldest == lane->newest) {
            memcpy(lane->state.stream, head.stream, sizeof head.stream);
        }
    } else {
        log_error("agent.spool", "segment_head_damaged", "file=%s", log_text(path));
        lane_add_segment(lane, first_seq, unknown_boot, st.st_size);
    }
    if (fd >= 0) {
        close(fd);
    }
}

/* The last whole record and its end; what comes behind a lower number is left over from before. */
static int64_t read_through(struct lane *lane, int fd) {
    struct segment_record record;
    int64_t end = SEGMENT_HEADER_BYTES, offset = end;
    lane->found_seq = lane->newest->first_seq - 1;
    for (;;) {
        enum result result = segment_read_record(fd, &offset, &lane->room, &record);
        if (result == RESULT_OK && record.seq <= lane->found_seq) {
            return end;
        }
        if (result == RESULT_OK) {
            lane->found_seq = record.seq;
            lane->found_wall_ms = record.wall_ms;
            lane->state.acked = record.acked_seq > lane->state.acked ? record.acked_seq : lane->state.acked;
            end = offset;
        } else if (result != RESULT_CORRUPT || segment_resync(fd, &offset, &lane->room) != RESULT_OK) {
            return end;
        }
    }
}

/* Reads the newest segment through: what is the last whole record, and where does it end? The rest is cut off. */
static enum result check_newest(struct lane *lane, struct fault *fault) {
    char path[PATH_MAX];
    struct segment *s = lane->newest;
    lane_segment_path(lane, s->first_seq, path);
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0) {
        return fault_set(fault, RESULT_IO, "cannot open %s: %s", path, strerror(errno));
    }
    int64_t end = read_through(lane, fd);
    lane->lost_count = end == SEGMENT_HEADER_BYTES && s->bytes > end;
    if (end < s->bytes) {
        log_warn("agent.spool", "torn_end_cut", "file=%s bytes=%lld", log_text(path), (long long)(s->bytes - end));
        if (ftruncate(fd, end) != 0) {
            close(fd);
            return fault_set(fault, RESULT_IO, "cannot cut %s: %s", path, strerror(errno));
        }
    }
    lane->bytes += end - s->bytes;
    s->bytes = end;
    lane->may_append = strcmp(s->boot, lane->boot) == 0 && end >= SEGMENT_HEADER_BYTES;
    lane->write_fd = fd;
    lane->is_unsynced = lane->folder_is_unsynced = true; /* a killed agent's records may be in the page cache alone */
    return RESULT_OK;
}

/* Numbers go on behind everything that may have been used. */
static void choose_next_seq(struct lane *lane, bool has_state) {
    struct lane_state *s = &lane->state;
    bool is_power_cut = !has_state || (!s->is_closed && (strcmp(s->boot, lane->boot) != 0 || lane->lost_count));
    lane->found_seq = lane->found_seq > s->acked ? lane->found_seq : s->acked;
    lane->next_seq = s->next > lane->found_seq ? s->next : lane->found_seq + 1;
    if (is_power_cut && (lane->oldest != NULL || has_state)) {
        uint64_t reserved = s->reserved >= lane->next_seq ? s->reserved : lane->next_seq + LANE_RESERVE;
        lane_state_add_hole(s, &(struct lane_hole){.from = lane->next_seq, .to = reserved, .reason = GAP_POWER_CUT});
        lane->next_seq = reserved + 1;
        lane->may_append = false;
        log_warn("agent.spool", "power_cut", "lane=%s last=%llu next=%llu", log_text(lane->folder),
                 (unsigned long long)lane->found_seq, (unsigned long long)lane->next_seq);
    }
}

static enum result start_state(struct lane *lane, bool has_state, struct fault *fault) {
    struct lane_state *s = &lane->state;
    if (!has_state) {
        s->acked = lane->oldest == NULL ? 0 : lane->oldest->first_seq - 1;
        if (!uuid_valid(s->stream)) {
            uuid_make(s->stream);
        }
    }
    choose_next_seq(lane, has_state);
    lane->aged_seq = lane->next_seq; /* what a killed agent left has waited long enough */
    memcpy(s->boot, lane->boot, sizeof s->boot);
    s->is_closed = false;
    s->reserved = lane->next_seq + LANE_RESERVE;
    if (!lane_write_state(lane) || fsync(lane->state_fd) != 0 || !lane_sync_folder(lane)) {
        return fault_set(fault, RESULT_IO, "cannot write %s/state: %s", lane->folder, strerror(errno));
    }
    return RESULT_OK;
}

enum result lane_recover(struct lane *lane, struct fault *fault) {
    char path[PATH_MAX];
    uint64_t *numbers = NULL;
    size_t count = 0;
    enum result result = file_make_folder(lane->folder, fault);
    if (result != RESULT_OK) {
        return result;
    }
    snprintf(path, sizeof path, "%s/state", lane->folder);
    lane->state_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lane->state_fd < 0) {
        return fault_set(fault, RESULT_IO, "cannot open %s: %s", path, strerror(errno));
    }
    bool has_state = lane_state_read(lane->state_fd, &lane->state) == RESULT_OK;
    result = list_segments(lane, &numbers, &count, fault);
    for (size_t i = 0; i < count; i++) {
        take_segment(lane, numbers[i], has_state);
    }
    free(numbers);
    if (result == RESULT_OK && lane->newest != NULL) {
        result = check_newest(lane, fault);
    }
    return result == RESULT_OK ? start_state(lane, has_state, fault) : result;
}
