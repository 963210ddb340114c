/* The table of kinds, and what their sensors have in common. Each kind is a file of its own. */
#include "specimen.h"

#include <math.h>

#include "kinds.h"

const struct specimen_kind *const specimen_kinds[] = {
    &specimen_heat_pump,       &specimen_air_compressor,  &specimen_centrifugal_pump, &specimen_ups_battery,
    &specimen_vaccine_freezer, &specimen_washing_machine, &specimen_linux_gateway,
};
const size_t specimen_kind_count = sizeof specimen_kinds / sizeof *specimen_kinds;

double specimen_sense(struct specimen *s, double value, double deviation, double step) {
    return round((value + dice_noise(&s->dice, deviation)) / step) * step;
}
