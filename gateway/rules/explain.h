/* Why a rule fires: which of its terms had which value when. */
#pragma once
#include "rules/evaluate.h"

enum { EXPLAIN_TERMS_MAX = 12, EXPLAIN_TERM_BYTES = 120 };
/* A JSON array of {"term": text of the rule, "value": number or null when it is not known, "at": ms, when its newest
 * input was measured}, for the element of `part`. Terms are what is compared, and below that metrics, calls and
 * aggregations. As many as fit; always terminated. */
void explain(const struct expression *e, const struct series_set *set, int64_t now_ms, uint16_t part, char *out,
             size_t room);
