/* One file of a spool lane: a header, then records back to back, each with its own checksum.
 *
 *   header  "FLSPOOL1" stream[36] boot[36] first_seq:u64 check[8]                                        96 bytes
 *   record  "FLR1" bytes:u32 seq:u64 mono_ms:u64 wall_ms:u64 kind:u8 behind:u56 check[8] payload         48 + payload
 *
 * Integers are big endian; a check is the first 8 bytes of the SHA-256 of everything before it and, for a record, the
 * payload. Whatever a power cut or a flipped bit did to a record, it is not taken for one. `behind` is how far the
 * acknowledgements were behind this record when it was written (0: an agent wrote it that did not say), so that they
 * need no write of their own.
 *
 * Numbers grow from record to record. What follows a record with a lower number is left over from before the file was
 * begun anew in place, and counts for nothing. */
#pragma once
#include "fieldline/message.h"
#include "fieldline/topic.h"

enum { SEGMENT_HEADER_BYTES = 96, SEGMENT_RECORD_BYTES = 48 };

struct segment_head {
    char stream[CAP_UUID_BYTES + 1], boot[CAP_UUID_BYTES + 1];
    uint64_t first_seq;
};
/* `payload` points into the buffer that was given to read or build. */
struct segment_record {
    uint64_t seq;
    int64_t mono_ms, wall_ms;
    enum topic_kind kind;
    uint64_t acked_seq; /* at least everything up to here had been acknowledged; 0: nothing, or not known */
    const uint8_t *payload;
    size_t bytes;
};

void segment_build_head(const struct segment_head *head, struct buf *out);
void segment_build_record(const struct segment_record *record, struct buf *out);

/* RESULT_CORRUPT when it is damaged, RESULT_IO when it cannot be read. */
FL_CHECK enum result segment_read_head(int fd, struct segment_head *out);
/* The record at *offset, which then moves behind it; its bytes are in `room`. RESULT_NOT_FOUND: the file ends here.
 * RESULT_CORRUPT: what is here is not a whole record; *offset stays. */
FL_CHECK enum result segment_read_record(int fd, int64_t *offset, struct buf *room, struct segment_record *out);
/* Moves *offset forward to the next whole record; RESULT_NOT_FOUND when there is none. */
FL_CHECK enum result segment_resync(int fd, int64_t *offset, struct buf *room);
