/* The insides of the spool, shared by spool.c and spool_spare.c. */
#pragma once
#include "lane.h"
#include "spool.h"

struct spool {
    int lock_fd;
    int64_t max_bytes;
    char boot[CAP_UUID_BYTES + 1];
    struct lane *lanes[SPOOL_LANES]; /* a spare is NULL until it is needed */
    char *spare_folder;              /* NULL: there may be none */
    bool is_spared;
    int64_t spared_mono_ms; /* when the disk was tried last */
    char disk_trouble[64];
    uint64_t before_spare[SPOOL_DISK_LANES]; /* the last number that is older than what is in the spare */
    uint64_t payload_bytes[SPOOL_LANES];
    struct buf gap; /* the payload of the gap event read last */
};

/* Into the spare of a disk's lane. RESULT_IO: there can be none. */
FL_CHECK enum result spool_spare_append(struct spool *spool, enum spool_lane disk, const struct segment_record *record);
/* Is this record for the disk? In trouble it is asked again once the spares are empty or full, now and then. */
bool spool_spare_may_use_disk(const struct spool *spool, struct moment now);
/* The disk did not take a record; errno says why. */
void spool_spare_begin(struct spool *spool, struct moment now);
/* The disk took one. */
void spool_spare_end(struct spool *spool);
