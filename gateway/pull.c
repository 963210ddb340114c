/* Evidence, on the gateway's side: asked once an alarm, taken part by part, noted in the ticket at the end.
 *
 * Everything that is needed to go on is in the store: the row of the evidence knows the position of the part that is
 * asked for, the outbox repeats the question until it is answered or expires, and a reply counts only while its row is
 * in the outbox; so a kill at any moment repeats a question at most. A part is looked into before it is kept: whatever
 * does not read, does not go forward, or is too much, ends that evidence with what it has, and nothing else. Times are
 * asked for and corrected by the error of the product's clock that is in force when they travel. A ticket hears of
 * evidence once, when it is there; why there is none stands in its row. Left: pulling again what was only partly there,
 * and waiting for products that are away: their recorders have moved on. */
#include "pull.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "outbox.h"
#include "rules/rule.h"
#include "store/cases.h"
#include "store/evidence.h"

#define DAY_MS INT64_C(86400000)

/* ---- asking ---- */

static int64_t clock_error(const struct device *device) {
    return device->conduct.clock.now.error_ms;
}

static enum result ask(struct core *core, const struct device *device, const struct evidence *e, int64_t within_ms) {
    struct evidence_wish wish = {.from_ms = e->from_ms + clock_error(device),
                                 .to_ms = e->to_ms + clock_error(device),
                                 .at = e->next,
                                 .max_bytes = CAP_EVIDENCE_PART_BYTES};
    struct buf args;
    buf_init(&args, CAP_COMMAND_BYTES);
    snprintf(wish.evidence, sizeof wish.evidence, "%s", e->uuid);
    snprintf(wish.recorder, sizeof wish.recorder, "%s", e->recorder);
    evidence_wish_print(&wish, &args);
    const enum result result = outbox_command(core, device, EVIDENCE_VERB, e->uuid, buf_text(&args), within_ms);
    buf_fini(&args);
    return result;
}

/* An alarm's raised_ms is when its condition began; it was told when that had held for the rule's `for`. */
static int64_t told_ms(const struct core *core, const struct pack *pack, const struct alarm *alarm) {
    int64_t hold_ms = 0;
    for (size_t i = 0; i < pack->rule_count; i++)
        if (strcmp(pack->rules[i]->alert, alarm->alarm) == 0 && pack->rules[i]->for_ms > hold_ms)
            hold_ms = pack->rules[i]->for_ms;
    const int64_t told_ms = alarm->raised_ms + hold_ms;
    return told_ms > core->now_ms && alarm->raised_ms <= core->now_ms ? core->now_ms : told_ms;
}

/* From before the condition began until after the alarm was told. */
static void set_stretch(const struct core *core, const struct pack *pack, const struct alarm *alarm,
                        struct evidence *e) {
    e->raised_ms = alarm->raised_ms;
    e->to_ms = told_ms(core, pack, alarm) + pack->evidence_after_ms;
    e->from_ms = alarm->raised_ms - pack->evidence_before_ms;
    if (e->from_ms < e->to_ms - EVIDENCE_SPAN_MS)
        e->from_ms = e->to_ms - EVIDENCE_SPAN_MS;
}

/* What speaks against asking this device now; NULL: nothing. */
static const char *objection(struct core *core, const struct device *device, const struct evidence *e,
                             enum result *result) {
    int64_t count = 0, newest_ms = 0;
    bool is_open = false;
    const int64_t told_ms = e->to_ms - device->pack->evidence_after_ms;
    if (told_ms < core->now_ms - PULL_LATE_MS || told_ms > core->now_ms + CAP_TIME_AHEAD_MS)
        return "long_past";
    if (core->figures.is_short_of_disk)
        return "disk_short";
    *result = store_evidence_recent(core->store, device->row, core->now_ms - DAY_MS, &count, &newest_ms, &is_open);
    if (*result == RESULT_OK && (count >= PULLS_A_DAY || newest_ms > core->now_ms - PULL_EVERY_MS || is_open))
        return count >= PULLS_A_DAY ? "enough_today" : "another_just_now";
    return NULL;
}

