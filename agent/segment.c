/* The spool's file format: building and reading, nothing about which files there are (lane.c).
 *
 * Every record can be checked alone, so a torn end and a flipped bit in the middle are found the same way, and reading
 * can go on behind the damage: resync looks for the next mark whose checksum agrees. A truncated SHA-256 does the work
 * of a CRC, because the library has it and at an agent's rates its cost cannot be measured. Reads are pread(2) into the
 * caller's buffer; mmap was left because a file on a failing disk then kills the process instead of returning an error.
 * Loop thread. */
#include "segment.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
    CHECK_BYTES = 8,
    HEAD_CHECKED = SEGMENT_HEADER_BYTES - CHECK_BYTES,
    RECORD_CHECKED = SEGMENT_RECORD_BYTES - CHECK_BYTES
};
enum { BEHIND_BITS = 56 };
#define BEHIND_MASK ((UINT64_C(1) << BEHIND_BITS) - 1)
static const char head_mark[8] = "FLSPOOL1";
static const char record_mark[4] = "FLR1";

static void add_text(struct buf *out, const char *text, size_t count) {
    char fixed[CAP_UUID_BYTES] = {0};
    memcpy(fixed, text, strnlen(text, count));
    buf_add(out, fixed, count);
}

void segment_build_head(const struct segment_head *head, struct buf *out) {
    uint8_t digest[SHA256_BYTES];
    buf_reset(out);
    buf_add(out, head_mark, sizeof head_mark);
    add_text(out, head->stream, CAP_UUID_BYTES);
    add_text(out, head->boot, CAP_UUID_BYTES);
    buf_add_u64be(out, head->first_seq);
    sha256(out->data, HEAD_CHECKED, digest);
    buf_add(out, digest, CHECK_BYTES);
}

/* Checksum over the record's header without its check, and the payload. The two lie apart by the check itself, so the
 * payload's digest goes into the header's. */
static void record_check(const uint8_t *header, const uint8_t *payload, size_t bytes, uint8_t out[SHA256_BYTES]) {
    uint8_t both[RECORD_CHECKED + SHA256_BYTES];
    memcpy(both, header, RECORD_CHECKED);
    sha256(payload, bytes, both + RECORD_CHECKED);
    sha256(both, sizeof both, out);
}

void segment_build_record(const struct segment_record *r, struct buf *out) {
    uint8_t digest[SHA256_BYTES];
    buf_reset(out);
    buf_add(out, record_mark, sizeof record_mark);
    buf_add_u32be(out, (uint32_t)r->bytes);
    buf_add_u64be(out, r->seq);
    buf_add_u64be(out, (uint64_t)r->mono_ms);
    buf_add_u64be(out, (uint64_t)r->wall_ms);
    buf_add_u64be(out, (uint64_t)r->kind << BEHIND_BITS | ((r->seq - r->acked_seq) & BEHIND_MASK));
    record_check(out->data, r->payload, r->bytes, digest);
    buf_add(out, digest, CHECK_BYTES);
    buf_add(out, r->payload, r->bytes);
}

/* Up to `count` bytes; fewer at the file's end. */
static enum result read_at(int fd, int64_t offset, uint8_t *to, size_t count, size_t *got) {
    for (*got = 0; *got < count;) {
        ssize_t n = pread(fd, to + *got, count - *got, offset + (int64_t)*got);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return RESULT_IO;
        }
        if (n == 0) {
            break;
        }
        *got += (size_t)n;
    }
    return RESULT_OK;
}

