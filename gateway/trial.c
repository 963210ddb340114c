/* The same past twice, once through each set of rules. Reading it twice is dearer than feeding two engines at once, and
 * keeps each run what the gateway would have done, with nothing between them. */
#include "trial.h"

#include <string.h>

static enum result replay_all(struct reader *reader, const struct packs *packs, const struct trial_options *o,
                              struct backtest *backtest, struct fault *fault) {
    enum result result = RESULT_OK;
    const bool is_one = packs_count(packs) == 1;
    for (size_t i = 0; i < packs_count(packs) && result == RESULT_OK; i++) {
        const struct pack *pack = packs_at(packs, i);
        if (o->past.model && !is_one && strcmp(o->past.model, pack->model) != 0)
            continue;
        if (o->changed_only && o->against &&
            pack_is_same(packs_find(o->against, pack->model), packs_find(o->packs, pack->model)))
            continue;
        result = past_replay(reader, pack, &o->past, backtest, fault);
    }
    return result;
}

static void report_one(const char *title, const struct backtest *b, const struct trial_options *o, struct buf *out) {
    buf_printf(out, "%s", title);
    backtest_verdict(b, o->past.to_ms - o->past.from_ms, out);
    backtest_print_rules(b, out);
}

enum result trial_run(struct reader *reader, const struct trial_options *o, struct trial_verdict *verdict,
                      struct buf *report, struct fault *fault) {
    struct backtest *after = backtest_new(o->alarms), *before = backtest_new(NULL);
    *verdict = (struct trial_verdict){0};
    enum result result = replay_all(reader, o->packs, o, after, fault);
    if (result == RESULT_OK && o->against)
        result = replay_all(reader, o->against, o, before, fault);
    if (result == RESULT_OK) {
        const struct backtest_totals t = backtest_read(after);
        verdict->tickets = t.tickets;
        verdict->ticket_devices = t.ticket_devices;
        verdict->devices = t.devices;
        verdict->samples = t.samples;
        report_one("", after, o, report);
    }
    if (result == RESULT_OK && o->against) {
        report_one("the rules in use: ", before, o, report);
        struct buf lines;
        buf_init(&lines, 256 * 1024);
        backtest_compare(before, after, &verdict->diff, &lines);
        buf_printf(report, "%lld ticket%s appear, %lld vanish, %lld stay\n%s", (long long)verdict->diff.appear,
                   verdict->diff.appear == 1 ? "" : "s", (long long)verdict->diff.vanish, (long long)verdict->diff.stay,
                   buf_text(&lines));
        buf_fini(&lines);
    }
    backtest_free(after);
    backtest_free(before);
    return result;
}
