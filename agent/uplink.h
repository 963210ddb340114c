/* The way up: connects, keeps connected, and sends what the spool holds, in order, within the windows. The way down:
 * acknowledgements move the windows and free the spool; commands go to the owner.
 *
 * One connection: connect, subscribe to down/+, publish "online", let the owner append a birth record, send the urgent
 * lane; once that birth is acknowledged the bulk lane too (the gateway knows the product before it gets its data).
 * After a failure or a loss: a pause, see retry.h. While the day's budget is spent, bulk stays in the spool. */
#pragma once
#include "agent_config.h"
#include "day_budget.h"
#include "ack_times.h"
#include "loop.h"
#include "spool.h"
#include "wall.h"

enum uplink_state { UPLINK_OFFLINE, UPLINK_CONNECTING, UPLINK_SUBSCRIBING, UPLINK_UP, UPLINK_STOPPING, UPLINK_STOPPED };
const char *uplink_state_name(enum uplink_state state); /* "offline", ..., "up", ... */

struct uplink_owner {
    void *self;
    /* A connection stands: introduce yourself (uplink_introduce), append a birth record if needed. Returns the urgent
     * number that must be acknowledged before bulk records go out; 0: none. */
    uint64_t (*connected)(void *self);
    /* A down/cmd payload that has not expired. */
    void (*command)(void *self, const void *payload, size_t bytes);
    /* After uplink_stop: the broker has been told, or could not be told in time. */
    void (*stopped)(void *self);
};
struct uplink_status {
    enum uplink_state state;
    int64_t state_mono_ms; /* since when */
    bool has_ack;
    int64_t ack_mono_ms;   /* when something was acknowledged last */
    uint64_t taken_count;  /* times in a row that another client took our session */
    int64_t retry_mono_ms; /* UPLINK_OFFLINE: the next attempt */
    uint64_t connection_count, sent_count, sent_bytes, resent_count, ack_count, bad_message_count,
        dropped_message_count;
    struct ack_times ack_times; /* from sending to being acknowledged; one message at a time is timed */
    char trouble[192];          /* why the last attempt or connection ended; "" */
};

struct uplink;
FL_CHECK enum result uplink_new(struct loop *loop, const struct agent_config *config, struct spool *spool,
                                struct wall *wall, struct budget *budget, const struct uplink_owner *owner,
                                struct uplink **out, struct fault *fault);
void uplink_free(struct uplink *uplink);
void uplink_start(struct uplink *uplink);
/* Publishes a birth outside of the streams, at once: a gateway that does not know this product takes nothing else of
 * it, and a birth inside the urgent lane may stand behind events that wait for just that. Lost when the link is; then
 * the gateway asks. */
void uplink_introduce(struct uplink *uplink, const void *birth, size_t bytes);
/* The same for a payload of any kind that nobody misses: who waits for it asks again. */
void uplink_say(struct uplink *uplink, enum topic_kind kind, const void *payload, size_t bytes);
/* The spool has something new. */
void uplink_wake(struct uplink *uplink);
/* Sends what the windows allow, publishes "offline", disconnects; `stopped` is called within 1.5 s. */
void uplink_stop(struct uplink *uplink);
/* It is connected, or something will wake it up. false is a fault of ours: it would stay offline for ever. */
bool uplink_is_alive(const struct uplink *uplink);
struct uplink_status uplink_status(const struct uplink *uplink);
