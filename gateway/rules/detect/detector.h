/* A detector: a model of one series (or of several together) that learns as samples come. Expressions name detectors as
 * functions (`anomaly_score(x)`); the engine keeps one state for each part, feeds it when a new sample of its inputs
 * has come, in order of time and never two of one time, and saves it with the rest of the device's rule state.
 *
 * Pure: no clock, no I/O, no globals; the same samples give the same answers on any machine. Memory is bounded and
 * stated in the row. Late samples do not reach a detector; gaps it sees as a distance in time. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fieldline/bytes.h"

enum { DETECTOR_INPUTS_MAX = 32, DETECTOR_NUMBERS_MAX = 4, DETECTOR_OUTPUTS_MAX = 4 };

/* What the expression says beside its inputs; the same for all devices of a model, and as long-lived as the pack. */
struct detector_spec {
    int input_count;
    int number_count;
    double numbers[DETECTOR_NUMBERS_MAX]; /* in order; a duration is in seconds */
    int64_t interval_ms;                  /* how often the first input is expected; 0: not known */
    const void *library;                  /* what the pack has recorded for it (struct lives of rul); NULL: nothing */
};

enum detector_input {
    DETECTOR_VALUES,   /* finite numbers */
    DETECTOR_CONDITION /* one input: 1 while it holds, 0 while it is known not to; unknown is not told */
};

struct detector_row {
    const char *name;
    int min_inputs, max_inputs;
    int min_numbers, max_numbers;
    enum detector_input input;
    size_t state_bytes; /* of a zeroed state; what init allocates beyond it is counted by bytes() */
    /* spec is checked when the pack is loaded: a reason to refuse it in `why`, or nothing. NULL: all are good. */
    bool (*check)(const struct detector_spec *spec, char *why, size_t room);
    void (*init)(void *state, const struct detector_spec *spec); /* state: state_bytes of zeros */
    void (*fini)(void *state);                                   /* NULL: nothing to free */
    /* A sample, newer than the one before. outputs[0] is the function's value; others have names of their own
     * (`rul_low`). false: no answer yet (it still learns), or none for this sample. */
    bool (*update)(void *state, const struct detector_spec *spec, int64_t at_ms, const double *inputs,
                   double outputs[DETECTOR_OUTPUTS_MAX]);
    void (*save)(const void *state, const struct detector_spec *spec, struct buf *out);
    /* Into an initialised state that has seen nothing. false: not a state of this spec; `state` is then to be freed. */
    bool (*load)(void *state, const struct detector_spec *spec, struct cursor *in);
    size_t (*bytes)(const void *state); /* allocated beyond state_bytes; NULL: nothing */
};
