/* A flight recorder in memory.
 *
 * Self-contained blocks and not one long delta stream, because the oldest has to go without anybody reading it. The
 * held quarter is an oscilloscope's trigger position: the picture before the trigger stays whatever comes after, with
 * memory that was bounded from the beginning (a copy taken at the alarm would need it twice). On disk it was left: at a
 * hundred samples a second the flash would wear for something that is nearly never asked for; a restart forgets, and
 * says so by its id. Each block keeps how far the clock was set since it was begun, so a step costs a walk over the
 * blocks and no rewriting. Owned by agent.c; reading decodes our own bytes, so what does not decode is our fault. */
#include "recorder.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"

enum { OFFSET_BITS = 16, HELD_PART = 4 };
_Static_assert((int)RECORDER_BLOCK_BYTES < 1 << OFFSET_BITS, "a place in a block has 16 bits");

struct block {
    uint64_t number; /* 1, 2, 3, ... since the start; 0: not used yet */
    size_t bytes;
    int64_t first_ms, last_ms; /* the earliest and the latest, as recorded */
    int64_t shift_ms;          /* what is to be added to its times */
};

struct recorder {
    char id[CAP_UUID_BYTES + 1];
    uint8_t *bytes; /* block_count blocks */
    struct block *blocks;
    size_t block_count;
    uint64_t newest; /* its number; in blocks[newest % block_count] */
    struct evidence_writer writer;
    bool is_held;
    int64_t held_from_ms;
    size_t spare; /* held blocks that may still be overwritten */
    uint64_t records, missed;
};

static struct block *block_of(const struct recorder *r, uint64_t number) {
    return &r->blocks[number % r->block_count];
}

static uint8_t *bytes_of(const struct recorder *r, uint64_t number) {
    return r->bytes + number % r->block_count * RECORDER_BLOCK_BYTES;
}

static uint64_t oldest_of(const struct recorder *r) {
    return r->newest < r->block_count ? 1 : r->newest - r->block_count + 1;
}

static void begin_block(struct recorder *r) {
    r->newest++;
    *block_of(r, r->newest) = (struct block){.number = r->newest};
    evidence_begin(&r->writer, bytes_of(r, r->newest), RECORDER_BLOCK_BYTES);
}

struct recorder *recorder_new(int64_t bytes) {
    struct recorder *r = mem_alloc(sizeof *r);
    r->block_count = (size_t)bytes / RECORDER_BLOCK_BYTES;
    r->bytes = mem_alloc(r->block_count * RECORDER_BLOCK_BYTES);
    r->blocks = mem_alloc(r->block_count * sizeof *r->blocks);
    uuid_make(r->id);
    begin_block(r);
    return r;
}

void recorder_free(struct recorder *r) {
    if (r == NULL) {
        return;
    }
    free(r->blocks);
    free(r->bytes);
    free(r);
}

const char *recorder_id(const struct recorder *r) {
    return r->id;
}

/* false: the ring is full of what is held. */
static bool next_block(struct recorder *r) {
    const struct block *victim = block_of(r, r->newest + 1);
    bool is_kept = r->is_held && victim->number > 0 && victim->last_ms + victim->shift_ms >= r->held_from_ms;
    if (is_kept && r->spare == 0) {
        return false;
    }
    r->spare -= is_kept;
    begin_block(r);
    return true;
}

/* Adds one record to the block of now. */
typedef enum result add_fn(struct evidence_writer *writer, const void *record);

static enum result add_sample(struct evidence_writer *writer, const void *record) {
    const struct senml_record *sample = record;
    return evidence_add_sample(writer, sample->metric, sample->part, sample->event_ms, sample->value);
}

static enum result add_log(struct evidence_writer *writer, const void *record) {
    return evidence_add_log(writer, record);
}

static void keep(struct recorder *r, add_fn *add, const void *record, int64_t event_ms) {
    struct block *block = block_of(r, r->newest);
    /* A block whose clock was set since takes no times of the new one. */
    enum result result = block->shift_ms != 0 && block->bytes > 0 ? RESULT_FULL : add(&r->writer, record);
    if (result == RESULT_FULL) {
        if (!next_block(r)) {
            r->missed++;
            return;
        }
        result = add(&r->writer, record);
    }
    if (result != RESULT_OK) {
        return; /* a value that is not finite, a time before 1970: the packer counts it as refused */
    }
    block = block_of(r, r->newest);
    block->first_ms = block->bytes == 0 || event_ms < block->first_ms ? event_ms : block->first_ms;
    block->last_ms = block->bytes == 0 || event_ms > block->last_ms ? event_ms : block->last_ms;
    block->bytes = r->writer.count;
    r->records++;
}

