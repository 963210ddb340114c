/* Computing what is derived, for one device. Private to gateway/rules. */
#pragma once
#include "rules/device_state.h"

/* Time has come to just before now_ms: steps of subqueries that lie in between, and what has waited for an offset. */
void device_derive_until(struct rule_device *d, int64_t now_ms);
/* The samples of now_ms are in their series. `fed` are the derived series that they feed, a bit each; the rules that
 * read one with a new answer are added to `wanted`. */
void device_derive(struct rule_device *d, uint64_t fed[DERIVED_WORDS], int64_t now_ms, uint64_t wanted[RULE_WORDS]);
