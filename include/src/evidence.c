/* Evidence as JSON: what the gateway asks and what the product answers. The block inside is base64url, a third more
 * than bytes of its own message kind would be; in return commands, replies, their ids and their expiry stay as they
 * are. One part is asked at a time, so neither end holds more than one, and whoever is killed in between goes on or
 * fails with the next. */
#include "fieldline/evidence.h"

#include <string.h>

#include "src/field.h"
#include "src/names.h"

enum { PART_BYTES_LEAST = 1024 };
#define POSITION_MAX ((int64_t)1 << 53) /* what JSON numbers carry exactly */

static enum result read_metrics(const struct json *args, struct evidence_wish *wish, struct fault *fault) {
    const struct json *names;
    if (!json_get(args, "metrics"))
        return RESULT_OK;
    enum result result = json_array(args, "metrics", EVIDENCE_METRICS_ASKED, &names, fault);
    if (result)
        return result;
    for (const struct json *node = json_first(names); node; node = json_next(node)) {
        const char *name;
        if (!json_as_string(node, &name) || !name_is_metric(name, strlen(name)))
            return fault_set(fault, RESULT_BAD_INPUT, "'metrics': item %zu is not a metric's name",
                             wish->metric_count + 1);
        memcpy(wish->metrics[wish->metric_count++], name, strlen(name) + 1);
    }
    return RESULT_OK;
}

/* A UUID, or "" where there is none yet. */
static enum result read_recorder(const struct json *args, char out[CAP_UUID_BYTES + 1], struct fault *fault) {
    enum result result = field_optional_text(args, "recorder", NULL, CAP_UUID_BYTES, out, fault);
    if (!result && out[0] != '\0' && !uuid_valid(out))
        return fault_set(fault, RESULT_BAD_INPUT, "'recorder' is no UUID");
    return result;
}

enum result evidence_wish_read(const struct json *args, struct evidence_wish *out, struct fault *fault) {
    struct evidence_wish wish = {0};
    int64_t at, max_bytes;
    enum result result;
    if (!args || !json_is_object(args))
        return fault_set(fault, RESULT_BAD_INPUT, "'args' is missing");
    if ((result = field_uuid(args, "evidence", wish.evidence, fault)) ||
        (result = field_time(args, "from", &wish.from_ms, fault)) ||
        (result = field_time(args, "to", &wish.to_ms, fault)) ||
        (result = json_integer(args, "at", 0, POSITION_MAX, &at, fault)) ||
        (result = read_recorder(args, wish.recorder, fault)) ||
        (result = json_integer(args, "max_bytes", PART_BYTES_LEAST, CAP_EVIDENCE_PART_BYTES, &max_bytes, fault)) ||
        (result = read_metrics(args, &wish, fault)))
        return result;
    if (wish.from_ms > wish.to_ms || wish.to_ms - wish.from_ms > EVIDENCE_SPAN_MS)
        return fault_set(fault, RESULT_BAD_INPUT, "'from' to 'to' is not a stretch of at most %d s",
                         EVIDENCE_SPAN_MS / 1000);
    wish.at = (uint64_t)at;
    wish.max_bytes = (size_t)max_bytes;
    *out = wish;
    return RESULT_OK;
}

void evidence_wish_print(const struct evidence_wish *wish, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "evidence", wish->evidence);
    jo_int(&j, "from", wish->from_ms);
    jo_int(&j, "to", wish->to_ms);
    jo_int(&j, "at", (int64_t)wish->at);
    jo_str(&j, "recorder", wish->recorder);
    jo_int(&j, "max_bytes", (int64_t)wish->max_bytes);
    if (wish->metric_count > 0) {
        jo_array(&j, "metrics");
        for (size_t i = 0; i < wish->metric_count; i++)
            jo_str(&j, NULL, wish->metrics[i]);
        jo_end(&j);
    }
    jo_end(&j);
}

static enum result read_block(const struct json *result_node, struct evidence_part *part, struct fault *fault) {
    const char *text;
    enum result result = json_string(result_node, "block", CAP_EVIDENCE_PART_BYTES * 4 / 3 + 4, &text, fault);
    if (result)
        return result;
    if (!base64url_decode(text, strlen(text), &part->holder) || part->holder.overflow)
        return fault_set(fault, RESULT_BAD_INPUT, "'block' is not base64url of at most %d bytes",
                         CAP_EVIDENCE_PART_BYTES);
    part->block = part->holder.data;
    part->block_bytes = part->holder.count;
    return RESULT_OK;
}

enum result evidence_part_read(const struct json *node, struct evidence_part *out, struct fault *fault) {
    int64_t next;
    enum result result;
    *out = (struct evidence_part){0};
    buf_init(&out->holder, CAP_EVIDENCE_PART_BYTES);
    if (!node || !json_is_object(node))
        return fault_set(fault, RESULT_BAD_INPUT, "'result' is missing");
    if ((result = field_uuid(node, "evidence", out->evidence, fault)) ||
        (result = field_uuid(node, "recorder", out->recorder, fault)) ||
        (result = json_integer(node, "next", 0, POSITION_MAX, &next, fault)) ||
        (result = field_time(node, "held_from", &out->held_from_ms, fault)) ||
        (result = field_time(node, "held_to", &out->held_to_ms, fault)) ||
        (result = field_count(node, "missed", &out->missed, fault)) || (result = read_block(node, out, fault)))
        return result;
    if (out->held_from_ms > out->held_to_ms)
        return fault_set(fault, RESULT_BAD_INPUT, "'held_from' is after 'held_to'");
    out->next = (uint64_t)next;
    return RESULT_OK;
}

void evidence_part_print(const struct evidence_part *part, struct buf *out) {
    struct buf block;
    struct json_out j = json_out(out);
    buf_init(&block, CAP_EVIDENCE_PART_BYTES * 4 / 3 + 4);
    base64url_encode(part->block, part->block_bytes, &block);
    jo_object(&j, NULL);
    jo_str(&j, "evidence", part->evidence);
    jo_str(&j, "recorder", part->recorder);
    jo_int(&j, "next", (int64_t)part->next);
    jo_int(&j, "held_from", part->held_from_ms);
    jo_int(&j, "held_to", part->held_to_ms);
    jo_int(&j, "missed", (int64_t)part->missed);
    jo_strn(&j, "block", buf_text(&block), block.count);
    jo_end(&j);
    buf_fini(&block);
}

void evidence_part_fini(struct evidence_part *part) {
    buf_fini(&part->holder);
    part->block = NULL;
}
