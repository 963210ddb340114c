/* From single records to messages in the spool. Samples and logs gather into packs until one is full, old enough or has
 * enough records; events, births and replies go at once. Also keeps the spool's durability interval. */
#pragma once
#include "agent_config.h"
#include "fieldline/message.h"
#include "fieldline/senml.h"
#include "loop.h"
#include "spool.h"
#include "wall.h"

struct packer_owner {
    void *self;
    /* Something was put in the spool. */
    void (*appended)(void *self);
    /* The logs handed over so far are about to become record `seq` of `stream`. */
    void (*before_logs)(void *self, const char *stream, uint64_t seq);
};
struct packer_counts {
    uint64_t samples, logs, events;
    uint64_t refused; /* samples that no pack can hold: a clock before 1978, a value that is not finite */
    uint64_t lost;    /* records of the spool that the disk did not take */
};

struct packer;
struct packer *packer_new(struct loop *loop, const struct agent_config *config, struct spool *spool, struct wall *wall,
                          const struct packer_owner *owner);
void packer_free(struct packer *packer); /* does not flush */

void packer_sample(struct packer *packer, const struct senml_record *record);
void packer_log(struct packer *packer, const struct log_record *record);
void packer_event(struct packer *packer, const struct event_message *event);
/* A finished payload of the urgent lane: birth or reply. Returns its number. */
uint64_t packer_urgent(struct packer *packer, enum topic_kind kind, const void *payload, size_t bytes);
/* How long the oldest record of a batch waits from now on; at first as configured. */
void packer_set_wait(struct packer *packer, int64_t wait_ms);
/* Everything gathered, into the spool now. */
void packer_flush(struct packer *packer);
struct packer_counts packer_counts(const struct packer *packer);