enum result pull_begin(struct core *core, struct device *device, const struct alarm *alarm) {
    const struct pack *pack = device->pack;
    enum result result = RESULT_OK;
    if (alarm->ticket == 0 || device->evidence_bytes == 0 || !pack || pack->evidence_before_ms == 0 ||
        core->settings->evidence_bytes == 0)
        return RESULT_OK;
    struct evidence e = {.device = device->row, .ticket = alarm->ticket, .alarm = alarm->id, .asked_ms = core->now_ms};
    set_stretch(core, pack, alarm, &e);
    const char *why = objection(core, device, &e, &result);
    if (why)
        log_info("gateway.pull", "evidence_not_asked", "device=%s alarm=%s why=%s", device->id, alarm->alarm, why);
    if (why || result != RESULT_OK)
        return result;
    uuid_make(e.uuid);
    result = store_evidence_put(core->store, &e);
    if (result == RESULT_OK)
        result = ask(core, device, &e, pack->evidence_after_ms + PULL_EXPIRES_MS);
    if (result == RESULT_OK)
        core->figures.evidence_asked++;
    return result;
}

/* ---- taking a part ---- */

/* What a block holds, found out by reading it to its end. */
struct content {
    int64_t samples, logs, first_ms, last_ms;
    struct buf *names; /* lines; what is new is added */
    int64_t new_names;
};

static bool has_line(struct buf *names, const char *line, size_t chars) {
    for (const char *at = buf_text(names), *end; *at; at = end + 1) {
        end = strchr(at, '\n');
        if (!end)
            return false;
        if ((size_t)(end - at) == chars && memcmp(at, line, chars) == 0)
            return true;
    }
    return false;
}

static void note_names(const struct evidence_reader *r, struct content *c) {
    for (size_t i = 0; i < r->series_count; i++) {
        const char *name = (const char *)r->bytes + r->series[i].name_at;
        if (has_line(c->names, name, r->series[i].name_chars) ||
            c->names->count + r->series[i].name_chars + 1 > EVIDENCE_NAMES_BYTES)
            continue;
        buf_add(c->names, name, r->series[i].name_chars);
        buf_add_u8(c->names, '\n');
        c->new_names++;
    }
}

static enum result look_into(const void *block, size_t bytes, struct content *c, struct fault *fault) {
    struct evidence_reader *r = mem_alloc(sizeof *r);
    struct evidence_item item;
    bool is_end = false;
    enum result result = evidence_open(r, block, bytes, fault);
    while (result == RESULT_OK && (result = evidence_next(r, &item, &is_end, fault)) == RESULT_OK && !is_end) {
        const int64_t event_ms = item.is_log ? item.log.event_ms : item.sample.event_ms;
        c->first_ms = c->samples + c->logs == 0 || event_ms < c->first_ms ? event_ms : c->first_ms;
        c->last_ms = c->samples + c->logs == 0 || event_ms > c->last_ms ? event_ms : c->last_ms;
        c->samples += !item.is_log;
        c->logs += item.is_log;
    }
    if (result == RESULT_OK)
        note_names(r, c);
    free(r);
    return result;
}

/* Adds the part to *e and to the store. RESULT_BAD_INPUT: the product's fault, nothing is changed. */
static enum result keep_part(struct core *core, const struct device *device, struct evidence *e,
                             const struct evidence_part *part, struct fault *fault) {
    struct buf names;
    struct content c = {.names = &names};
    const int64_t shift_ms = -clock_error(device);
    buf_init(&names, EVIDENCE_NAMES_BYTES + 1);
    enum result result = store_evidence_names(core->store, e->id, &names);
    if (result == RESULT_OK)
        result = look_into(part->block, part->block_bytes, &c, fault);
    if (result == RESULT_OK && c.samples + c.logs > 0) {
        result = store_evidence_part_add(core->store, e->id, e->parts, shift_ms, part->block, part->block_bytes);
        if (result == RESULT_OK && c.new_names > 0)
            result = store_evidence_set_names(core->store, e->id, buf_text(&names));
        const int64_t first_ms = c.first_ms + shift_ms, last_ms = c.last_ms + shift_ms;
        e->first_ms = e->parts == 0 || first_ms < e->first_ms ? first_ms : e->first_ms;
        e->last_ms = e->parts == 0 || last_ms > e->last_ms ? last_ms : e->last_ms;
        e->samples += c.samples;
        e->logs += c.logs;
        e->series += c.new_names;
        e->bytes += (int64_t)part->block_bytes;
        e->parts++;
    }
    buf_fini(&names);
    return result;
}

