/* Private to the mapping's own files. */
#pragma once
#include "ingest/adapters/mapping.h"

const char *mapping_kind_name(enum mapping_kind kind);
/* Sets one key; `value` is not empty and may be cut up. */
FL_CHECK enum result mapping_set(struct mapping *m, const char *key, char *value, struct fault *fault);
