/* What a spool lane remembers besides its segments: stream, position, and why records are missing. For lane.c.
 * Two slots written in turn, each with a checksum: a torn write leaves the other. */
#pragma once
#include "fieldline/bytes.h"
#include "fieldline/caps.h"

/* Why records of a lane cannot be sent any more. */
enum gap_reason {
    GAP_SPOOL_FULL, /* the oldest were dropped to stay within [spool] bytes */
    GAP_DISK,       /* the disk did not take them */
    GAP_POWER_CUT,  /* numbers that may have been used before power was cut; how many records is not known */
    GAP_DAMAGED,    /* checksums do not agree, or they are gone without a trace */
    GAP_DONE,       /* the gateway acknowledged them once and asks again */
    GAP_REASON_COUNT
};
const char *gap_reason_text(enum gap_reason reason); /* for people */

struct lane_hole {
    uint64_t from, to;
    enum gap_reason reason;
    int64_t first_ms, last_ms; /* wall times of what is missing, as far as known */
};
enum { LANE_HOLES = 8 };

struct lane_state {
    char stream[CAP_UUID_BYTES + 1], boot[CAP_UUID_BYTES + 1];
    bool is_closed;    /* written by an orderly lane_close */
    uint64_t base;     /* file seq - base = seq on the wire; grows only when a stream had to be begun anew */
    uint64_t acked;    /* file seqs, here and below */
    uint64_t next;     /* never to be fallen behind, though no record may tell (skipped numbers) */
    uint64_t reserved; /* numbers up to here may have been used: a power cut cannot make us use them again */
    uint64_t dropped;  /* records, ever */
    size_t hole_count;
    struct lane_hole holes[LANE_HOLES]; /* ascending; what is missing without a hole has lost its reason */
    uint64_t generation;                /* private */
};

/* RESULT_NOT_FOUND: no slot is whole (a new file, or a damaged one). */
FL_CHECK enum result lane_state_read(int fd, struct lane_state *out);
/* Into the older slot, not synced. */
FL_CHECK enum result lane_state_write(int fd, struct lane_state *state);
/* Joins a hole that it continues; forgets the oldest when there is no room. */
void lane_state_add_hole(struct lane_state *state, const struct lane_hole *hole);
void lane_state_forget_holes(struct lane_state *state, uint64_t up_to);
/* The hole that `seq` is in, or NULL. */
const struct lane_hole *lane_state_hole(const struct lane_state *state, uint64_t seq);
/* The last number up to `to` before the next hole behind `seq`: what is told for one reason ends there. */
uint64_t lane_state_hole_after(const struct lane_state *state, uint64_t seq, uint64_t to);