/* ---- the end ---- */

static void print_count(int64_t count, const char *what, char *out, size_t room) {
    if (count >= 1000000)
        snprintf(out, room, "%" PRId64 ",%03" PRId64 ",%03" PRId64 " %s", count / 1000000, count / 1000 % 1000,
                 count % 1000, what);
    else if (count >= 1000)
        snprintf(out, room, "%" PRId64 ",%03" PRId64 " %s", count / 1000, count % 1000, what);
    else
        snprintf(out, room, "%" PRId64 " %s", count, what);
}

enum { AMOUNT_BYTES = 120 };

/* "312 s, 6 metrics, 18,000 samples" */
static void print_amount(const struct evidence *e, char out[AMOUNT_BYTES]) {
    char samples[48];
    print_count(e->samples, e->samples == 1 ? "sample" : "samples", samples, sizeof samples);
    snprintf(out, AMOUNT_BYTES, "%" PRId64 " s, %" PRId64 " %s, %s", (e->last_ms - e->first_ms + 500) / 1000, e->series,
             e->series == 1 ? "metric" : "metrics", samples);
}

static enum result note_in_ticket(struct core *core, const struct device *device, const struct evidence *e) {
    char text[TICKET_DATA_BYTES + 1], amount[AMOUNT_BYTES];
    struct ticket *before = mem_alloc(2 * sizeof *before);
    struct ticket_event *event = mem_alloc(sizeof *event);
    struct buf data;
    print_amount(e, amount);
    snprintf(text, sizeof text, "evidence attached: %s%s%s", amount, e->why[0] ? "; incomplete: " : "", e->why);
    buf_init(&data, TICKET_DATA_BYTES);
    struct json_out j = json_out(&data);
    jo_object(&j, NULL);
    jo_int(&j, "evidence", e->id);
    jo_int(&j, "first_ms", e->first_ms);
    jo_int(&j, "last_ms", e->last_ms);
    jo_int(&j, "samples", e->samples);
    jo_int(&j, "metrics", e->series);
    jo_int(&j, "logs", e->logs);
    jo_end(&j);
    enum result result = store_ticket_find(core->store, e->ticket, before);
    if (result == RESULT_OK) {
        ticket_note(before, TICKET_EVENT_EVIDENCE, TICKET_BY_GATEWAY, text, buf_text(&data), core->now_ms, before + 1,
                    event);
        result = store_ticket_put(core->store, before + 1, event, 1);
        effects_notify_row(core->effects, "ticket", e->ticket, device ? device->id : before->device);
    }
    buf_fini(&data);
    free(event);
    free(before);
    return result;
}

/* No more is asked for. why "": all that was asked for is there. */
static enum result finish(struct core *core, const struct device *device, struct evidence *e, const char *why) {
    const bool is_there = e->parts > 0;
    snprintf(e->why, sizeof e->why, "%.*s", (int)utf8_cut(why, strnlen(why, EVIDENCE_WHY_BYTES)), why);
    e->state = !is_there ? EVIDENCE_FAILED : why[0] ? EVIDENCE_PARTIAL : EVIDENCE_COMPLETE;
    enum result result = store_evidence_put(core->store, e);
    if (result == RESULT_OK && is_there)
        result = note_in_ticket(core, device, e);
    if (result == RESULT_OK)
        result = store_evidence_trim(core->store, core->settings->evidence_bytes);
    if (result != RESULT_OK)
        return result;
    if (is_there)
        core->figures.evidence_attached++;
    else
        core->figures.evidence_failed++;
    log_info("gateway.pull", "evidence", "device=%s ticket=%lld state=%s samples=%lld bytes=%lld why=%s",
             device ? device->id : "", (long long)e->ticket, evidence_state_name(e->state), (long long)e->samples,
             (long long)e->bytes, log_text(e->why));
    return RESULT_OK;
}

/* Nothing came in the stretch: what the recorder holds instead. */
static void say_held(const struct evidence_part *part, int64_t shift_ms, char *out, size_t room) {
    char from[32], to[32];
    if (part->held_to_ms == 0) {
        snprintf(out, room, "the recorder holds nothing");
        return;
    }
    clock_print(part->held_from_ms + shift_ms, from);
    clock_print(part->held_to_ms + shift_ms, to);
    snprintf(out, room, "the recorder holds nothing of that time, but %s to %s", from, to);
}

