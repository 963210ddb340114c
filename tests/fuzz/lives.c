/* Any text as the table of a recorded life: taken, or every problem is a line that names the file. What is taken has
 * numbers in ascending time only; five of it are learnt from, and the model says numbers within its cap. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rules/detect/rul.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void check_rows(const struct lives *lives) {
    for (size_t u = 0; u < lives->count; u++)
        for (size_t k = 0; k < lives->items[u].count; k++) {
            const double *row = lives_row(lives, lives->items[u].first + k);
            for (int i = 0; i < lives->column_count; i++)
                if (!isfinite(row[i]))
                    abort();
            if (k > 0 && row[0] <= row[-lives->column_count])
                abort();
        }
}

static void ask(const struct lives *lives, const char *const *metrics, int inputs) {
    struct life_model *model;
    struct fault why;
    if (life_model_new(lives, metrics, inputs, 0, &model, &why) != RESULT_OK)
        return;
    const struct detector_spec spec = {.input_count = inputs, .library = model};
    struct buf state;
    void *rul = mem_alloc(detect_rul.state_bytes);
    detect_rul.init(rul, &spec);
    for (size_t k = 0; k < lives->items[0].count; k++) {
        double x[DETECTOR_INPUTS_MAX], outputs[DETECTOR_OUTPUTS_MAX];
        for (int i = 0; i < inputs; i++)
            x[i] = lives_row(lives, k)[lives_column(lives, metrics[i])];
        if (detect_rul.update(rul, &spec, (int64_t)k * 1000, x, outputs) &&
            !(outputs[0] >= 0 && outputs[0] <= model->cap))
            abort();
    }
    buf_init(&state, 1 << 16);
    detect_rul.save(rul, &spec, &state);
    buf_fini(&state);
    free(rul);
    life_model_free(model);
}

static void learn(const struct lives *lives) {
    const char *metrics[DETECTOR_INPUTS_MAX];
    const int inputs =
        lives->column_count - 1 < DETECTOR_INPUTS_MAX ? lives->column_count - 1 : DETECTOR_INPUTS_MAX - 1;
    for (int i = 0; i < inputs; i++)
        metrics[i] = lives->names[i + 1];
    ask(lives, metrics, inputs);
    metrics[inputs] = lives->names[0];
    ask(lives, metrics, inputs + 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct lives *lives = lives_new();
    struct buf said;
    buf_init(&said, 1 << 20);
    struct problems problems = {.to = &said};
    if (lives_read(lives, "fuzz", (const char *)bytes, count, &problems)) {
        for (int i = 1; i < LIVES_MIN; i++)
            if (!lives_read(lives, "fuzz", (const char *)bytes, count, &problems))
                abort();
        check_rows(lives);
        if (lives->row_count < 2000)
            learn(lives);
    } else if (problems.count == 0 || strncmp(buf_text(&said), "fuzz:", 5) != 0) {
        abort();
    }
    lives_free(lives);
    buf_fini(&said);
    return 0;
}
