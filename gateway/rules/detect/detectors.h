/* The detectors by the names under which expressions call them. */
#pragma once
#include "rules/detect/detector.h"

struct detector_function {
    const char *name;
    const struct detector_row *row;
    int output; /* which of its answers the name gives */
};
extern const struct detector_function detector_functions[];                    /* a row without a name ends it */
const struct detector_function *detector_find(const char *name, size_t chars); /* NULL: none */
