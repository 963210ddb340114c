/* Does another machine use this product's certificate? Some brokers say so ("session taken over", MQTT 5 reason 0x8E);
 * mosquitto before 2.1 closes the connection without a word. But the gateway acknowledges streams to the device, and
 * both machines hear it: a stream that is not ours and moves on is another agent's, alive. (One that stands still is of
 * a spool that this product once had.) Pure. */
#pragma once
#include <stdbool.h>

#include "fieldline/message.h"

enum { RIVAL_STREAMS = 4 };
struct rival {
    struct ack_message heard[RIVAL_STREAMS]; /* a ring, the newest replaces the oldest */
    unsigned next;
    bool is_there;
};
/* An acknowledgement of a stream that is not ours. true: it is the first proof. */
bool rival_heard(struct rival *rival, const struct ack_message *ack);
void rival_forget(struct rival *rival); /* the proof, not what was heard */
