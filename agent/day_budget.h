/* Bytes a day on a metered link: how many have gone, and how much the agent has to save.
 *
 * The day is that of UTC. Counted is what goes over the link in both directions, as well as it can be estimated from
 * here: payloads, MQTT, TLS, TCP/IP, connecting, pings. Urgent messages always pass and are counted. Survives restarts
 * within the day: DATA_DIR/budget.json, written for each hundredth of the budget. */
#pragma once
#include "fieldline/bytes.h"
#include "wall.h"

enum budget_level {
    BUDGET_FREE,    /* as configured */
    BUDGET_SLOW,    /* messages wait longer and carry more */
    BUDGET_THIN,    /* a minimum, a maximum and a last value of each series a minute; logs from warnings on */
    BUDGET_THINNER, /* the same every ten minutes */
    BUDGET_SPENT,   /* and bulk stays in the spool until the day is over */
    BUDGET_LEVELS
};
/* What a level asks for. */
struct budget_pace {
    const char *name;
    int64_t wait_factor, thin_ms; /* of [batch] max_wait; 0: every sample */
    bool only_warnings, holds_bulk;
};
const struct budget_pace *budget_pace(enum budget_level level);

/* The policy, pure. The day's share that is over is what may have been used, with some lead; the further ahead, the
 * higher the level. It rises at once and falls only when it is clearly lower. limit 0: always free. */
enum budget_level budget_decide(enum budget_level now, int64_t used, int64_t limit, int64_t ms_of_day);
/* Estimates of what goes over the link. */
int64_t budget_message_bytes(size_t topic_chars, size_t payload_bytes, bool is_stamped);
enum { BUDGET_CONNECT_BYTES = 6000, BUDGET_PING_BYTES = 220 };

struct budget;
/* `limit` of [broker] bytes_per_day; 0: nothing is limited, and nothing is written. */
struct budget *budget_new(const char *data_dir, int64_t limit, struct wall *wall);
void budget_free(struct budget *budget); /* writes it down */
void budget_spend(struct budget *budget, int64_t bytes);
/* Decides anew. Call it now and then, and before bulk is sent. */
enum budget_level budget_level(struct budget *budget);
struct budget_state {
    int64_t limit, used, ever_used; /* used: today; ever_used: since the start */
    enum budget_level level;
};
struct budget_state budget_state(const struct budget *budget);
