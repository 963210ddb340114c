/* Units of SenML: the registry's (RFC 8428 12.1) and the secondary ones (RFC 8798), which are a registered unit with a
 * scale and an offset. Packs speak registered units only; what a product sends in a secondary one is converted here. */
#pragma once
#include "fieldline/result.h"

struct unit_conversion {
    double scale, offset; /* registered = secondary * scale + offset */
};
/* How to turn a value given in `from` into `to`. "" as `from` means that the product gave no unit: taken as `to`.
 * RESULT_BAD_INPUT when `from` is not known, or is a unit of something else. */
FL_CHECK enum result unit_convert(const char *from, const char *to, struct unit_conversion *out);
/* True for units that a pack may use: registered ones. */
bool unit_is_registered(const char *unit);
