/* The daily budget: a policy as a table, and a count that outlives the process.
 *
 * Adapting early beats stopping late: a product that has used a third of its budget by noon changes nothing, one that
 * has used two thirds first makes longer batches (a message costs some 300 bytes whatever is in it), then sends fewer
 * samples, and only at the very end none. What bytes really went is the modem's to know; the estimate errs upwards.
 * A clock that is stepped into another day begins a new budget: at worst one more is spent. Loop thread. */
#include "day_budget.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "fieldline/json.h"
#include "fieldline/log.h"
#include "file.h"

enum {
    DAY_MS = 24 * 3600 * 1000,
    FILE_BYTES = 512,
    SPENT_PERCENT = 95, /* the rest is for urgent messages; less and less of it as the day ends */
    CALM_PERCENT = 3,   /* a level is left when it would be left with so much more used, too */
    SAVE_PERCENT = 1,
    STAMP_BYTES = 150, /* the user properties of a message of a stream, as MQTT writes them */
    MQTT_BYTES = 8,
    TLS_BYTES = 29,
    TCP_BYTES = 80, /* headers of a segment and of its acknowledgement */
    SEGMENT_BYTES = 1400
};

static const struct budget_pace paces[BUDGET_LEVELS] = {[BUDGET_FREE] = {"free", 1, 0, false, false},
                                                        [BUDGET_SLOW] = {"slow", 10, 0, false, false},
                                                        [BUDGET_THIN] = {"thin", 30, 60 * 1000, true, false},
                                                        [BUDGET_THINNER] = {"thinner", 60, 600 * 1000, true, false},
                                                        [BUDGET_SPENT] = {"spent", 60, 600 * 1000, true, true}};

/* How far ahead of the day, in hundredths of the budget, a level reaches at the day's begin; less as it goes on. */
static const struct {
    enum budget_level level;
    int64_t lead_percent;
} leads[] = {{BUDGET_FREE, 10}, {BUDGET_SLOW, 20}, {BUDGET_THIN, 35}};

const struct budget_pace *budget_pace(enum budget_level level) {
    return &paces[level];
}

static enum budget_level level_at(int64_t used, int64_t limit, int64_t ms_of_day) {
    double day = (double)ms_of_day / DAY_MS, share = (double)used / (double)limit;
    if (share * 100 >= SPENT_PERCENT + (100 - SPENT_PERCENT) * day) {
        return BUDGET_SPENT;
    }
    for (size_t i = 0; i < sizeof leads / sizeof leads[0]; i++) {
        if ((share - day) * 100 <= (double)leads[i].lead_percent * (1 - day)) {
            return leads[i].level;
        }
    }
    return BUDGET_THINNER;
}

enum budget_level budget_decide(enum budget_level now, int64_t used, int64_t limit, int64_t ms_of_day) {
    if (limit <= 0) {
        return BUDGET_FREE;
    }
    enum budget_level at = level_at(used, limit, ms_of_day);
    if (at >= now) {
        return at;
    }
    enum budget_level calm = level_at(used + limit / 100 * CALM_PERCENT, limit, ms_of_day);
    return calm < now ? calm : now;
}

int64_t budget_message_bytes(size_t topic_chars, size_t payload_bytes, bool is_stamped) {
    int64_t bytes = (int64_t)(topic_chars + payload_bytes) + MQTT_BYTES + TLS_BYTES + (is_stamped ? STAMP_BYTES : 0);
    return bytes + (bytes / SEGMENT_BYTES + 1) * TCP_BYTES;
}

/* ---- the count ---- */

struct budget {
    struct wall *wall;
    char path[PATH_MAX];
    struct budget_state state;
    int64_t day, saved_used;
};

static void save(struct budget *b, bool is_closed) {
    struct buf text;
    struct fault fault;
    buf_init(&text, FILE_BYTES);
    struct json_out j = json_out(&text);
    jo_object(&j, NULL);
    jo_int(&j, "day", b->day);
    jo_int(&j, "used", b->state.used);
    jo_bool(&j, "closed", is_closed);
    jo_end(&j);
    if (file_replace(b->path, text.data, text.count, 0600, &fault) != RESULT_OK) {
        log_warn("agent.budget", "budget_unwritten", "why=%s", log_text(fault.text));
    }
    b->saved_used = b->state.used;
    buf_fini(&text);
}

static int64_t day_of(int64_t wall_ms) {
    return wall_ms / DAY_MS;
}

/* A run that did not end in order may have used what it had not written down. */
static void load(struct budget *b) {
    struct json *root = NULL;
    struct fault fault;
    struct buf text;
    int64_t day, used;
    bool is_closed;
    buf_init(&text, FILE_BYTES);
    enum result result = file_read(b->path, &text, &fault);
    if (result == RESULT_OK) {
        result = json_parse(buf_text(&text), text.count, &root, &fault);
    }
    if (result == RESULT_OK) {
        result = json_integer(root, "day", 0, INT64_MAX, &day, &fault);
    }
    if (result == RESULT_OK) {
        result = json_integer(root, "used", 0, INT64_MAX / 2, &used, &fault);
    }
    if (result == RESULT_OK) {
        result = json_bool(root, "closed", &is_closed, &fault);
    }
    if (result == RESULT_OK && day == b->day) {
        b->state.used = used + (is_closed ? 0 : b->state.limit / 100 * SAVE_PERCENT);
    } else if (result != RESULT_OK && result != RESULT_NOT_FOUND) {
        log_warn("agent.budget", "budget_unreadable", "why=%s", log_text(fault.text));
    }
    json_free(root);
    buf_fini(&text);
}

struct budget *budget_new(const char *data_dir, int64_t limit, struct wall *wall) {
    struct budget *b = mem_alloc(sizeof *b);
    *b = (struct budget){.wall = wall, .state.limit = limit, .day = day_of(wall_now_ms(wall))};
    snprintf(b->path, sizeof b->path, "%s/budget.json", data_dir);
    if (limit > 0) {
        load(b);
        save(b, false);
    }
    return b;
}

void budget_free(struct budget *b) {
    if (b == NULL) {
        return;
    }
    if (b->state.limit > 0) {
        save(b, true);
    }
    free(b);
}

static void begin_day(struct budget *b, int64_t day) {
    log_info("agent.budget", "budget_day_over", "used=%lld limit=%lld", (long long)b->state.used,
             (long long)b->state.limit);
    b->day = day;
    b->state.used = 0;
    b->state.level = BUDGET_FREE;
    save(b, false);
}

enum budget_level budget_level(struct budget *b) {
    if (b->state.limit <= 0) {
        return BUDGET_FREE;
    }
    int64_t now_ms = wall_now_ms(b->wall);
    if (day_of(now_ms) != b->day) {
        begin_day(b, day_of(now_ms));
    }
    enum budget_level level = budget_decide(b->state.level, b->state.used, b->state.limit, now_ms % DAY_MS);
    if (level != b->state.level) {
        log_info("agent.budget", "budget_level", "level=%s was=%s used=%lld limit=%lld", paces[level].name,
                 paces[b->state.level].name, (long long)b->state.used, (long long)b->state.limit);
    }
    b->state.level = level;
    return level;
}

void budget_spend(struct budget *b, int64_t bytes) {
    b->state.ever_used += bytes;
    b->state.used += bytes;
    if (b->state.limit > 0 && b->state.used - b->saved_used >= b->state.limit / 100 * SAVE_PERCENT) {
        save(b, false);
    }
}

struct budget_state budget_state(const struct budget *b) {
    return b->state;
}