/* After a part was kept: the next one, or the end. */
static enum result go_on(struct core *core, const struct device *device, struct evidence *e,
                         const struct evidence_part *part, uint64_t asked, bool is_empty) {
    char why[EVIDENCE_WHY_BYTES + 1] = "";
    e->next = part->next;
    e->missed = part->missed > INT64_MAX ? INT64_MAX : (int64_t)part->missed;
    snprintf(e->recorder, sizeof e->recorder, "%s", part->recorder);
    if (part->next == 0 && e->parts == 0)
        say_held(part, -clock_error(device), why, sizeof why);
    else if (part->next != 0 && part->next <= asked)
        snprintf(why, sizeof why, "the product did not go forward");
    else if (part->next != 0 && is_empty)
        snprintf(why, sizeof why, "the product sent a part without anything in it");
    else if (part->next != 0 && (e->parts >= PULL_PARTS_MAX || e->bytes >= CAP_EVIDENCE_BYTES))
        snprintf(why, sizeof why, "more than %d KiB", CAP_EVIDENCE_BYTES / 1024);
    if (part->next == 0 || why[0])
        return finish(core, device, e, why);
    e->state = EVIDENCE_ARRIVING;
    const enum result result = store_evidence_put(core->store, e);
    return result == RESULT_OK ? ask(core, device, e, PULL_EXPIRES_MS) : result;
}

static enum result take_part(struct core *core, struct device *device, struct evidence *e,
                             const struct json *result_node) {
    struct evidence_part part;
    struct fault fault;
    const uint64_t asked = e->next;
    const int64_t parts = e->parts;
    enum result result = evidence_part_read(result_node, &part, &fault);
    if (result == RESULT_OK && strcmp(part.evidence, e->uuid) != 0)
        result = fault_set(&fault, RESULT_BAD_INPUT, "it is of another evidence");
    if (result == RESULT_OK && asked != 0 && strcmp(part.recorder, e->recorder) != 0)
        result = fault_set(&fault, RESULT_BAD_INPUT, "it is of another recorder");
    const bool is_read = result == RESULT_OK;
    if (is_read)
        result = keep_part(core, device, e, &part, &fault);
    if (result == RESULT_OK) {
        result = go_on(core, device, e, &part, asked, e->parts == parts);
    } else if (!is_read || result == RESULT_BAD_INPUT) {
        fault_prefix(&fault, "the product's answer cannot be used");
        log_warn("gateway.pull", "bad_part", "device=%s why=%s", device->id, log_text(fault.text));
        result = finish(core, device, e, fault.text);
    }
    evidence_part_fini(&part);
    return result;
}

enum result pull_answered(struct core *core, struct device *device, const char *evidence,
                          const struct reply_message *reply) {
    struct evidence e;
    const enum result result = store_evidence_find(core->store, evidence, &e);
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && e.state > EVIDENCE_ARRIVING))
        return RESULT_OK;
    if (result != RESULT_OK)
        return result;
    return reply->ok ? take_part(core, device, &e, reply->result)
                     : finish(core, device, &e, reply->text[0] ? reply->text : reply->error);
}

enum result pull_expired(struct core *core, const char *evidence) {
    struct evidence e;
    const enum result result = store_evidence_find(core->store, evidence, &e);
    if (result != RESULT_OK || e.state > EVIDENCE_ARRIVING)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    return finish(core, NULL, &e, "the product did not answer in time");
}

static void report_row(void *self, const struct evidence *e) {
    struct buf *out = self;
    char raised[32], amount[AMOUNT_BYTES];
    if (e->parts == 0)
        return;
    if (!strstr(buf_text(out), "\n## Around the alarm\n"))
        buf_str(out, "\n## Around the alarm\n\nRecorded by the product itself, at full rate.\n\n"
                     "| Evidence | Alarm raised | What there is |\n|---|---|---|\n");
    clock_print(e->raised_ms, raised);
    print_amount(e, amount);
    buf_printf(out, "| %" PRId64 " | %s | %s%s |\n", e->id, raised, amount, e->why[0] ? ", incomplete" : "");
}

enum result pull_report(struct core *core, int64_t ticket, struct buf *out) {
    return store_evidence_of(core->store, ticket, report_row, out);
}
