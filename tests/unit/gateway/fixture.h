/* A pipeline with the real store (a file of its own), the real packs, and fakes at two borders: nothing is published to
 * a broker, nothing is told to an edge; both are remembered. */
#pragma once
#include "core.h"
#include "pipeline.h"
#include "store/reader.h"

struct fixture {
    struct core core;
    struct settings settings;
    char dir[64], store_path[96];
    struct packs *packs;
    struct reader *reader;
    int64_t later_ms; /* both clocks are put forward by so much */
};
struct fixture *fixture_new(void);
void fixture_free(struct fixture *f);
/* Everything in memory is thrown away and read again, as after a kill. */
void fixture_restart(struct fixture *f);

/* One message in a turn of its own; stream NULL: without a stamp. seq also as `from` unless from is given. */
void fixture_feed(struct fixture *f, const char *topic, const void *payload, size_t bytes, const char *stream,
                  uint64_t seq, uint64_t from);
/* The same with a stamp that is given; its stream "" : an introduction. */
void fixture_feed_stamp(struct fixture *f, const char *topic, const void *payload, size_t bytes,
                        const struct wire_stamp *stamp);
/* What happens about once a second. */
void fixture_tick(struct fixture *f);
/* The birth of a device with that model, as seq 1 of its urgent stream. */
void fixture_birth(struct fixture *f, const char *device, const char *model);
/* An account, as the command line makes or changes it. */
void fixture_person(struct fixture *f, const char *name, enum role role);
/* A change in a turn of its own; the caller frees it. */
void fixture_change(struct fixture *f, struct change *change);
struct change *fixture_ask(struct fixture *f, enum change_verb verb, const char *who, enum role role, const char *id,
                           const char *body);

extern const char *const fixture_bulk, *const fixture_urgent; /* streams */
extern int fake_acks, fake_commands, fake_kills, fake_expects, fake_presents, fake_notified;
extern uint64_t fake_ack_seq;                       /* of the newest ack */
extern char fake_command[CAP_COMMAND_BYTES + 1024]; /* the newest command's payload */
extern struct web_session fake_expected;
extern struct mqtt_figures fake_mqtt;
