/* The rule state of a device as bytes and back: what rule_device_save and rule_device_load (rules.h) are made of.
 * Private to gateway/rules. */
#pragma once
#include "rules/series.h"

/* One window. Loading: into one that is empty; false: not a window of this spec. */
void window_save(const struct window *w, struct buf *out);
FL_CHECK bool window_load(struct window *w, const struct window_spec *spec, struct cursor *in);
/* All series with their windows; parts by their index in the set that was saved, `parts` tells the index here. */
void series_save(const struct series_set *set, struct buf *out);
FL_CHECK bool series_load(struct series_set *set, const uint16_t *parts, size_t part_count, struct cursor *in);
