/* One file that is followed: its descriptor, its position, the lines that came since. For tail.c. */
#pragma once
#include "agent_config.h"
#include "collect/sink.h"

/* Where in which file. The identity is device and inode as text, "" is nowhere yet. Inodes are used again, so `head` is
 * a digest of the file's first bytes: of TAIL_HEAD_BYTES, or of those before the offset when they are fewer. */
enum { TAIL_HEAD_BYTES = 256 };
struct tail_position {
    char identity[40];
    char head[17];
    int64_t offset;
};

struct followed {
    struct followed *next;
    const struct agent_tail *config;
    int fd;                       /* -1: none is open */
    bool is_skipping;             /* in the rest of a line that was cut */
    bool was_told;                /* that the file cannot be read */
    bool has_lost_place;          /* to be told to the sink */
    struct tail_position at;      /* everything before has been handed over */
    struct tail_position written; /* where the last checkpoint said */
};

void followed_init(struct followed *f, const struct agent_tail *config);
void followed_fini(struct followed *f);
/* Opens at a position of an earlier run; when that file was renamed since, it is looked for in the same folder and read
 * to its end first. Without a position (identity ""): the file's last 64 KiB. */
void followed_resume(struct followed *f, const struct tail_position *position);
/* Completes `at` for a checkpoint. */
void followed_mark(struct followed *f);
/* Hands over what is new, at most about 64 KiB. true: there is more. */
bool followed_read(struct followed *f, int64_t now_ms, const struct sink *sink);
