/* The recorder's ring is read as the gateway would read it, block by block from the oldest on, and the last log lines
 * are kept. A list of recent lines beside the recorder was left: they are in memory once already. Loop thread. */
#include "recall.h"

#include <stdlib.h>

#include "tap.h"

struct ring {
    struct log_record *lines;
    size_t room, next;
};

static void take_block(struct ring *ring, const uint8_t *bytes, size_t count) {
    struct evidence_reader *reader = mem_alloc(sizeof *reader);
    struct evidence_item *item = mem_alloc(sizeof *item);
    bool is_end = false;
    if (evidence_open(reader, bytes, count, NULL) == RESULT_OK) {
        while (evidence_next(reader, item, &is_end, NULL) == RESULT_OK && !is_end) {
            if (item->is_log) {
                ring->lines[ring->next++ % ring->room] = item->log;
            }
        }
    }
    free(item);
    free(reader);
}

static void read_all(const struct recorder *recorder, int64_t from_ms, struct ring *ring) {
    struct evidence_wish *wish = mem_alloc(sizeof *wish);
    struct evidence_writer *writer = mem_alloc(sizeof *writer);
    uint8_t *block = mem_alloc(CAP_EVIDENCE_PART_BYTES);
    uint64_t next = 0;
    *wish = (struct evidence_wish){.from_ms = from_ms, .to_ms = INT64_MAX, .max_bytes = CAP_EVIDENCE_PART_BYTES};
    do {
        wish->at = next;
        evidence_begin(writer, block, CAP_EVIDENCE_PART_BYTES);
        recorder_read(recorder, wish, writer, &next);
        take_block(ring, block, writer->count);
    } while (next != 0 && writer->record_count > 0);
    free(block);
    free(writer);
    free(wish);
}

void recall_logs(const struct recorder *recorder, int64_t from_ms, size_t count,
                 void (*line)(void *line_self, const char *text, size_t bytes), void *line_self) {
    if (count == 0) {
        return;
    }
    struct ring ring = {.lines = mem_alloc(count * sizeof *ring.lines), .room = count};
    struct buf text;
    buf_init(&text, TAP_LINE_BYTES);
    read_all(recorder, from_ms, &ring);
    for (size_t i = ring.next > count ? ring.next - count : 0; i < ring.next; i++) {
        tap_log(&ring.lines[i % count], &text);
        line(line_self, buf_text(&text), text.count);
    }
    buf_fini(&text);
    free(ring.lines);
}
