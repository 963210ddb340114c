/* What every detector must do, asked of one: it tells the same whether it was saved and loaded in between or not, what
 * it told does not depend on what comes later, and a state that is cut short or longer is refused. */
#pragma once
#include "rules/detect/detector.h"

struct detect_sample {
    int64_t at_ms;
    double inputs[DETECTOR_INPUTS_MAX];
};
/* The samples in ascending time. Aborts the test with `what` where the contract is broken. */
void detect_contract(const struct detector_row *row, const struct detector_spec *spec,
                     const struct detect_sample *samples, size_t count, const char *what);
/* The row's own opinion of the spec; why it refuses goes into `why`. */
bool detect_accepts(const struct detector_row *row, const struct detector_spec *spec, char *why, size_t room);

/* A state in use. */
struct detect_probe {
    const struct detector_row *row;
    struct detector_spec spec;
    void *state;
};
void detect_probe_init(struct detect_probe *p, const struct detector_row *row, const struct detector_spec *spec);
void detect_probe_fini(struct detect_probe *p);
/* One input. NAN where it has no answer. */
double detect_tell(struct detect_probe *p, int64_t at_ms, double input, double outputs[DETECTOR_OUTPUTS_MAX]);