enum result segment_read_head(int fd, struct segment_head *out) {
    uint8_t head[SEGMENT_HEADER_BYTES], digest[SHA256_BYTES];
    size_t got;
    enum result result = read_at(fd, 0, head, sizeof head, &got);
    if (result != RESULT_OK) {
        return result;
    }
    sha256(head, HEAD_CHECKED, digest);
    if (got < sizeof head || memcmp(head, head_mark, sizeof head_mark) != 0 ||
        memcmp(head + HEAD_CHECKED, digest, CHECK_BYTES) != 0) {
        return RESULT_CORRUPT;
    }
    *out = (struct segment_head){0};
    memcpy(out->stream, head + sizeof head_mark, CAP_UUID_BYTES);
    memcpy(out->boot, head + sizeof head_mark + CAP_UUID_BYTES, CAP_UUID_BYTES);
    struct cursor c = cursor_of(head + sizeof head_mark + 2 * CAP_UUID_BYTES, sizeof(uint64_t));
    return cursor_u64be(&c, &out->first_seq) ? RESULT_OK : RESULT_CORRUPT;
}

static bool parse_record(const uint8_t *header, struct segment_record *out) {
    struct cursor c = cursor_of(header, RECORD_CHECKED);
    const uint8_t *mark;
    uint32_t bytes;
    uint64_t mono, wall, kind;
    if (!cursor_take(&c, sizeof record_mark, &mark) || memcmp(mark, record_mark, sizeof record_mark) != 0 ||
        !cursor_u32be(&c, &bytes) || !cursor_u64be(&c, &out->seq) || !cursor_u64be(&c, &mono) ||
        !cursor_u64be(&c, &wall) || !cursor_u64be(&c, &kind) || bytes > CAP_PAYLOAD_BYTES ||
        kind >> BEHIND_BITS >= TOPIC_KIND_COUNT || (kind & BEHIND_MASK) > out->seq) {
        return false;
    }
    uint64_t behind = kind & BEHIND_MASK;
    out->bytes = bytes;
    out->mono_ms = (int64_t)mono;
    out->wall_ms = (int64_t)wall;
    out->kind = (enum topic_kind)(kind >> BEHIND_BITS);
    out->acked_seq = behind == 0 ? 0 : out->seq - behind;
    return true;
}

enum result segment_read_record(int fd, int64_t *offset, struct buf *room, struct segment_record *out) {
    uint8_t header[SEGMENT_RECORD_BYTES], digest[SHA256_BYTES];
    struct segment_record record = {0};
    size_t got;
    enum result result = read_at(fd, *offset, header, sizeof header, &got);
    if (result != RESULT_OK || got == 0) {
        return result != RESULT_OK ? result : RESULT_NOT_FOUND;
    }
    if (got < sizeof header || !parse_record(header, &record)) {
        return RESULT_CORRUPT;
    }
    buf_reset(room);
    buf_add(room, header, sizeof header); /* so that the buffer exists even for an empty payload */
    while (room->count < sizeof header + record.bytes) {
        uint8_t chunk[4096];
        size_t left = sizeof header + record.bytes - room->count, want = left < sizeof chunk ? left : sizeof chunk;
        result = read_at(fd, *offset + (int64_t)room->count, chunk, want, &got);
        if (result != RESULT_OK || got < want) {
            return result != RESULT_OK ? result : RESULT_CORRUPT;
        }
        buf_add(room, chunk, want);
    }
    record.payload = room->data + sizeof header;
    record_check(header, record.payload, record.bytes, digest);
    if (memcmp(digest, header + RECORD_CHECKED, CHECK_BYTES) != 0) {
        return RESULT_CORRUPT;
    }
    *offset += (int64_t)(sizeof header + record.bytes);
    *out = record;
    return RESULT_OK;
}

enum result segment_resync(int fd, int64_t *offset, struct buf *room) {
    uint8_t chunk[4096];
    struct segment_record record;
    for (int64_t at = *offset + 1;;) {
        size_t got;
        if (read_at(fd, at, chunk, sizeof chunk, &got) != RESULT_OK || got < SEGMENT_RECORD_BYTES) {
            return RESULT_NOT_FOUND;
        }
        const uint8_t *found = memmem(chunk, got, record_mark, sizeof record_mark);
        if (found == NULL) {
            at += (int64_t)(got - sizeof record_mark + 1);
            continue;
        }
        at += found - chunk;
        int64_t end = at;
        if (segment_read_record(fd, &end, room, &record) == RESULT_OK) {
            *offset = at;
            return RESULT_OK;
        }
        at++;
    }
}
