/* A message is offered to each adapter in turn; the first whose topic it is takes it. Sparkplug and thin-edge know
 * their topics by their first level, so the mapped ones come last. */
#include "ingest/adapters/adapters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ingest/adapters/plain.h"
#include "ingest/adapters/sparkplug.h"
#include "ingest/adapters/thin_edge.h"

struct adapters {
    struct mappings *mappings;
    struct sparkplug *sparkplug;
    struct thin_edge *thin_edge;
    struct statement *scratch;
    char (*filters)[CAP_TOPIC_BYTES + 1];
    size_t filter_count;
};

bool adapters_has(const struct adapters *a, enum mapping_kind kind) {
    for (size_t i = 0; i < a->mappings->count; i++)
        if (a->mappings->items[i].kind == kind)
            return true;
    return false;
}

static void add_filter(struct adapters *a, const char *filter) {
    for (size_t i = 0; i < a->filter_count; i++)
        if (strcmp(a->filters[i], filter) == 0)
            return;
    a->filters = mem_realloc(a->filters, (a->filter_count + 1) * sizeof *a->filters);
    snprintf(a->filters[a->filter_count++], sizeof *a->filters, "%s", filter);
}

static void add_thin_edge(struct adapters *a, const struct mapping *m) {
    static const char *const below[] = {"+/+/+/+",     "+/+/+/+/m/#",    "+/+/+/+/e/#",
                                        "+/+/+/+/a/#", "+/+/+/+/twin/#", "+/+/+/+/status/#"};
    char root[CAP_TOPIC_BYTES + 1] = "te", filter[2 * CAP_TOPIC_BYTES];
    if (m->has_topic)
        pattern_filter(&m->topic, root);
    for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
        snprintf(filter, sizeof filter, "%.*s/%s", CAP_TOPIC_BYTES - 24, root, below[i]);
        add_filter(a, filter);
    }
}

static void make_filters(struct adapters *a) {
    static const char *const sparkplug[] = {"NBIRTH/+", "NDATA/+", "NDEATH/+", "DBIRTH/+/+", "DDATA/+/+", "DDEATH/+/+"};
    char filter[CAP_TOPIC_BYTES + 1];
    for (size_t i = 0; i < sizeof sparkplug / sizeof *sparkplug && adapters_has(a, MAPPING_SPARKPLUG); i++) {
        snprintf(filter, sizeof filter, "spBv1.0/+/%s", sparkplug[i]);
        add_filter(a, filter);
    }
    for (size_t i = 0; i < a->mappings->count; i++) {
        const struct mapping *m = &a->mappings->items[i];
        if (m->kind == MAPPING_THIN_EDGE)
            add_thin_edge(a, m);
        if (m->kind == MAPPING_JSON) {
            pattern_filter(&m->topic, filter);
            add_filter(a, filter);
        }
    }
}

struct adapters *adapters_new(struct mappings *mappings) {
    struct adapters *a = mem_alloc(sizeof *a);
    a->mappings = mappings;
    a->sparkplug = sparkplug_new(mappings);
    a->thin_edge = thin_edge_new(mappings);
    a->scratch = statement_new();
    make_filters(a);
    return a;
}

enum result adapters_open(const char *path, struct adapters **out, struct buf *problems) {
    struct mappings *mappings = NULL;
    const enum result result = mappings_read(path, &mappings, problems);
    if (result == RESULT_OK)
        *out = adapters_new(mappings);
    return result;
}

void adapters_free(struct adapters *a) {
    if (!a)
        return;
    sparkplug_free(a->sparkplug);
    thin_edge_free(a->thin_edge);
    statement_free(a->scratch);
    mappings_free(a->mappings);
    free(a->filters);
    free(a);
}

void adapters_forget(struct adapters *a) {
    sparkplug_forget(a->sparkplug);
    thin_edge_forget(a->thin_edge);
}

size_t adapters_filter_count(const struct adapters *a) {
    return a->filter_count;
}

const char *adapters_filter(const struct adapters *a, size_t index) {
    return a->filters[index];
}

enum result adapters_receive(struct adapters *a, const struct foreign_message *m, const struct adapter_sink *sink,
                             char device[CAP_DEVICE_ID_BYTES + 1], struct fault *fault) {
    device[0] = 0;
    enum result result = foreign_topic_check(m->topic, m->topic_bytes, fault);
    if (result != RESULT_OK)
        return result;
    if (!m->payload || m->payload_bytes > CAP_PAYLOAD_BYTES)
        return fault_set(fault, RESULT_TOO_BIG, "payload of %zu bytes, at most %d", m->payload_bytes,
                         CAP_PAYLOAD_BYTES);
    result = sparkplug_receive(a->sparkplug, a->scratch, m, sink, device, fault);
    if (result == RESULT_NOT_FOUND)
        result = thin_edge_receive(a->thin_edge, a->scratch, m, sink, device, fault);
    if (result == RESULT_NOT_FOUND)
        result = plain_receive(a->mappings, a->scratch, m, sink, device, fault);
    return result == RESULT_NOT_FOUND ? fault_set(fault, result, "no section of the mapping has this topic") : result;
}

struct adapters_figures adapters_read_figures(const struct adapters *a) {
    const struct sparkplug_figures s = sparkplug_read_figures(a->sparkplug);
    return (struct adapters_figures){.rebirths_asked = s.rebirths_asked, .gaps = s.gaps};
}
