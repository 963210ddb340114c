/* Inside of the list of firings (rules.h): how it grows. */
#pragma once
#include "rules/rules.h"

struct firing *firings_add(struct firings *f); /* zeroed; valid until the next call */
