/* Why something was put in quarantine, as a word of a closed set: the label of a figure must not grow with what devices
 * make up. */
#pragma once

enum quarantine_cause {
    QUARANTINE_OTHER,
    QUARANTINE_NO_PACK,
    QUARANTINE_BIRTH,
    QUARANTINE_TELE,
    QUARANTINE_EVENT,
    QUARANTINE_LOG,
    QUARANTINE_REPLY,
    QUARANTINE_STATE,
    QUARANTINE_STAMP,
    QUARANTINE_UNKNOWN_DEVICE,
    QUARANTINE_RECORDS,
    QUARANTINE_TOPIC,
    QUARANTINE_TOO_BIG,
    QUARANTINE_CAUSES
};
/* From the format of the reason, whose first words say it; QUARANTINE_OTHER when the table does not know it. */
enum quarantine_cause quarantine_cause_of(const char *format);
const char *quarantine_cause_name(enum quarantine_cause cause);
