/* The other machine with our certificate, seen by its acknowledgements. A few streams are remembered, because a product
 * whose spool was made anew hears its old ones, too. Owned by uplink.c. */
#include "rival.h"

#include <string.h>

bool rival_heard(struct rival *r, const struct ack_message *ack) {
    for (unsigned i = 0; i < RIVAL_STREAMS; i++) {
        if (strcmp(r->heard[i].stream, ack->stream) != 0) {
            continue;
        }
        bool moves_on = ack->seq > r->heard[i].seq, is_news = moves_on && !r->is_there;
        r->heard[i].seq = moves_on ? ack->seq : r->heard[i].seq;
        r->is_there |= moves_on;
        return is_news;
    }
    r->heard[r->next++ % RIVAL_STREAMS] = *ack;
    return false;
}

void rival_forget(struct rival *r) {
    r->is_there = false;
}
