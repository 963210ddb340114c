/* What one message of a foreign device says, in our words: who it is, whether it is there, what it measured, which
 * fault codes are on. Adapters fill it, the pipeline takes it as it takes an agent's messages.
 *
 * Codes are states here, not changes: "E17 is on" may be said with every message. Times are not judged, metric names
 * not looked up; both are the normaliser's. */
#pragma once
#include "fieldline/message.h"
#include "fieldline/senml.h"

enum { STATEMENT_EVENTS_MAX = 64 };
enum presence { PRESENCE_UNSAID, PRESENCE_ONLINE, PRESENCE_OFFLINE };

struct statement {
    const char *adapter; /* static: "sparkplug", "thin-edge" or "json" */
    char device[CAP_DEVICE_ID_BYTES + 1];
    char model[CAP_MODEL_BYTES + 1];      /* "": not said; a device that is not known needs it */
    char serial[CAP_SERIAL_BYTES + 1];    /* "": not said */
    char firmware[CAP_VERSION_BYTES + 1]; /* "": not said */
    enum presence presence;
    struct senml_record *records; /* [CAP_PACK_RECORDS] */
    size_t record_count;
    struct event_message *events; /* [STATEMENT_EVENTS_MAX] */
    size_t event_count;
    size_t reject_count; /* values that could not be used */
    struct fault reject; /* why, of the first */
};
struct statement *statement_new(void);
void statement_free(struct statement *s);
void statement_begin(struct statement *s, const char *adapter, const char *device);
bool statement_is_empty(const struct statement *s); /* says nothing of the device but who it is */

/* A value that is not finite, or is one too many, is counted as rejected. The names are valid ones (foreign_name.h). */
void statement_add_value(struct statement *s, const char *metric, const char *part, const char *unit, int64_t event_ms,
                         double value);
void statement_add_fault(struct statement *s, const char *code, bool active, int severity, const char *text,
                         size_t text_bytes, int64_t event_ms);
void statement_add_note(struct statement *s, int severity, const char *text, size_t text_bytes, int64_t event_ms);
void statement_reject(struct statement *s, const char *format, ...) FL_PRINTF(2, 3);
/* Copies a label for people into out[room]: cut at a character, control characters replaced. */
void statement_label(char *out, size_t room, const char *text, size_t bytes);
