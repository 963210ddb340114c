/* Any datagram as statsd. What comes out must be fit for the wire, and adding it up must not break either. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "collect/meters.h"
#include "fieldline/senml.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

enum { NOW_MS = 1000 };
static struct senml_pack pack;

static void must(bool is_so) {
    if (!is_so) {
        abort();
    }
}

/* Every name that statsd may give must be one that the gateway takes. */
static void on_sample(void *self, const struct senml_record *record) {
    (void)self;
    struct senml_record fit = *record;
    fit.event_ms = 1795309549000;
    if (isfinite(fit.value)) { /* sums of huge values may overflow; the pack refuses those */
        must(senml_pack_add(&pack, &fit) == RESULT_OK);
    }
}

static void on_value(void *self, const struct statsd_value *value) {
    must(isfinite(value->value) && value->rate > 0 && value->rate <= 1);
    must(memchr(value->metric, '\0', sizeof value->metric) != NULL && value->metric[0] != '\0');
    (void)!meters_take(self, value, &(struct moment){.mono_ms = NOW_MS, .wall_ms = NOW_MS}, &(double){0});
}

static void on_event(void *self, const struct event_message *event) {
    (void)self;
    struct event_message back;
    struct buf text;
    struct fault fault;
    buf_init(&text, CAP_PAYLOAD_BYTES);
    event_encode(event, &text);
    must(event_decode(text.data, text.count, &back, &fault) == RESULT_OK);
    must(back.kind == event->kind && strcmp(back.text, event->text) == 0 && strcmp(back.code, event->code) == 0);
    buf_fini(&text);
}

static void on_refused(void *self, enum statsd_refusal why, const char *line, size_t chars) {
    (void)self;
    must(why > STATSD_FINE && why < STATSD_REFUSAL_COUNT && line != NULL && chars > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct meters *meters = meters_new();
    struct statsd_handler handler = {.self = meters, .value = on_value, .event = on_event, .refused = on_refused};
    struct sink sink = {.sample = on_sample};
    struct buf done;
    senml_pack_init(&pack, 1 << 20);
    buf_init(&done, 1 << 20);
    statsd_decode(bytes, count, NOW_MS, &handler);
    meters_flush(meters, NOW_MS, &sink);
    senml_pack_finish(&pack, &done);
    senml_pack_fini(&pack);
    buf_fini(&done);
    meters_free(meters);
    return 0;
}
