/* Streams at the gateway: who opened each, and the two credits that pass through.
 *
 * Credit is end to end: the product may send what the engineer's side has given, the engineer what the product has
 * given; the gateway only holds credit back while the leg's queue is long, so that the memory for a fast producer and a
 * slow viewer is RELAY_STREAM_BYTES and not what both of them wish. A stream belongs to the leg that opened it; when
 * the leg goes, the product is told to close it, and its entry stays until stream.closed has come, because until then
 * bytes may be under way. Every frame is recorded before it is passed on: hash and length, or with its bytes. */
#include <stdio.h>
#include <stdlib.h>

#include "sessions/relay_inside.h"

static struct relay_stream *find(struct relay *r, int64_t number) {
    for (size_t i = 0; i < CAP_SESSION_STREAMS; i++) {
        if (r->streams[i].number != 0 && r->streams[i].number == number) {
            return &r->streams[i];
        }
    }
    return NULL;
}

enum result relay_stream_check(const struct relay_leg *leg, const struct json *params, struct fault *fault) {
    const struct relay *r = leg->relay;
    const int64_t least = leg->is_tool ? STREAM_OF_TOOLS : 1, most = leg->is_tool ? UINT16_MAX : STREAM_OF_TOOLS - 1;
    int64_t number;
    enum result result = json_integer(params, "stream", least, most, &number, fault);
    if (result != RESULT_OK) {
        return result;
    }
    if (number <= r->last_streams[leg->is_tool]) {
        return fault_set(fault, RESULT_CONFLICT, "'stream' is %lld; it must be higher than %lld", (long long)number,
                         (long long)r->last_streams[leg->is_tool]);
    }
    for (size_t i = 0; i < CAP_SESSION_STREAMS; i++) {
        if (r->streams[i].number == 0) {
            return RESULT_OK;
        }
    }
    return fault_set(fault, RESULT_FULL, "%d streams are open already", CAP_SESSION_STREAMS);
}

enum result relay_stream_known(const struct relay *r, const struct json *params, struct fault *fault) {
    int64_t number;
    enum result result = json_integer(params, "stream", 1, UINT16_MAX, &number, fault);
    if (result == RESULT_OK && find((struct relay *)r, number) == NULL) {
        return fault_set(fault, RESULT_NOT_FOUND, "there is no stream %lld", (long long)number);
    }
    return result;
}

void relay_stream_open(struct relay_leg *leg, const struct json *params, bool keeps_bytes) {
    struct relay *r = leg->relay;
    int64_t number = 0;
    if (json_integer(params, "stream", 1, UINT16_MAX, &number, NULL) != RESULT_OK) {
        return; /* checked a moment ago */
    }
    for (size_t i = 0; i < CAP_SESSION_STREAMS; i++) {
        if (r->streams[i].number == 0) {
            r->streams[i] = (struct relay_stream){.number = (uint16_t)number, .owner = leg, .keeps_bytes = keeps_bytes};
            r->last_streams[leg->is_tool] = number;
            return;
        }
    }
}

void relay_stream_forget(struct relay *r, int64_t number) {
    struct relay_stream *stream = find(r, number);
    if (stream != NULL) {
        *stream = (struct relay_stream){0};
    }
}

/* stream.close, in the gateway's name. */
static void shut(struct relay *r, const struct relay_stream *stream) {
    struct buf message;
    if (r->phase != RELAY_LIVE) {
        return;
    }
    buf_init(&message, MESSAGE_BYTES);
    buf_printf(&message,
               "{\"jsonrpc\":\"2.0\",\"method\":\"stream.close\",\"params\":{\"stream\":%u,\"by\":\"gateway\"}}",
               stream->number);
    (void)!relay_send_control(r, &message, "", 0, 0); /* a failure has ended the session */
    buf_fini(&message);
}

void relay_streams_leave(struct relay_leg *leg) {
    struct relay *r = leg->relay;
    for (size_t i = 0; i < CAP_SESSION_STREAMS; i++) {
        struct relay_stream *stream = &r->streams[i];
        if (stream->number != 0 && stream->owner == leg) {
            stream->owner = NULL;
            stream->owed_bytes = 0;
            shut(r, stream);
        }
    }
}

/* ---- credit ------------------------------------------------------------------------------------------------------ */

