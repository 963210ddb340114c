/* Any bytes as the arguments of a pull and as the result of its reply. What is accepted must survive printing and
 * reading, and a wish that is accepted may be put to a recorder. */
#include <stdlib.h>
#include <string.h>

#include "fieldline/evidence.h"
#include "recorder.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void must(bool is_so) {
    if (!is_so)
        abort();
}

static struct json *parse(const struct buf *text) {
    struct json *json;
    must(json_parse((const char *)text->data, text->count, &json, NULL) == RESULT_OK);
    return json;
}

static const struct recorder *a_recorder(void) {
    static struct recorder *recorder;
    if (!recorder) {
        recorder = recorder_new(RECORDER_LEAST_BYTES);
        for (int i = 0; i < 30000; i++)
            recorder_sample(recorder, &(struct senml_record){.metric = "a", .event_ms = i * 10, .value = i / 4.0});
    }
    return recorder;
}

static void try_wish(const struct json *json) {
    static struct evidence_writer writer;
    static uint8_t block[CAP_EVIDENCE_PART_BYTES];
    static struct evidence_wish wish, back;
    struct fault fault = {""};
    struct buf text;
    uint64_t next;
    if (evidence_wish_read(json, &wish, &fault) != RESULT_OK) {
        must(fault.text[0]);
        return;
    }
    buf_init(&text, CAP_COMMAND_BYTES);
    evidence_wish_print(&wish, &text);
    must(!text.overflow);
    struct json *printed = parse(&text);
    must(evidence_wish_read(printed, &back, &fault) == RESULT_OK && memcmp(&wish, &back, sizeof wish) == 0);
    json_free(printed);
    buf_fini(&text);
    evidence_begin(&writer, block, wish.max_bytes);
    recorder_read(a_recorder(), &wish, &writer, &next);
    must(writer.count <= wish.max_bytes && (next == 0 || next > wish.at));
}

static void try_part(const struct json *json) {
    struct evidence_part part, back;
    struct fault fault = {""};
    struct buf text;
    if (evidence_part_read(json, &part, &fault) != RESULT_OK) {
        must(fault.text[0]);
        evidence_part_fini(&part);
        return;
    }
    buf_init(&text, CAP_PAYLOAD_BYTES);
    evidence_part_print(&part, &text);
    must(!text.overflow);
    struct json *printed = parse(&text);
    must(evidence_part_read(printed, &back, &fault) == RESULT_OK);
    must(back.next == part.next && back.missed == part.missed && back.block_bytes == part.block_bytes);
    must(part.block_bytes == 0 || memcmp(back.block, part.block, part.block_bytes) == 0);
    json_free(printed);
    evidence_part_fini(&back);
    evidence_part_fini(&part);
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct json *json;
    if (count > CAP_PAYLOAD_BYTES || json_parse((const char *)bytes, count, &json, NULL) != RESULT_OK)
        return 0;
    try_wish(json);
    try_part(json);
    json_free(json);
    return 0;
}
