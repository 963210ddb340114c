/* down/ack: everything of a stream up to this number is committed.
 *
 * The smallest payload and the one that all of promise 1 rests on, so it has no optional members: a stream and a
 * number, or it is refused and the agent keeps what it has. Streams with a list of ranges were left; cumulative is
 * enough, because the agent sends in order and the gateway commits in order. */
#include "fieldline/message.h"

#include "src/field.h"

enum { ACK_BYTES = 1024 };

enum result ack_decode(const void *payload, size_t bytes, struct ack_message *out, struct fault *fault) {
    struct json *root;
    enum result result = payload_parse(payload, bytes, ACK_BYTES, &root, fault);
    if (result)
        return result;
    struct ack_message ack = {0};
    result = field_uuid(root, "stream", ack.stream, fault);
    if (!result)
        result = field_count(root, "seq", &ack.seq, fault);
    json_free(root);
    if (!result)
        *out = ack;
    return result;
}

void ack_encode(const struct ack_message *ack, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "stream", ack->stream);
    jo_int(&j, "seq", (int64_t)ack->seq);
    jo_end(&j);
}
