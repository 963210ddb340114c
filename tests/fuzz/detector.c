/* A function's name, a NUL, and any bytes as the saved state of its detector: taken or refused; what was taken saves as
 * bytes that load again as the same, and goes on learning. */
#include <stdlib.h>
#include <string.h>

#include "rules/detect/detectors.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { STATE_BYTES_MAX = 1 << 24, SAMPLES = 20, DAY_S = 86400, INTERVAL_MS = 10000 };
#define BEGIN_MS 1790000000000

static bool spec_of(const struct detector_row *row, struct detector_spec *spec) {
    char why[200];
    *spec = (struct detector_spec){
        .input_count = row->min_inputs, .number_count = row->min_numbers, .interval_ms = INTERVAL_MS};
    for (int i = 0; i < row->min_numbers; i++)
        spec->numbers[i] = DAY_S;
    return row->load && (!row->check || row->check(spec, why, sizeof why));
}

static void *begin(const struct detector_row *row, const struct detector_spec *spec) {
    void *state = mem_alloc(row->state_bytes);
    if (row->init)
        row->init(state, spec);
    return state;
}

static void end(const struct detector_row *row, void *state) {
    if (row->fini)
        row->fini(state);
    free(state);
}

static void go_on(const struct detector_row *row, const struct detector_spec *spec, void *state) {
    double inputs[DETECTOR_INPUTS_MAX] = {0}, outputs[DETECTOR_OUTPUTS_MAX];
    for (int i = 0; i < SAMPLES; i++) {
        for (int k = 0; k < spec->input_count; k++)
            inputs[k] = row->input == DETECTOR_CONDITION ? i % 3 == 0 : i % 5 + k;
        (void)row->update(state, spec, BEGIN_MS + i * (int64_t)INTERVAL_MS, inputs, outputs);
    }
}

/* It was taken. */
static void look(const struct detector_row *row, const struct detector_spec *spec, void *state) {
    struct buf once, twice;
    buf_init(&once, STATE_BYTES_MAX);
    buf_init(&twice, STATE_BYTES_MAX);
    void *again = begin(row, spec);
    row->save(state, spec, &once);
    struct cursor in = cursor_of(once.data, once.count);
    if (!row->load(again, spec, &in) || in.left > 0)
        abort();
    row->save(again, spec, &twice);
    if (once.count != twice.count || memcmp(once.data, twice.data, once.count) != 0)
        abort();
    go_on(row, spec, state);
    end(row, again);
    buf_fini(&once);
    buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct detector_spec spec;
    const uint8_t *name_end = count > 0 ? memchr(bytes, 0, count) : NULL;
    if (!name_end)
        return 0;
    const size_t chars = (size_t)(name_end - bytes);
    const struct detector_function *function = detector_find((const char *)bytes, chars);
    if (!function || !spec_of(function->row, &spec))
        return 0;
    const struct detector_row *row = function->row;
    void *state = begin(row, &spec);
    struct cursor in = cursor_of(bytes + chars + 1, count - chars - 1);
    if (row->load(state, &spec, &in))
        look(row, &spec, state);
    end(row, state);
    return 0;
}
