/* Sends what the spool holds over a connection that stands: in order, within the windows, urgent lanes first. What an
 * acknowledgement moves is moved here. Knows nothing of connecting. */
#pragma once
#include "ack_times.h"
#include "agent_config.h"
#include "day_budget.h"
#include "loop.h"
#include "mqtt.h"
#include "spool.h"
#include "wall.h"
#include "window.h"

struct sender {
    struct loop *loop;
    const struct agent_config *config;
    struct spool *spool;
    struct wall *wall;
    struct budget *budget;
    struct mqtt *mqtt;
    struct loop_timer timer; /* a window's stall */
    struct window windows[SPOOL_LANES];
    bool is_open;
    uint64_t gate_seq; /* urgent; bulk waits until it is acknowledged */
    uint64_t sent_count, sent_bytes, resent_count;
    struct ack_times ack_times;
};

/* What the fields above point to outlives the sender; `mqtt` may be set later, before sender_begin. */
void sender_init(struct sender *sender);
/* A new connection, or a new stream: forgets what was under way. Sends urgent records only until sender_open_gate. */
void sender_begin(struct sender *sender);
/* Bulk goes out once this urgent number is acknowledged; 0: at once. Sends. */
void sender_open_gate(struct sender *sender, uint64_t urgent_seq);
/* Nothing is sent any more. */
void sender_end(struct sender *sender);
/* Sends what may be sent now. */
void sender_pump(struct sender *sender);
/* Up to seq of the lane is committed; the spool knows already. true: something for the first time. */
bool sender_ack(struct sender *sender, enum spool_lane lane, uint64_t seq);
/* Tells the budget of a message, sent or received. */
void sender_spend(struct sender *sender, size_t payload_bytes, bool is_stamped);
uint64_t sender_resent_count(const struct sender *sender);
