/* The birth message: what the product is, what runs on it, what it measures and what it allows.
 *
 * Sent once a connection, so it may be long (500 metric names) and is the one payload that allocates. Capabilities that
 * this version does not know are ignored: a newer agent may offer more, and what is not known cannot be granted. Metric
 * names that the pack does not know are the normaliser's business. */
#include "fieldline/message.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/session.h"
#include "src/field.h"
#include "src/names.h"

static enum result read_metrics(const struct json *root, struct birth_message *birth, struct fault *fault) {
    const struct json *metrics;
    enum result result = json_array(root, "metrics", CAP_METRICS_IN_BIRTH, &metrics, fault);
    if (result)
        return result;
    birth->metrics = mem_alloc(json_count(metrics) * sizeof *birth->metrics);
    for (const struct json *node = json_first(metrics); node; node = json_next(node)) {
        const char *name;
        if (!json_as_string(node, &name) || !name_is_metric(name, strlen(name)))
            return fault_set(fault, RESULT_BAD_INPUT, "'metrics': item %zu is not a metric's name",
                             birth->metric_count + 1);
        memcpy(birth->metrics[birth->metric_count++], name, strlen(name) + 1);
    }
    return RESULT_OK;
}

static enum result read_capabilities(const struct json *root, struct birth_message *birth, struct fault *fault) {
    enum { NAMES_MAX = 64 }; /* many more than we know: a newer agent's must fit */
    const struct json *names;
    if (!json_get(root, "capabilities"))
        return RESULT_OK;
    enum result result = json_array(root, "capabilities", NAMES_MAX, &names, fault);
    if (result)
        return result;
    for (const struct json *node = json_first(names); node; node = json_next(node)) {
        const char *name;
        enum capability capability;
        if (!json_as_string(node, &name))
            return fault_set(fault, RESULT_BAD_INPUT, "'capabilities' holds something that is not a name");
        if (capability_parse(name, &capability))
            birth->capabilities |= CAPABILITY_BIT(capability);
    }
    return RESULT_OK;
}

static enum result read_diagnostics(const struct json *root, struct birth_message *birth, struct fault *fault) {
    const struct json *names;
    if (!json_get(root, "diagnostics"))
        return RESULT_OK;
    enum result result = json_array(root, "diagnostics", BIRTH_DIAGNOSTICS, &names, fault);
    if (result)
        return result;
    for (const struct json *node = json_first(names); node; node = json_next(node)) {
        const char *name;
        if (!json_as_string(node, &name) || !name_is_code(name, strlen(name)))
            return fault_set(fault, RESULT_BAD_INPUT, "'diagnostics': item %zu is not a name",
                             birth->diagnostic_count + 1);
        memcpy(birth->diagnostics[birth->diagnostic_count++], name, strlen(name) + 1);
    }
    return RESULT_OK;
}

static enum result read_birth(const struct json *root, struct birth_message *b, struct fault *fault) {
    enum result result;
    if ((result = field_time(root, "t", &b->event_ms, fault)) ||
        (result = field_text(root, "model", name_is_model, CAP_MODEL_BYTES, b->model, fault)) ||
        (result = field_text(root, "serial", name_is_label, CAP_SERIAL_BYTES, b->serial, fault)) ||
        (result = field_text(root, "firmware", name_is_label, CAP_VERSION_BYTES, b->firmware, fault)) ||
        (result = field_text(root, "agent", name_is_label, CAP_VERSION_BYTES, b->agent, fault)) ||
        (result = field_uuid(root, "boot", b->boot, fault)) || (result = read_metrics(root, b, fault)) ||
        (result = read_capabilities(root, b, fault)))
        return result;
    result = read_diagnostics(root, b, fault);
    if (result || !json_get(root, "evidence_bytes"))
        return result;
    return json_integer(root, "evidence_bytes", 0, INT64_MAX, &b->evidence_bytes, fault);
}

enum result birth_decode(const void *payload, size_t bytes, struct birth_message *out, struct fault *fault) {
    struct json *root;
    enum result result = payload_parse(payload, bytes, CAP_PAYLOAD_BYTES, &root, fault);
    if (result)
        return result;
    struct birth_message birth = {0};
    result = read_birth(root, &birth, fault);
    json_free(root);
    if (result)
        birth_fini(&birth);
    else
        *out = birth;
    return result;
}

void birth_encode(const struct birth_message *birth, struct buf *out) {
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_int(&j, "t", birth->event_ms);
    jo_str(&j, "model", birth->model);
    jo_str(&j, "serial", birth->serial);
    jo_str(&j, "firmware", birth->firmware);
    jo_str(&j, "agent", birth->agent);
    jo_str(&j, "boot", birth->boot);
    jo_array(&j, "metrics");
    for (size_t i = 0; i < birth->metric_count; i++)
        jo_str(&j, NULL, birth->metrics[i]);
    jo_end(&j);
    capabilities_write(&j, "capabilities", birth->capabilities);
    jo_array(&j, "diagnostics");
    for (size_t i = 0; i < birth->diagnostic_count; i++)
        jo_str(&j, NULL, birth->diagnostics[i]);
    jo_end(&j);
    if (birth->evidence_bytes > 0)
        jo_int(&j, "evidence_bytes", birth->evidence_bytes);
    jo_end(&j);
}

void birth_fini(struct birth_message *birth) {
    free(birth->metrics);
    birth->metrics = NULL;
    birth->metric_count = 0;
}
