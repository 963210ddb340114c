/* Any bytes as a block of evidence. What is read without complaint must survive being written and read again. */
#include <stdlib.h>
#include <string.h>

#include "fieldline/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static struct evidence_writer writer;
static struct evidence_reader reader, again;
static struct evidence_item item, back;
static uint8_t block[60 * 1024];

static void must(bool is_so) {
    if (!is_so)
        abort();
}

static void same(const struct evidence_item *a, const struct evidence_item *b) {
    must(a->is_log == b->is_log);
    if (a->is_log) {
        must(a->log.event_ms == b->log.event_ms && a->log.severity == b->log.severity &&
             a->log.is_cut == b->log.is_cut);
        must(strcmp(a->log.app, b->log.app) == 0 && strcmp(a->log.text, b->log.text) == 0);
    } else {
        must(a->sample.event_ms == b->sample.event_ms);
        must(memcmp(&a->sample.value, &b->sample.value, sizeof a->sample.value) == 0);
        must(strcmp(a->sample.metric, b->sample.metric) == 0 && strcmp(a->sample.part, b->sample.part) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct fault fault = {""};
    bool is_end = false, is_over = false;
    size_t written = 0;
    if (count > CAP_EVIDENCE_PART_BYTES || evidence_open(&reader, bytes, count, &fault) != RESULT_OK)
        return 0;
    evidence_begin(&writer, block, sizeof block);
    for (;;) {
        const enum result result = evidence_next(&reader, &item, &is_end, &fault);
        must(result == RESULT_OK || (result == RESULT_BAD_INPUT && fault.text[0]));
        must(evidence_offset(&reader) <= count);
        if (result != RESULT_OK || is_end)
            break;
        const enum result added = item.is_log ? evidence_add_log(&writer, &item.log)
                                              : evidence_add_sample(&writer, item.sample.metric, item.sample.part,
                                                                    item.sample.event_ms, item.sample.value);
        must(added == RESULT_OK ||
             added == RESULT_FULL); /* names without samples make ours shorter, never longer ones */
        if (added == RESULT_FULL)
            break;
        written++;
    }
    must(evidence_open(&reader, bytes, count, &fault) == RESULT_OK);
    must(evidence_open(&again, block, writer.count, &fault) == RESULT_OK);
    for (size_t i = 0; i < written; i++) {
        must(evidence_next(&reader, &item, &is_end, &fault) == RESULT_OK && !is_end);
        must(evidence_next(&again, &back, &is_over, &fault) == RESULT_OK && !is_over);
        same(&item, &back);
    }
    must(evidence_next(&again, &back, &is_over, &fault) == RESULT_OK && is_over);
    return 0;
}
