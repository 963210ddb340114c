/* What a pack has recorded, handed to the detectors that learn from it: rul() and the pack's lives. Its inputs have to
 * be metrics by themselves then, for the columns of the recorded tables are metrics. */
#include <stdlib.h>
#include <string.h>

#include "rules/detect/life_library.h"
#include "rules/detect/rul.h"
#include "rules/parser.h"

void parser_put_library(const struct parser *p, const struct detector_row *row, struct buf *key) {
    if (row == &detect_rul && p->plan->lives)
        buf_printf(key, " of %016llx", (unsigned long long)life_library_digest(p->plan->lives));
}

static char *words_of(const struct parser *p, struct span span) {
    while (span.end > span.at && strchr(" \t\n\r", p->source[span.end - 1]))
        span.end--;
    return mem_strndup(p->source + span.at, span.end - span.at);
}

bool parser_take_library(struct parser *p, size_t at, struct derived *d, const struct span *inputs) {
    char *metrics[DETECTOR_INPUTS_MAX];
    const struct life_model *model;
    struct fault why;
    if (d->detector != &detect_rul || !p->plan->lives)
        return true;
    for (int i = 0; i < d->spec.input_count; i++)
        metrics[i] = words_of(p, inputs[i]);
    const enum result result = life_library_model(p->plan->lives, (const char *const *)metrics, d->spec.input_count,
                                                  d->spec.number_count > 0 ? d->spec.numbers[0] : 0, &model, &why);
    for (int i = 0; i < d->spec.input_count; i++)
        free(metrics[i]);
    if (result == RESULT_OK)
        d->spec.library = model;
    else
        parser_fail(p, at, "rul(): %s", why.text);
    return result == RESULT_OK;
}
