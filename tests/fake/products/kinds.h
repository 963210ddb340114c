/* The kinds of simulated products, one file each. */
#pragma once
#include "specimen.h"

extern const struct specimen_kind specimen_air_compressor, specimen_centrifugal_pump, specimen_heat_pump,
    specimen_linux_gateway, specimen_ups_battery, specimen_vaccine_freezer, specimen_washing_machine;
