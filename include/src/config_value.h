/* One configuration value: text to its type and place. Private to include/src. */
#pragma once
#include "fieldline/config.h"

/* Writes row's value into the struct; a string that is there is replaced. */
FL_CHECK enum result config_value_set(const struct config_row *row, const char *text, void *into, struct fault *fault);
