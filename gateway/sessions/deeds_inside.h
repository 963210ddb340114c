/* The inside of deeds.c, deeds_calls.c, deeds_streams.c and deeds_people.c, and nobody else's. */
#pragma once
#include "fieldline/json.h"
#include "sessions/deeds.h"

enum { CALLS = 64, STREAMS = 64, PEOPLE = 32, NAME_BYTES = 511, DETAIL_BYTES = 2000 };

/* A request under way. The kind says what its answer means. */
struct call {
    bool is_used;
    enum deed_kind kind;
    int64_t id, t_ms;
    uint64_t n;
    uint32_t stream;
    char by[TRANSCRIPT_NAME_BYTES + 1], name[NAME_BYTES + 1];
    char *detail;
};
struct open_stream {
    bool is_used, is_down;
    enum deed_kind kind;
    uint32_t number;
    uint64_t n;
    int64_t t_ms, size;
    char by[TRANSCRIPT_NAME_BYTES + 1], name[NAME_BYTES + 1], text[16], sha256[SHA256_HEX_BYTES];
};
struct person {
    char name[TRANSCRIPT_NAME_BYTES + 1], part[32];
    uint64_t n, call_n;
    bool is_here, is_in_call, is_listed;
    int64_t here_ms, call_ms;
};
struct deeds {
    deed_fn *fn;
    void *self;
    struct call calls[CALLS];
    struct open_stream streams[STREAMS];
    struct person people[PEOPLE];
    bool has_lists, has_terminal;
    struct deed terminal;
    char terminal_by[TRANSCRIPT_NAME_BYTES + 1];
};
struct message {
    struct deeds *deeds;
    const struct transcript_entry *entry;
    const struct json *whole, *params;
    const char *by;
};

/* Members of an object that may be missing (or the object itself): "", `otherwise`, false. */
const char *deeds_text(const struct json *object, const char *key);
int64_t deeds_number(const struct json *object, const char *key, int64_t otherwise);
bool deeds_true(const struct json *object, const char *key);
/* A member as JSON text, cut; the caller frees. */
char *deeds_member(const struct json *object, const char *key);
struct deed deeds_begin(enum deed_kind kind, const struct message *m);
void deeds_tell(const struct message *m, const struct deed *deed);

/* ---- deeds_calls.c: requests and their answers ---- */
struct call *deeds_call_add(const struct message *m, enum deed_kind kind, const char *name, const char *detail_key);
struct deed deeds_of_call(const struct message *m, const struct call *call);
void deeds_call_drop(struct call *call);
void deeds_on_answer(const struct message *m);
void deeds_on_run(const struct message *m);
void deeds_on_output(const struct message *m);
void deeds_on_set(const struct message *m);
void deeds_on_confirm(const struct message *m);
void deeds_on_revert(const struct message *m);
void deeds_on_reverted(const struct message *m);

/* ---- deeds_streams.c: files, ports, screens ---- */
struct open_stream *deeds_stream(struct deeds *d, uint32_t number);
void deeds_stream_end(const struct message *m, struct open_stream *stream, const char *outcome, bool has_ended);
void deeds_on_get(const struct message *m);
void deeds_on_put(const struct message *m);
void deeds_on_forward(const struct message *m);
void deeds_on_screen(const struct message *m);
void deeds_on_stream_closed(const struct message *m);

/* ---- deeds_people.c: who was there, who was in the call ---- */
void deeds_person_leave(const struct message *m, struct person *person);
void deeds_on_people(const struct message *m);
void deeds_on_state(const struct message *m);
void deeds_on_joined(const struct message *m);
void deeds_on_left(const struct message *m);
void deeds_on_call_started(const struct message *m);
void deeds_on_call_left(const struct message *m);