/* What the product may send to this leg altogether. */
static int64_t under_way(const struct relay *r, const struct relay_leg *leg) {
    int64_t bytes = (int64_t)leg->ops->pending(leg->self);
    for (size_t i = 0; i < CAP_SESSION_STREAMS; i++) {
        bytes += r->streams[i].number != 0 && r->streams[i].owner == leg ? r->streams[i].up_credit_bytes : 0;
    }
    return bytes;
}

void relay_streams_give(struct relay *r) {
    if (!relay_may_give(r)) {
        return;
    }
    for (size_t i = 0; i < CAP_SESSION_STREAMS; i++) {
        struct relay_stream *stream = &r->streams[i];
        if (stream->number == 0 || stream->owner == NULL || stream->owed_bytes == 0) {
            continue;
        }
        int64_t room = RELAY_STREAM_BYTES - under_way(r, stream->owner);
        int64_t more = stream->owed_bytes < room ? stream->owed_bytes : room;
        if (more <= 0) {
            continue;
        }
        relay_credit_product(
            r, &(struct credit){.channel = CHANNEL_STREAM, .stream = stream->number, .bytes = (uint32_t)more});
        stream->owed_bytes -= more;
        stream->up_credit_bytes += more;
    }
}

void relay_stream_credit_up(struct relay_leg *leg, const struct credit *credit) {
    struct relay *r = leg->relay;
    struct relay_stream *stream = find(r, credit->stream);
    if (stream == NULL || stream->owner != leg) {
        return; /* it has just closed */
    }
    int64_t most = CAP_CREDIT_BYTES - stream->owed_bytes - stream->up_credit_bytes;
    stream->owed_bytes += (int64_t)credit->bytes < most ? (int64_t)credit->bytes : most;
    relay_streams_give(r);
}

bool relay_stream_credit_down(struct relay *r, const struct credit *credit) {
    struct relay_stream *stream = find(r, credit->stream);
    if (stream == NULL) {
        return r->is_absolute; /* it closed in what was repeated */
    }
    int64_t more = credit->bytes - (r->is_absolute ? stream->down_credit_then : 0);
    if (stream->down_credit_bytes + more > CAP_CREDIT_BYTES) {
        return false;
    }
    if (more <= 0) {
        return true;
    }
    stream->down_credit_bytes += more;
    if (stream->owner != NULL) {
        struct buf message;
        buf_init(&message, 16);
        credit_encode(&(struct credit){.channel = CHANNEL_STREAM, .stream = stream->number, .bytes = (uint32_t)more},
                      &message);
        stream->owner->ops->send(stream->owner->self, false, message.data, message.count);
        buf_fini(&message);
    }
    return true;
}

/* ---- bytes ------------------------------------------------------------------------------------------------------- */

void relay_stream_down(struct relay_leg *leg, const struct frame *frame, const void *message, size_t bytes) {
    struct relay *r = leg->relay;
    struct relay_stream *stream = find(r, stream_number(frame));
    int64_t count = (int64_t)frame->count - STREAM_HEAD_BYTES;
    if (r->phase != RELAY_LIVE) {
        relay_refuse(leg, NULL, "not_live", "the session is not live");
    } else if (stream == NULL || stream->owner != leg) {
        /* One that has just been closed is none of the leg's faults. */
        if (stream_number(frame) > r->last_streams[stream_number(frame) >= STREAM_OF_TOOLS] ||
            (stream != NULL && stream->owner != NULL)) {
            relay_refuse(leg, NULL, "not_found", "this stream is not yours, or was never opened");
        }
    } else if (count > stream->down_credit_bytes) {
        relay_refuse(leg, NULL, "full", "more bytes than the product gave credit for; they were dropped");
    } else if (relay_keep_stream(r, DIRECTION_DOWN, frame, leg->name, stream->keeps_bytes)) {
        stream->down_credit_bytes -= count;
        relay_to_product(r, false, message, bytes);
    }
}

const char *relay_stream_up(struct relay *r, const struct frame *frame, const void *message, size_t bytes) {
    struct relay_stream *stream = find(r, stream_number(frame));
    int64_t count = (int64_t)frame->count - STREAM_HEAD_BYTES;
    if (stream == NULL) {
        return "bytes of a stream that nobody opened";
    }
    if (count > stream->up_credit_bytes) {
        return "more bytes on a stream than it had credit for";
    }
    if (!relay_keep_stream(r, DIRECTION_UP, frame, r->options.device, stream->keeps_bytes)) {
        return NULL;
    }
    stream->up_credit_bytes -= count;
    if (stream->owner != NULL) {
        relay_send_leg(stream->owner, false, message, bytes);
    }
    return NULL;
}
