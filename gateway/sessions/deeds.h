/* What was done in a recorded session, read from its control frames (the vocabulary of fieldline/session.h):
 * diagnostics with their results, parameters, files, ports, screens, chat, who was there and who was in a call.
 * Requests are matched with their answers and streams with their ends. For the service report and the search; pure,
 * nothing is read here.
 *
 * A frame that does not read as the vocabulary says is no deed: what it says is in the recording for whoever looks. */
#pragma once
#include "sessions/transcript_reader.h"

enum deed_kind {
    DEED_DIAGNOSTIC, /* name, text: its arguments; exit, took_ms, is_cut; or outcome */
    DEED_OUTPUT,     /* name of a diagnostic; text: some of its output, as it came; n of that frame */
    DEED_CHANGE,     /* name: the change's number; before, after: objects; or outcome and after: what was wanted */
    DEED_CONFIRM,    /* name: the change's number */
    DEED_REVERT,     /* name; text: why; after: the values that it went back to. by "": the product by itself */
    DEED_FILE,       /* name: root/path; is_down: to the product; size, sha256, bytes; outcome */
    DEED_PORT,       /* name; bytes both ways; outcome */
    DEED_SCREEN,     /* name; text: "view only" or ""; bytes both ways; outcome */
    DEED_TERMINAL,   /* opened; outcome: how it ended */
    DEED_CHAT,       /* text */
    DEED_PRESENCE,   /* by was there from t_ms to end_ms; text: the part played */
    DEED_CALL,       /* by was in the help call from t_ms to end_ms; text: with what, "audio, screen" */
    DEED_CONTROL,    /* frozen, thawed, handed over, away and back, ended: text says it */
    DEED_LOG,        /* name: the program; text: a line of the product's log */
    DEED_SAMPLE,     /* live values came */
    DEED_HOLE,       /* text: what is missing; from t_ms to end_ms */
    DEED_REFUSED,    /* text: why something was not done; by: whose wish it was */
    DEED_KIND_COUNT
};
struct deed {
    enum deed_kind kind;
    uint64_t n; /* the frame that began it */
    int64_t t_ms, end_ms;
    const char *by;                                              /* "": nobody in particular */
    const char *name, *text, *before, *after, *outcome, *sha256; /* never NULL */
    bool has_exit, is_cut, is_down, has_ended;
    int64_t exit, took_ms, size; /* size -1: not known */
    int64_t up_bytes, down_bytes;
};
/* The deed and its texts live during the call. */
typedef void deed_fn(void *self, const struct deed *deed);

struct deeds;
struct deeds *deeds_new(deed_fn *fn, void *self);
void deeds_free(struct deeds *deeds);
void deeds_frame(struct deeds *deeds, const struct transcript_entry *entry);
/* Everything that has not ended by itself ended with the session. */
void deeds_finish(struct deeds *deeds, int64_t t_ms);
