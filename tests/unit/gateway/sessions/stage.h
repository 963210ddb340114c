/* What the tests of sessions stand on: a directory with a gateway's seal key, a CA and a product's certificate; legs
 * that remember what they were sent; and a product that keeps its chains and countersigns as the real one does. */
#pragma once
#include "sessions/relay.h"

enum { LEG_MESSAGES = 4096 };
struct leg {
    struct {
        bool is_text;
        char *bytes; /* a NUL follows */
        size_t count;
    } sent[LEG_MESSAGES];
    size_t count;
    size_t pending;  /* what the relay is told */
    char closed[64]; /* the reason; "" while open */
    struct relay_leg *leg;
};
extern const struct relay_leg_ops leg_ops;
void leg_init(struct leg *leg);
void leg_fini(struct leg *leg);
/* Is there a message with this text in it, from the `from`-th on? */
bool leg_got(const struct leg *leg, size_t from, const char *part);
const char *leg_last(const struct leg *leg);

struct stage {
    char dir[64];
    struct key *seal, *device;
    char certificate[4096];
    struct relay *relay;
    struct relay_options options;
    char token[64];
    int64_t now;
    struct leg product, engineer, watcher;
    struct chain up, down; /* the product's */
    size_t seen;           /* messages of the product's leg that are in `down` */
    struct session_event live, over;
    int live_count, over_count;
};
void stage_open(struct stage *s); /* a relay that waits */
void stage_close(struct stage *s);
/* Product dials in with the right token and says hello; the engineer joins. */
void stage_live(struct stage *s);
enum result stage_dial(struct stage *s, struct fault *fault);
void stage_hello(struct stage *s, const char *capabilities);
void stage_join(struct stage *s);
/* As the product: puts it into the chain and sends it. */
void product_text(struct stage *s, const char *json);
void product_terminal(struct stage *s, const char *text);
void product_credit(struct stage *s, uint32_t bytes);
/* As the engineer, or the watcher. */
void engineer_text(struct stage *s, const char *json);
void engineer_types(struct stage *s, const char *text);
void leg_message(struct stage *s, struct leg *leg, bool is_text, const void *bytes, size_t count);
/* session.ended, and after the gateway's last word the countersignature. */
void product_ends(struct stage *s, const char *reason);
void product_countersigns(struct stage *s);
/* Everything that the product was sent goes into its chain. */
void product_reads(struct stage *s);
void stage_tick(struct stage *s, int64_t after_ms);
/* A whole session with a terminal, a secret, a diagnostic and 40 frames of output; sealed and countersigned. */
void stage_session(struct stage *s);
void stage_path(const struct stage *s, const char *ending, char out[256]);
char *stage_read(const struct stage *s, const char *ending, size_t *count); /* malloc */
void stage_write(const struct stage *s, const char *ending, const void *bytes, size_t count);
