/* Foreign names made into ours: valid, the same every time, and never the same for two different devices.
 *
 * A device's id comes from a template such as "sp-{group}--{node}". What a name stands for is put in as it is when it
 * consists of [a-z0-9] with single hyphens inside; then the id can be read back, so no two devices share it. Otherwise
 * (capitals, spaces, "--", too long) the readable rest is followed by "---" and 16 hex digits of SHA-256 over all the
 * names: "sp-plant-1--press-4---1f0c9a...". No plain id contains "---", so the two forms cannot meet. */
#pragma once
#include "fieldline/caps.h"
#include "fieldline/result.h"
#include "ingest/adapters/pattern.h"

/* The template was accepted by foreign_device_template. */
void foreign_device_id(const struct pattern_template *template, const struct captures *captures,
                       char out[CAP_DEVICE_ID_BYTES + 1]);
/* Refuses a template that could give an invalid id, or the same id for two devices: it begins with [a-z0-9], is made of
 * [a-z0-9-], has "--" between two names, no "---", and leaves room. */
FL_CHECK enum result foreign_device_template(const struct pattern_template *template, struct fault *fault);

/* "Inputs/Air Temp" -> "inputs_air_temp". Empty when nothing is left. */
void foreign_metric(const char *text, size_t chars, char out[CAP_METRIC_BYTES + 1]);
/* What may not stand in a part or code becomes "_". Longer ones are cut and end in 8 hex digits of their hash. */
void foreign_part(const char *text, size_t chars, char out[CAP_PART_BYTES + 1]);
void foreign_code(const char *text, size_t chars, char out[CAP_CODE_BYTES + 1]);
/* "Press MK II" -> "press-mk-ii"; empty when nothing is left. */
void foreign_model(const char *text, size_t chars, char out[CAP_MODEL_BYTES + 1]);
/* Engineering units as people write them, as the SenML registry does: "°C" -> "Cel", "rpm" -> "1/min". Empty when it
 * cannot be a unit. */
void foreign_unit(const char *text, size_t chars, char out[CAP_UNIT_BYTES + 1]);
