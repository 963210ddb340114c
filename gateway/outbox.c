/* At-least-once to the device, exactly once by the command's id there. A row is published in the turn after the one
 * that wrote it (it is due at once), so nothing is sent that is not committed; QoS 1 and the retries cover the rest. */
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/evidence.h"
#include "fieldline/log.h"
#include "fieldline/topic.h"
#include "owner_desk.h"
#include "pull.h"
#include "session_desk.h"
#include "store/outbox.h"

enum { DUE_PER_TURN = 200, RETRY_FIRST_MS = 3 * 1000, RETRY_MAX_MS = 60 * 1000 };

enum result outbox_command(struct core *core, const struct device *device, const char *verb, const char *about,
                           const char *args_json, int64_t expires_in_ms) {
    struct outbox_row row = {.device_id = device->row,
                             .args_json = args_json,
                             .created_ms = core->now_ms,
                             .expires_ms = core->now_ms + expires_in_ms,
                             .next_ms = core->now_ms};
    uuid_make(row.id);
    strncpy(row.verb, verb, sizeof row.verb - 1);
    strncpy(row.about, about, sizeof row.about - 1);
    const enum result result = outbox_add(core->store, &row);
    inbox_wake(core->inbox); /* so that the next turn comes at once */
    return result;
}

enum result outbox_answered(struct core *core, struct device *device, const struct reply_message *reply) {
    struct outbox_row row;
    const enum result result = outbox_done(core->store, reply->id, &row);
    if (result == RESULT_NOT_FOUND) {
        log_info("gateway.outbox", "late_reply", "device=%s command=%s", device->id, reply->id);
        return RESULT_OK;
    }
    if (result != RESULT_OK)
        return result;
    if (row.device_id != device->row) {
        log_warn("gateway.outbox", "foreign_reply", "device=%s command=%s", device->id, reply->id);
        return RESULT_OK;
    }
    if (strcmp(row.verb, "session.open") == 0 || strcmp(row.verb, "session.consent") == 0)
        return session_desk_reply(core, row.about, reply);
    if (strncmp(row.verb, "owner.", 6) == 0)
        return owner_desk_reply(core, device, row.about, reply);
    if (strcmp(row.verb, EVIDENCE_VERB) == 0)
        return pull_answered(core, device, row.about, reply);
    return RESULT_OK;
}

/* What outbox_due lists, copied: writing while listing is not allowed. */
struct due {
    struct outbox_row rows[DUE_PER_TURN];
    char *args[DUE_PER_TURN];
    int count;
};

static void keep_due(void *self, const struct outbox_row *row) {
    struct due *due = self;
    if (due->count == DUE_PER_TURN)
        return;
    due->rows[due->count] = *row;
    due->args[due->count++] = mem_strdup(row->args_json);
}

static enum result send_one(struct core *core, const struct outbox_row *row, const char *args_json) {
    char topic[CAP_TOPIC_BYTES + 1], reply_topic[CAP_TOPIC_BYTES + 1];
    struct buf payload;
    if (core->now_ms >= row->expires_ms) {
        log_warn("gateway.outbox", "command_expired", "device=%s verb=%s tries=%lld", row->device, row->verb,
                 (long long)row->tries);
        const enum result result = outbox_done(core->store, row->id, NULL);
        return result == RESULT_OK && strcmp(row->verb, EVIDENCE_VERB) == 0 ? pull_expired(core, row->about) : result;
    }
    buf_init(&payload, CAP_COMMAND_BYTES + 1024);
    command_encode(row->id, row->verb, args_json, &payload);
    topic_format(row->device, TOPIC_DOWN_CMD, topic);
    topic_format(row->device, TOPIC_UP_REPLY, reply_topic);
    if (mqtt_publish_command(core->mqtt, topic, reply_topic, row->id, (row->expires_ms - core->now_ms) / 1000,
                             payload.data, payload.count) == RESULT_OK)
        core->figures.commands_sent++;
    buf_wipe(&payload);
    int64_t wait = RETRY_FIRST_MS << (row->tries < 5 ? row->tries : 5);
    wait = wait > RETRY_MAX_MS ? RETRY_MAX_MS : wait;
    return outbox_tried(core->store, row->id, core->now_ms + wait);
}

enum result outbox_pump(struct core *core) {
    struct due *due = mem_alloc(sizeof *due);
    enum result result = outbox_due(core->store, core->now_ms, DUE_PER_TURN, keep_due, due);
    for (int i = 0; i < due->count && result == RESULT_OK; i++)
        result = send_one(core, &due->rows[i], due->args[i]);
    for (int i = 0; i < due->count; i++) {
        wipe(due->args[i], strlen(due->args[i]));
        free(due->args[i]);
    }
    free(due);
    return result;
}

void outbox_ask_birth(struct core *core, const struct device *device) {
    char id[CAP_UUID_BYTES + 1], topic[CAP_TOPIC_BYTES + 1], reply_topic[CAP_TOPIC_BYTES + 1];
    struct buf payload;
    buf_init(&payload, 512);
    uuid_make(id);
    command_encode(id, "agent.birth", "{}", &payload);
    topic_format(device->id, TOPIC_DOWN_CMD, topic);
    topic_format(device->id, TOPIC_UP_REPLY, reply_topic);
    const enum result result =
        mqtt_publish_command(core->mqtt, topic, reply_topic, id, 60, payload.data, payload.count);
    if (result != RESULT_OK)
        log_info("gateway.outbox", "birth_not_asked", "device=%s result=%s", device->id, result_name(result));
    buf_fini(&payload);
}
