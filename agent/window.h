/* Which message of a lane goes out next? The sliding window over what the gateway has not acknowledged, as a pure state
 * machine: no clock, no network, no spool. Sequence numbers are the wire's.
 *
 * At most `size` messages and CAP_WINDOW_BYTES are under way (a gap message stands for many numbers and counts as one;
 * one message may go whatever its size). Acknowledgements are
 * cumulative. One that is lower than where we began makes the window go back: the gateway has less than we thought.
 * When nothing moves for a while the window goes back to the first unacknowledged message and sends only that one; each
 * acknowledgement then doubles what may be under way. The while is three times what an acknowledgement usually takes,
 * within 2 s and 30 s, and doubles with each stall until one is measured again. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fieldline/caps.h"

enum { WINDOW_MAX = CAP_WINDOW_BULK, WINDOW_STALL_MIN_MS = 2000, WINDOW_STALL_MAX_MS = 30000, WINDOW_NUDGE_MS = 1000 };

struct window {
    size_t size;      /* as configured; at most WINDOW_MAX */
    size_t open_size; /* how many may be under way now */
    uint64_t acked;   /* highest acknowledged, as the gateway sees it */
    uint64_t next;    /* first number not sent since the last go-back */
    size_t first, under_way;
    uint64_t ends[WINDOW_MAX];  /* ring: last number of each message under way */
    uint32_t sizes[WINDOW_MAX]; /* and its payload bytes */
    size_t bytes;               /* of all that are under way */
    int64_t stall_ms, progress_mono_ms;
    uint64_t timed_seq;                       /* the message whose acknowledgement is being timed; 0: none */
    int64_t timed_mono_ms, usual_ms, took_ms; /* took_ms: what the last timed one took */
    uint64_t timed_count;                     /* how many were timed, over all connections */
    uint64_t highest_sent;
    uint64_t resent_count; /* messages sent more than once, over all connections */
};

/* A new connection: nothing is under way, sending begins behind `acked`. */
void window_begin(struct window *w, size_t size, uint64_t acked, int64_t mono_ms);
/* The number to read and send next; false: none (all sent, or the window is full). `last` is the newest there is. */
bool window_next(const struct window *w, uint64_t last, uint64_t *seq);
/* The message that stands for from..seq went out. */
void window_sent(struct window *w, uint64_t seq, size_t bytes, int64_t mono_ms);
/* An acknowledgement of a number that was used. true: something was acknowledged for the first time. */
bool window_ack(struct window *w, uint64_t seq, int64_t mono_ms);
/* Goes back when nothing moved for too long; true when it did. */
bool window_tick(struct window *w, int64_t mono_ms);
/* A sign of life from the gateway: one that is probing after a stall probes again at once (at most once a second). */
void window_nudge(struct window *w, int64_t mono_ms);
/* When window_tick should be called next; false: nothing is under way. */
bool window_due(const struct window *w, int64_t *mono_ms);
