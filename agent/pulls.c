/* Pulls of evidence, on the product's side.
 *
 * Stop and wait: the gateway asks for the next part when it has committed the one before. That is a round trip for each
 * 24 KiB, which is slow on purpose: a part and the telemetry between two parts share the link, and no more than one
 * part is ever in this process beside the ring. Held is by time and not by who asked: a gateway that was killed asks
 * again with the same command within PULLS_IDLE_MS or finds what is still there. A metered link that has begun to save
 * sends none: evidence is a comfort, telemetry is the promise. Owned by agent.c, loop thread. */
#include "pulls.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"

struct pulls {
    struct loop *loop;
    struct recorder *recorder;
    struct wall *wall;
    struct budget *budget;
    struct pulls_owner owner;
    char held[CAP_UUID_BYTES + 1]; /* the evidence that the recorder is held for; "": none */
    struct loop_timer idle_timer;
    struct { /* the first pull, until the end of its stretch */
        bool is_there;
        char id[CAP_UUID_BYTES + 1];
        struct evidence_wish wish;
        struct loop_timer timer;
    } waiting;
    struct pulls_counts counts;
};

struct pulls *pulls_new(struct loop *loop, struct recorder *recorder, struct wall *wall, struct budget *budget,
                        const struct pulls_owner *owner) {
    struct pulls *p = mem_alloc(sizeof *p);
    *p = (struct pulls){.loop = loop, .recorder = recorder, .wall = wall, .budget = budget, .owner = *owner};
    return p;
}

void pulls_free(struct pulls *p) {
    if (p == NULL) {
        return;
    }
    loop_disarm(p->loop, &p->idle_timer);
    loop_disarm(p->loop, &p->waiting.timer);
    free(p);
}

bool pulls_allowed(enum budget_level level) {
    return level == BUDGET_FREE || level == BUDGET_SLOW;
}

struct pulls_counts pulls_counts(const struct pulls *p) {
    return p->counts;
}

static void refuse(struct pulls *p, const char *id, enum result result, const char *text) {
    struct buf reply;
    p->counts.refused++;
    log_info("agent.pulls", "pull_refused", "id=%s result=%s why=%s", id, result_name(result), log_text(text));
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    reply_encode_error(id, result_name(result), text, &reply);
    p->owner.reply(p->owner.self, id, reply.data, reply.count);
    buf_fini(&reply);
}

static void release(struct pulls *p) {
    p->held[0] = '\0';
    loop_disarm(p->loop, &p->idle_timer);
    recorder_release(p->recorder);
}

static void on_idle(void *self) {
    struct pulls *p = self;
    log_info("agent.pulls", "pull_abandoned", "evidence=%s", p->held);
    release(p);
}

static void hold(struct pulls *p, const struct evidence_wish *wish, int64_t wait_ms) {
    if (p->held[0] == '\0') {
        memcpy(p->held, wish->evidence, sizeof p->held);
        recorder_hold(p->recorder, wish->from_ms);
    }
    loop_arm(p->loop, &p->idle_timer, wait_ms + PULLS_IDLE_MS, on_idle, p);
}

static void answer(struct pulls *p, const char *id, const struct evidence_wish *wish) {
    struct evidence_writer *writer = mem_alloc(sizeof *writer);
    uint8_t *block = mem_alloc(wish->max_bytes);
    struct recorder_span span = recorder_span(p->recorder);
    struct evidence_part part = {.held_from_ms = span.from_ms, .held_to_ms = span.to_ms, .missed = span.missed};
    struct buf result, reply;
    buf_init(&result, CAP_PAYLOAD_BYTES);
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    evidence_begin(writer, block, wish->max_bytes);
    recorder_read(p->recorder, wish, writer, &part.next);
    memcpy(part.evidence, wish->evidence, sizeof part.evidence);
    snprintf(part.recorder, sizeof part.recorder, "%s", recorder_id(p->recorder));
    part.block = block;
    part.block_bytes = writer->count;
    evidence_part_print(&part, &result);
    reply_encode_ok(id, buf_text(&result), &reply);
    p->counts.parts++;
    if (part.next == 0) {
        release(p);
    }
    p->owner.reply(p->owner.self, id, reply.data, reply.count);
    buf_fini(&reply);
    buf_fini(&result);
    free(block);
    free(writer);
}

static void on_end_of_stretch(void *self) {
    struct pulls *p = self;
    p->waiting.is_there = false;
    answer(p, p->waiting.id, &p->waiting.wish);
}

static const char *objection(const struct pulls *p, const struct evidence_wish *wish, int64_t now_ms,
                             enum result *result) {
    if (wish->to_ms > now_ms + EVIDENCE_AHEAD_MS) {
        *result = RESULT_BAD_INPUT;
        return "the end of the stretch is too far in the future";
    }
    if (wish->at != 0 && strcmp(wish->recorder, recorder_id(p->recorder)) != 0) {
        *result = RESULT_NOT_FOUND;
        return "the agent was restarted: what it had recorded is gone";
    }
    if (p->waiting.is_there || (p->held[0] != '\0' && strcmp(p->held, wish->evidence) != 0)) {
        *result = RESULT_BUSY;
        return "another evidence is being pulled";
    }
    if (!pulls_allowed(budget_level(p->budget))) {
        *result = RESULT_FULL;
        return "the link's budget of this day allows no evidence";
    }
    return NULL;
}

void pulls_step(struct pulls *p, int64_t by_ms) {
    p->waiting.wish.from_ms += by_ms;
    p->waiting.wish.to_ms += by_ms;
}

void pulls_command(struct pulls *p, const struct command_message *command) {
    struct evidence_wish wish;
    struct fault fault;
    enum result result = RESULT_OK;
    if (p->recorder == NULL) {
        refuse(p, command->id, RESULT_DENIED, "the owner of this product has turned evidence off");
        return;
    }
    if (strcmp(command->verb, EVIDENCE_VERB) != 0) {
        refuse(p, command->id, RESULT_NOT_FOUND, "this agent has no such verb");
        return;
    }
    if (evidence_wish_read(command->args, &wish, &fault) != RESULT_OK) {
        refuse(p, command->id, RESULT_BAD_INPUT, fault.text);
        return;
    }
    int64_t now_ms = wall_now_ms(p->wall);
    const char *why = objection(p, &wish, now_ms, &result);
    if (why != NULL) {
        refuse(p, command->id, result, why);
        return;
    }
    int64_t wait_ms = wish.to_ms > now_ms ? wish.to_ms - now_ms : 0;
    hold(p, &wish, wait_ms);
    if (wait_ms == 0) {
        answer(p, command->id, &wish);
        return;
    }
    p->waiting.is_there = true;
    p->waiting.wish = wish;
    memcpy(p->waiting.id, command->id, sizeof p->waiting.id);
    loop_arm(p->loop, &p->waiting.timer, wait_ms, on_end_of_stretch, p);
}
