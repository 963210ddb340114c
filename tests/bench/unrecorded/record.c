/* record.h, and nothing is kept: no file, no hash, no cipher. Linked into bench-unrecorded, a gateway that exists only
 * to tell what recording costs; no program that is delivered has it, and no setting switches recording off. The frames
 * are counted, because the product's acknowledgements are made of the count. A session of this gateway cannot be
 * sealed: it ends as one whose recording failed. */
#include "sessions/record.h"

#include <stdlib.h>

#include "sessions/transcript.h"

struct record {
    struct transcript_sums sums;
};

enum result record_open(const struct record_options *options, struct record **out, struct fault *fault) {
    (void)fault;
    struct record *record = mem_alloc(sizeof *record);
    transcript_sums_begin(&record->sums, options->session, options->device, options->wall_ms);
    *out = record;
    return RESULT_OK;
}

enum result record_resume(const struct vault *vault, const char *base, const struct transcript_head *head,
                          const struct transcript_sums *sums, struct record **out, struct fault *fault) {
    (void)vault;
    (void)head;
    (void)sums;
    (void)out;
    return fault_set(fault, RESULT_NOT_FOUND, "%s: this gateway keeps no recordings", base);
}

void record_close(struct record *record) {
    free(record);
}

static enum result count(struct record *record, enum direction dir, int64_t t_ms) {
    struct chain *chain = dir == DIRECTION_UP ? &record->sums.up : &record->sums.down;
    chain->count++;
    record->sums.frames++;
    record->sums.last_t_ms = t_ms;
    return RESULT_OK;
}

enum result record_frame(struct record *record, enum direction dir, const struct frame *frame, const char *by,
                         int64_t t_ms, struct fault *fault) {
    (void)frame;
    (void)by;
    (void)fault;
    return count(record, dir, t_ms);
}

enum result record_stream(struct record *record, enum direction dir, const struct frame *frame, const char *by,
                          bool keeps_bytes, int64_t t_ms, struct fault *fault) {
    (void)keeps_bytes;
    return record_frame(record, dir, frame, by, t_ms, fault);
}

enum result record_size(struct record *record, const struct frame *frame, const char *by, int columns, int rows,
                        int64_t t_ms, struct fault *fault) {
    (void)columns;
    (void)rows;
    return record_frame(record, DIRECTION_DOWN, frame, by, t_ms, fault);
}

enum result record_note(struct record *record, const char *json, size_t bytes, int64_t t_ms, struct fault *fault) {
    (void)json;
    (void)bytes;
    (void)fault;
    record->sums.frames++;
    record->sums.last_t_ms = t_ms;
    return RESULT_OK;
}

enum result record_sync(struct record *record, int64_t t_ms, struct fault *fault) {
    (void)record;
    (void)t_ms;
    (void)fault;
    return RESULT_OK;
}

enum result record_flush(struct record *record, const struct flusher *flusher, int64_t t_ms, struct fault *fault) {
    (void)flusher;
    return record_sync(record, t_ms, fault);
}

enum result record_finish(struct record *record, int64_t t_ms, struct fault *fault) {
    return record_sync(record, t_ms, fault);
}

const struct transcript_sums *record_sums(const struct record *record) {
    return &record->sums;
}

bool record_texts(struct record *record, struct seal_texts *out) {
    (void)record;
    (void)out;
    return false;
}
