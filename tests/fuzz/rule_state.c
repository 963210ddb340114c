/* Any bytes as the rule state of a device whose check is right: taken or refused; what was taken can be saved, and what
 * was saved loads again as the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "rules/device.h"
#include "rules/firings.h"
#include "rules/pack_parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { HEAD_BYTES = 1, CHECK_BYTES = 8 };

static const char pack_text[] = "model: fuzz\ntitle: F\nmaker: us\nkind: machine\ncapabilities: [observe]\nmetrics:\n"
                                "  - {name: a, title: A, unit: V, interval: 1s}\n"
                                "  - {name: b, title: B, unit: V, interval: 10s}\n";
static const char alerts_text[] =
    "groups:\n- name: g\n  rules:\n"
    "  - alert: X\n    expr: avg_over_time(a[5m]) > 3 and max_over_time(a[1d]) > 7\n    for: 1m\n"
    "    labels: {severity: major}\n    annotations: {summary: s}\n"
    "  - alert: W\n    expr: a - a offset 5m > 3 and starts(b > 5, 1h) > 2 and max_over_time((a > 1)[10m:1m]) > 3\n"
    "    labels: {severity: major}\n    annotations: {summary: s}\n"
    "  - alert: Y\n    expr: deriv(b[1h]) > 0 or stddev_over_time(b[10m]) > 1 or changes(b[1h]) > 3\n"
    "    labels: {severity: major}\n    annotations: {summary: s}\n"
    "  - alert: Z\n    expr: count_over_time(events('E17')[1h]) > 1 or log_rate('x'[5m]) > 1 or log_novelty() > 0.9\n"
    "    labels: {severity: major}\n    annotations: {summary: s}\n";

static struct pack *make_pack(void) {
    struct buf text;
    buf_init(&text, 4096);
    struct problems problems = {.to = &text};
    struct pack *pack = mem_alloc(sizeof *pack);
    struct document *doc = document_parse("pack.yaml", pack_text, strlen(pack_text), &problems);
    pack_read_yaml(pack, doc, "fuzz", &problems);
    document_free(doc);
    doc = document_parse("alerts.yaml", alerts_text, strlen(alerts_text), &problems);
    pack_read_alerts(pack, doc, &problems);
    document_free(doc);
    if (problems.count > 0)
        abort();
    buf_fini(&text);
    return pack;
}

static void with_check(struct buf *state) {
    uint8_t digest[SHA256_BYTES];
    sha256(state->data, state->count, digest);
    buf_add(state, digest, CHECK_BYTES);
}

static void look(const struct pack *pack, const struct buf *state) {
    struct rule_device *d = rule_device_new(pack, "pump-1"), *again = rule_device_new(pack, "pump-1");
    struct buf once, twice;
    buf_init(&once, 1 << 24);
    buf_init(&twice, 1 << 24);
    if (rule_device_load(d, state->data, state->count) == RESULT_OK) {
        rule_device_save(d, &once);
        if (rule_device_load(again, once.data, once.count) != RESULT_OK)
            abort();
        rule_device_save(again, &twice);
        if (once.count != twice.count || memcmp(once.data, twice.data, once.count) != 0)
            abort();
        struct firings firings;
        firings_init(&firings);
        struct sample samples[] = {{.metric = 0, .event_ms = 1700000000000, .value = 8},
                                   {.metric = 1, .event_ms = 1700000000000, .value = 2}};
        rule_device_samples(d, samples, 2, &firings);
        firings_fini(&firings);
    }
    rule_device_free(d);
    rule_device_free(again);
    buf_fini(&once);
    buf_fini(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct pack *pack = make_pack();
    struct rule_device *none = rule_device_new(pack, "pump-1");
    struct buf state;
    buf_init(&state, 1 << 24);
    rule_device_save(none, &state);
    state.count = HEAD_BYTES;
    buf_add(&state, bytes, count);
    with_check(&state);
    look(pack, &state);
    buf_fini(&state);
    rule_device_free(none);
    pack_free(pack);
    return 0;
}
