/* A table of open streams and their two credits. What is not here: what the bytes mean (files.c, forward.c), and how
 * they travel (visit.c puts them into the chain and on the link).
 *
 * Numbers only rise, so a late frame of an old stream is never taken for one of a new one; frames of a stream that has
 * closed are dropped, because whoever sent them could not know. Credit that was not given is a broken peer, not a busy
 * one, and ends the session. One list, searched from the front: there are at most CAP_SESSION_STREAMS. */
#include "session/streams.h"

#include <stdio.h>
#include <stdlib.h>

#include "fieldline/json.h"
#include "fieldline/log.h"
#include "fieldline/session.h"

struct stream {
    struct streams *owner;
    struct stream *next;
    const struct stream_user *user;
    void *self;
    uint16_t number;
    bool is_finished;   /* nothing more comes down */
    uint32_t room;      /* may be sent */
    uint32_t room_then; /* when the link came back */
    uint32_t given;     /* may come */
    uint64_t up_bytes, down_bytes;
};

struct streams {
    const struct streams_out *out;
    void *out_self;
    struct stream *first;
    size_t count;
    int64_t last_numbers[2]; /* of the typist's half, of the tools' */
    bool is_muted;
};

struct streams *streams_new(const struct streams_out *out, void *out_self) {
    struct streams *s = mem_alloc(sizeof *s);
    *s = (struct streams){.out = out, .out_self = out_self};
    return s;
}

static void drop(struct stream *stream) {
    struct streams *s = stream->owner;
    struct stream **at = &s->first;
    while (*at != stream) {
        at = &(*at)->next;
    }
    *at = stream->next;
    s->count--;
    free(stream);
}

void streams_free(struct streams *streams) {
    if (streams == NULL) {
        return;
    }
    while (streams->first != NULL) {
        struct stream *stream = streams->first;
        stream->user->gone(stream->self, stream);
        drop(stream);
    }
    free(streams);
}

enum result stream_open(struct streams *streams, int64_t number, const struct stream_user *user, void *self,
                        struct stream **out, struct fault *fault) {
    if (number < 1 || number > UINT16_MAX || number <= streams->last_numbers[number >= STREAM_OF_TOOLS]) {
        return fault_set(fault, RESULT_CONFLICT, "'stream' is %lld; it must be higher than any before and at most %d",
                         (long long)number, UINT16_MAX);
    }
    if (streams->count >= CAP_SESSION_STREAMS) {
        return fault_set(fault, RESULT_FULL, "%d streams are open already", CAP_SESSION_STREAMS);
    }
    struct stream *stream = mem_alloc(sizeof *stream);
    *stream = (struct stream){
        .owner = streams, .next = streams->first, .user = user, .self = self, .number = (uint16_t)number};
    streams->first = stream;
    streams->count++;
    streams->last_numbers[number >= STREAM_OF_TOOLS] = number;
    *out = stream;
    return RESULT_OK;
}

uint32_t stream_room(const struct stream *stream) {
    return stream->room;
}

void stream_send(struct stream *stream, const void *bytes, size_t count) {
    const struct streams *s = stream->owner;
    const uint8_t *at = bytes;
    if (count > stream->room) {
        die("session.streams", "stream %u sends %zu bytes and has credit for %u", stream->number, count, stream->room);
    }
    stream->room -= (uint32_t)count;
    stream->up_bytes += count;
    while (count > 0) {
        size_t piece = count < CAP_STREAM_BYTES ? count : CAP_STREAM_BYTES;
        s->out->send(s->out_self, stream->number, at, piece);
        at += piece;
        count -= piece;
    }
}

void stream_give(struct stream *stream, uint32_t bytes) {
    const struct streams *s = stream->owner;
    uint32_t most = CAP_CREDIT_BYTES - stream->given;
    uint32_t more = bytes < most ? bytes : most;
    if (more > 0 && !stream->is_finished) {
        stream->given += more;
        if (!s->is_muted) {
            s->out->credit(s->out_self, stream->number, more);
        }
    }
}

