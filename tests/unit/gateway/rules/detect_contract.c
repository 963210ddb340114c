#include "detect_contract.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { STATE_MAX = 1 << 24 };

bool detect_accepts(const struct detector_row *row, const struct detector_spec *spec, char *why, size_t room) {
    why[0] = 0;
    return !row->check || row->check(spec, why, room);
}

void detect_probe_init(struct detect_probe *p, const struct detector_row *row, const struct detector_spec *spec) {
    *p = (struct detect_probe){.row = row, .spec = *spec, .state = mem_alloc(row->state_bytes)};
    if (row->init)
        row->init(p->state, &p->spec);
}

void detect_probe_fini(struct detect_probe *p) {
    if (p->row->fini)
        p->row->fini(p->state);
    free(p->state);
}

double detect_tell(struct detect_probe *p, int64_t at_ms, double input, double outputs[DETECTOR_OUTPUTS_MAX]) {
    double own[DETECTOR_OUTPUTS_MAX] = {0};
    const bool has = p->row->update(p->state, &p->spec, at_ms, &input, own);
    if (outputs)
        memcpy(outputs, own, sizeof own);
    return has ? own[0] : NAN;
}

static bool load(struct detect_probe *p, const void *bytes, size_t count) {
    struct cursor in = cursor_of(bytes, count);
    return p->row->load(p->state, &p->spec, &in) && in.left == 0;
}

static void same_answer(struct detect_probe *a, struct detect_probe *b, const struct detect_sample *s, const char *what,
                        size_t i) {
    double x[DETECTOR_OUTPUTS_MAX] = {0}, y[DETECTOR_OUTPUTS_MAX] = {0};
    const bool has_x = a->row->update(a->state, &a->spec, s->at_ms, s->inputs, x);
    const bool has_y = b->row->update(b->state, &b->spec, s->at_ms, s->inputs, y);
    cr_assert_eq(has_x, has_y, "%s: sample %zu: an answer or none", what, i);
    cr_assert(!has_x || memcmp(x, y, sizeof x) == 0, "%s: sample %zu: %.17g, and %.17g after a restart", what, i, x[0],
              y[0]);
    for (int k = 0; has_x && k < DETECTOR_OUTPUTS_MAX; k++)
        cr_assert(isfinite(x[k]), "%s: sample %zu: output %d is %g", what, i, k, x[k]);
}

/* Every beginning of a good state is refused, and nothing is read or kept that is not there. */
static void refuse_parts(const struct detect_probe *p, const struct buf *state, const char *what) {
    const size_t step = state->count / 50 + 1;
    for (size_t bytes = 0; bytes < state->count; bytes += step) {
        struct detect_probe other;
        detect_probe_init(&other, p->row, &p->spec);
        cr_assert_not(load(&other, state->data, bytes), "%s: %zu of %zu bytes were taken", what, bytes, state->count);
        detect_probe_fini(&other);
    }
}

/* A byte changed: refused, or something that works. */
static void survive_damage(const struct detect_probe *p, struct buf *state, const struct detect_sample *next) {
    const size_t step = state->count / 200 + 1;
    for (size_t at = 0; at < state->count; at += step)
        for (unsigned bit = 0; bit < 8; bit += 3) {
            struct detect_probe other;
            double outputs[DETECTOR_OUTPUTS_MAX];
            detect_probe_init(&other, p->row, &p->spec);
            state->data[at] ^= (uint8_t)(1u << bit);
            if (load(&other, state->data, state->count))
                (void)other.row->update(other.state, &other.spec, next->at_ms, next->inputs, outputs);
            state->data[at] ^= (uint8_t)(1u << bit);
            detect_probe_fini(&other);
        }
}

void detect_contract(const struct detector_row *row, const struct detector_spec *spec,
                     const struct detect_sample *samples, size_t count, const char *what) {
    struct detect_probe kept, restarted;
    struct buf state, again;
    buf_init(&state, STATE_MAX);
    buf_init(&again, STATE_MAX);
    detect_probe_init(&kept, row, spec);
    detect_probe_init(&restarted, row, spec);
    for (size_t i = 0; i < count; i++) {
        if (i % 97 == 0 || i == count - 1) { /* the restarted one lives on in a new state, the other goes on */
            buf_reset(&state);
            row->save(restarted.state, &restarted.spec, &state);
            detect_probe_fini(&restarted);
            detect_probe_init(&restarted, row, spec);
            cr_assert(load(&restarted, state.data, state.count), "%s: sample %zu: its own state was refused", what, i);
            buf_reset(&again);
            row->save(restarted.state, &restarted.spec, &again);
            cr_assert(again.count == state.count && memcmp(again.data, state.data, state.count) == 0,
                      "%s: sample %zu: saved, loaded and saved it is another state", what, i);
        }
        same_answer(&kept, &restarted, &samples[i], what, i);
    }
    cr_assert_not(state.overflow);
    refuse_parts(&kept, &state, what);
    survive_damage(&kept, &state, &samples[count - 1]);
    detect_probe_fini(&kept);
    detect_probe_fini(&restarted);
    buf_fini(&state);
    buf_fini(&again);
}