void recorder_sample(struct recorder *r, const struct senml_record *sample) {
    keep(r, add_sample, sample, sample->event_ms);
}

void recorder_log(struct recorder *r, const struct log_record *log) {
    size_t chars = strlen(log->text);
    if (chars <= RECORDER_TEXT_BYTES) {
        keep(r, add_log, log, log->event_ms);
        return;
    }
    struct log_record cut = *log;
    cut.text[utf8_cut(cut.text, RECORDER_TEXT_BYTES)] = '\0';
    cut.is_cut = true;
    keep(r, add_log, &cut, cut.event_ms);
}

void recorder_step(struct recorder *r, int64_t by_ms) {
    for (size_t i = 0; i < r->block_count; i++) {
        if (r->blocks[i].bytes > 0) {
            r->blocks[i].shift_ms += by_ms;
        }
    }
    r->held_from_ms += by_ms;
}

void recorder_hold(struct recorder *r, int64_t from_ms) {
    r->is_held = true;
    r->held_from_ms = from_ms;
    r->spare = r->block_count / HELD_PART;
    r->missed = 0;
}

void recorder_release(struct recorder *r) {
    r->is_held = false;
}

struct recorder_span recorder_span(const struct recorder *r) {
    struct recorder_span span = {.records = r->records, .missed = r->missed};
    for (size_t i = 0; i < r->block_count; i++) {
        const struct block *b = &r->blocks[i];
        if (b->bytes == 0) {
            continue;
        }
        int64_t first = b->first_ms + b->shift_ms, last = b->last_ms + b->shift_ms;
        span.from_ms = span.bytes == 0 || first < span.from_ms ? first : span.from_ms;
        span.to_ms = span.bytes == 0 || last > span.to_ms ? last : span.to_ms;
        span.bytes += b->bytes;
    }
    return span;
}

static bool is_wanted(const struct evidence_wish *wish, const struct evidence_item *item, int64_t event_ms) {
    if (event_ms < wish->from_ms || event_ms > wish->to_ms) {
        return false;
    }
    for (size_t i = 0; i < wish->metric_count; i++) {
        if (!item->is_log && strcmp(item->sample.metric, wish->metrics[i]) == 0) {
            return true;
        }
    }
    return wish->metric_count == 0;
}

static enum result copy(const struct evidence_item *item, int64_t shift_ms, struct evidence_writer *out) {
    if (!item->is_log) {
        return evidence_add_sample(out, item->sample.metric, item->sample.part, item->sample.event_ms + shift_ms,
                                   item->sample.value);
    }
    struct log_record log = item->log;
    log.event_ms += shift_ms;
    return evidence_add_log(out, &log);
}

/* false: `out` is full; *offset is where to go on. */
static bool read_block(const struct recorder *r, const struct block *block, const struct evidence_wish *wish,
                       struct evidence_reader *reader, struct evidence_writer *out, size_t *offset) {
    struct evidence_item item;
    struct fault fault;
    bool is_end = false;
    enum result result = evidence_open(reader, bytes_of(r, block->number), block->bytes, &fault);
    size_t from = *offset;
    while (result == RESULT_OK) {
        *offset = evidence_offset(reader);
        result = evidence_next(reader, &item, &is_end, &fault);
        if (result != RESULT_OK || is_end) {
            break;
        }
        int64_t event_ms = (item.is_log ? item.log.event_ms : item.sample.event_ms) + block->shift_ms;
        if (*offset < from || !is_wanted(wish, &item, event_ms)) {
            continue;
        }
        if (copy(&item, block->shift_ms, out) == RESULT_FULL) {
            return false;
        }
    }
    if (result != RESULT_OK) {
        die("agent.recorder", "a block of ours does not read: %s", fault.text);
    }
    return true;
}

void recorder_read(const struct recorder *r, const struct evidence_wish *wish, struct evidence_writer *out,
                   uint64_t *next) {
    struct evidence_reader *reader = mem_alloc(sizeof *reader);
    uint64_t number = wish->at >> OFFSET_BITS, oldest = oldest_of(r);
    size_t offset = wish->at & ((1 << OFFSET_BITS) - 1);
    if (number < oldest) {
        number = oldest;
        offset = 0;
    }
    *next = 0;
    for (; number <= r->newest; number++, offset = 0) {
        const struct block *block = block_of(r, number);
        if (block->bytes > 0 && block->last_ms + block->shift_ms >= wish->from_ms &&
            block->first_ms + block->shift_ms <= wish->to_ms && !read_block(r, block, wish, reader, out, &offset)) {
            *next = number << OFFSET_BITS | offset;
            break;
        }
    }
    free(reader);
}
