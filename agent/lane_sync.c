/* What of a lane has to reach the disk now?
 *
 * A record needs the disk only if it is still unacknowledged when the durability interval ends, so lane_tick comes by
 * twice in an interval and syncs when something was already there the last time. On a good link that is never. A file
 * whose sync failed is never trusted again: the kernel forgets what it could not write, and a second fdatasync would
 * say that all is well. Loop thread. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/log.h"
#include "lane_private.h"

bool lane_has_unacked(const struct lane *lane) {
    return lane->state.acked + 1 < lane->next_seq;
}

bool lane_sync_folder(const struct lane *lane) {
    int fd = open(lane->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return is_synced;
}

enum result lane_sync(struct lane *lane) {
    enum result result = RESULT_OK;
    if (lane->state_is_old) {
        lane_write_state(lane);
    }
    if (lane->is_unsynced && lane_has_unacked(lane)) {
        lane->sync_count++;
        bool is_synced = fdatasync(lane->write_fd) == 0 && (!lane->folder_is_unsynced || lane_sync_folder(lane));
        if (!is_synced) {
            log_error("agent.spool", "sync_failed", "lane=%s why=%s", log_text(lane->folder), strerror(errno));
            lane->may_append = false;
            result = RESULT_IO;
        }
        lane->folder_is_unsynced &= !is_synced;
    }
    lane->is_unsynced = false;
    lane->synced_seq = result == RESULT_OK ? lane->next_seq - 1 : lane->synced_seq;
    return result;
}

bool lane_tick(struct lane *lane) {
    uint64_t safe_seq = lane->synced_seq > lane->state.acked ? lane->synced_seq : lane->state.acked;
    bool is_due = lane->is_unsynced && safe_seq + 1 < lane->aged_seq;
    lane->aged_seq = lane->next_seq;
    if ((is_due || lane->state_is_old) && lane_sync(lane) != RESULT_OK) {
        return true; /* logged; the lane goes on in a new file */
    }
    return lane->is_unsynced && lane_has_unacked(lane);
}
