/* The kinds of simulated products, one file each. */
#pragma once
#include "specimen.h"

extern const struct specimen_kind specimen_heat_pump;
