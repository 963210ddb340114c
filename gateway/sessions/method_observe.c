/* Live metrics and log lines. */
#include "sessions/method.h"

static const struct method rows[] = {
    {"observe.start", CAPABILITY_OBSERVE, METHOD_OBSERVES, NULL},
    {"observe.stop", CAPABILITY_OBSERVE, 0, NULL},
};
const struct methods method_observe = {rows, sizeof rows / sizeof *rows};