static void say_closed(const struct stream *stream, const char *reason, const char *sha256_hex) {
    const struct streams *s = stream->owner;
    struct buf params;
    buf_init(&params, 512);
    struct json_out j = json_out(&params);
    jo_object(&j, NULL);
    jo_int(&j, "stream", stream->number);
    jo_str(&j, "reason", reason);
    jo_int(&j, "up_bytes", (int64_t)stream->up_bytes);
    jo_int(&j, "down_bytes", (int64_t)stream->down_bytes);
    if (sha256_hex != NULL) {
        jo_str(&j, "sha256", sha256_hex);
    }
    jo_end(&j);
    s->out->closed(s->out_self, buf_text(&params), params.count);
    buf_fini(&params);
}

void stream_close(struct stream *stream, const char *reason, const char *sha256_hex) {
    say_closed(stream, reason, sha256_hex);
    drop(stream);
}

static struct stream *find(const struct streams *streams, int64_t number) {
    struct stream *stream = streams->first;
    while (stream != NULL && stream->number != number) {
        stream = stream->next;
    }
    return stream;
}

bool streams_receive(struct streams *streams, uint16_t number, const void *bytes, size_t count) {
    struct stream *stream = find(streams, number);
    if (stream == NULL) {
        return number <=
               streams->last_numbers[number >=
                                     STREAM_OF_TOOLS]; /* it has just closed; one that was never opened is nonsense */
    }
    if (stream->is_finished || count > stream->given) {
        return false;
    }
    stream->given -= (uint32_t)count;
    stream->down_bytes += count;
    stream->user->received(stream->self, stream, bytes, count);
    return true;
}

void streams_credit(struct streams *streams, uint16_t number, uint32_t bytes) {
    struct stream *stream = streams != NULL ? find(streams, number) : NULL;
    if (stream == NULL) {
        return;
    }
    uint32_t most = CAP_CREDIT_BYTES - stream->room;
    stream->room += bytes < most ? bytes : most;
    if (stream->user->writable != NULL) {
        stream->user->writable(stream->self, stream);
    }
}

enum result streams_finish(struct streams *streams, int64_t number, struct fault *fault) {
    struct stream *stream = find(streams, number);
    if (stream == NULL || stream->is_finished) {
        return fault_set(fault, RESULT_NOT_FOUND, "there is no stream %lld that goes down", (long long)number);
    }
    stream->is_finished = true;
    if (stream->user->finished != NULL) {
        stream->user->finished(stream->self, stream);
    } else {
        stream->user->gone(stream->self, stream);
        stream_close(stream, "done", NULL);
    }
    return RESULT_OK;
}

enum result streams_shut(struct streams *streams, int64_t number, struct fault *fault) {
    struct stream *stream = find(streams, number);
    if (stream == NULL) {
        return fault_set(fault, RESULT_NOT_FOUND, "there is no stream %lld", (long long)number);
    }
    stream->user->gone(stream->self, stream);
    stream_close(stream, "closed", NULL);
    return RESULT_OK;
}

void streams_mute(struct streams *streams) {
    if (streams == NULL) {
        return;
    }
    streams->is_muted = true;
    for (struct stream *stream = streams->first; stream != NULL; stream = stream->next) {
        stream->room_then = stream->room;
    }
}

void streams_sync(struct streams *streams) {
    if (streams == NULL) {
        return;
    }
    streams->is_muted = false;
    for (const struct stream *stream = streams->first; stream != NULL; stream = stream->next) {
        if (stream->given > 0) {
            streams->out->credit(streams->out_self, stream->number, stream->given);
        }
    }
}

void streams_credit_absolute(struct streams *streams, uint16_t number, uint32_t bytes) {
    struct stream *stream = streams != NULL ? find(streams, number) : NULL;
    if (stream != NULL && bytes > stream->room_then) {
        streams_credit(streams, number, bytes - stream->room_then);
    }
}

size_t streams_count(const struct streams *streams) {
    return streams->count;
}
