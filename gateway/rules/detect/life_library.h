/* The recorded lives of a pack and the models that its expressions have made of them, each once. Filled while the pack
 * loads, read-only afterwards. */
#pragma once
#include "rules/detect/life_model.h"

enum { LIFE_MODELS_MAX = 16 };

struct life_library;
/* The pack's folder lives/. RESULT_BAD_INPUT, with lines in `problems`, when something is wrong in it. */
FL_CHECK enum result life_library_load(const char *folder, struct life_library **out, struct problems *problems);
void life_library_free(struct life_library *library);

/* The model of these metrics (count of them, in order) with this cap (0: by itself), learnt now if it is new; as
 * long-lived as the library. RESULT_BAD_INPUT, RESULT_TOO_BIG: the reason in `why`. */
FL_CHECK enum result life_library_model(struct life_library *library, const char *const *metrics, int count, double cap,
                                        const struct life_model **out, struct fault *why);
/* Of all lives: a saved state of other lives is a state of something else. */
uint64_t life_library_digest(const struct life_library *library);
