/* Topics and stamps of anybody through the inbox: the first byte tells how long the topic is. */
#include "ingest/inbox.h"

#include <stddef.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct inbox *inbox;
    struct inbox_flood floods[INBOX_FLOODS_KEPT];
    struct inbound *out[64];
    if (size < 2)
        return 0;
    if (!inbox)
        inbox = inbox_new(50, 64 * 1024, 0, 2);
    const size_t topic = data[0] < size - 1 ? data[0] : size - 1;
    for (int i = 0; i < 4; i++) {
        struct inbound *m = inbound_new((const char *)data + 1, topic, data + 1 + topic, size - 1 - topic);
        m->has_stamp = data[size - 1] & 1;
        m->stamp.seq = (uint64_t)i + 1;
        m->stamp.from = data[size - 1] & 2 ? 1 : m->stamp.seq;
        m->recv_mono_us = 1000 * (int64_t)data[size - 1];
        if (m->is_state && !m->is_urgent)
            abort();
        inbox_push(inbox, m);
    }
    const size_t count = inbox_take(inbox, out, 64, 0, 0);
    for (size_t i = 0; i < count; i++) {
        if (i > 0 && out[i]->is_urgent && !out[i - 1]->is_urgent)
            abort();
        inbox_note_waste(inbox, out[i]);
    }
    for (size_t i = 0; i < count; i++)
        inbound_free(out[i]);
    if (inbox_read_figures(inbox).bytes != 0 || inbox_take_floods(inbox, floods) > INBOX_FLOODS_KEPT)
        abort();
    return 0;
}
