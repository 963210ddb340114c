/* The reason's own first words are the cause, so that whoever writes a reason need not say it twice; a test reads the
 * source and fails when a reason has no row here. The first row that fits counts: longer ones stand before shorter. */
#include "quarantine_cause.h"

#include <string.h>

static const struct {
    const char *begin;
    enum quarantine_cause cause;
} rows[] = {
    {"birth: no product pack", QUARANTINE_NO_PACK},
    {"tele: no product pack", QUARANTINE_NO_PACK},
    {"birth:", QUARANTINE_BIRTH},
    {"tele:", QUARANTINE_TELE},
    {"event:", QUARANTINE_EVENT},
    {"log:", QUARANTINE_LOG},
    {"reply:", QUARANTINE_REPLY},
    {"state:", QUARANTINE_STATE},
    {"stamp:", QUARANTINE_STAMP},
    {"unknown device:", QUARANTINE_UNKNOWN_DEVICE},
    {"%zu of %zu records rejected", QUARANTINE_RECORDS},
    {"topic", QUARANTINE_TOPIC},
    {"%s: not a topic", QUARANTINE_TOPIC},
    {"payload of", QUARANTINE_TOO_BIG},
};

static const char *const names[QUARANTINE_CAUSES] = {
    [QUARANTINE_OTHER] = "other",     [QUARANTINE_NO_PACK] = "no_pack", [QUARANTINE_BIRTH] = "birth",
    [QUARANTINE_TELE] = "telemetry",  [QUARANTINE_EVENT] = "event",     [QUARANTINE_LOG] = "log",
    [QUARANTINE_REPLY] = "reply",     [QUARANTINE_STATE] = "state",     [QUARANTINE_STAMP] = "stamp",
    [QUARANTINE_RECORDS] = "records", [QUARANTINE_TOPIC] = "topic",     [QUARANTINE_UNKNOWN_DEVICE] = "unknown_device",
    [QUARANTINE_TOO_BIG] = "too_big",
};

enum quarantine_cause quarantine_cause_of(const char *format) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strncmp(format, rows[i].begin, strlen(rows[i].begin)) == 0)
            return rows[i].cause;
    return QUARANTINE_OTHER;
}

const char *quarantine_cause_name(enum quarantine_cause cause) {
    return names[cause];
}
