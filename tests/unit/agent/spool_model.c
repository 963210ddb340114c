/* Long random lives of a spool, compared with a model of what it promised: kills, reboots, power cuts (power.h: what
 * was not synced is gone, or there in part), torn ends, acknowledgements, a budget that is too small. After every step
 * of trouble each number must stand for exactly what was put under it, or be in a gap that the model allows. */
#include "spool.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "power.h"
#include "scratch.h"

enum { MODEL_MAX = 60000, BUDGET = 1024 * 1024 };

struct model_record {
    uint32_t token; /* its payload is made from this; 0: a number that was skipped */
    uint32_t bytes;
    bool is_synced;
};
struct model {
    struct model_record records[MODEL_MAX + 1]; /* by number */
    uint64_t last, acked, aged;                 /* aged: the last one at the tick before */
    bool may_drop;                              /* the budget was too small at some time */
};

static struct spool *spool;
static struct model *models; /* two lanes */
static unsigned seed, first_seed;
static int boot;
static uint32_t token;
static int power_cuts, kills;

static unsigned chance(unsigned n) {
    seed = seed * 1103515245u + 12345u;
    return (seed >> 8) % n;
}

static void open_spool(void) {
    char name[37];
    struct fault fault = {""};
    snprintf(name, sizeof name, "%08d-6f0e-4f55-9b58-2f6b5a3f1d10", boot);
    cr_assert_eq(spool_open(scratch_path("spool"), name, BUDGET, &spool, &fault), RESULT_OK, "%s", fault.text);
}

static void make_payload(const struct model_record *r, uint8_t *out) {
    for (uint32_t i = 0; i < r->bytes; i++) {
        out[i] = (uint8_t)(r->token * 31 + i * 7);
    }
}

static void append(void) {
    static uint8_t payload[CAP_PAYLOAD_BYTES];
    static const enum topic_kind kinds[] = {TOPIC_UP_TELE, TOPIC_UP_LOG, TOPIC_UP_TELE, TOPIC_UP_EVENT};
    enum topic_kind kind = kinds[chance(4)];
    enum spool_lane lane = spool_lane_of(kind);
    struct model *m = &models[lane];
    struct model_record r = {.token = ++token, .bytes = chance(100) == 0 ? chance(60000) : chance(3000)};
    struct moment now = {.mono_ms = token, .wall_ms = 1795309549000 + token};
    if (m->last >= MODEL_MAX - 1000) {
        return;
    }
    make_payload(&r, payload);
    enum result result = spool_append(spool, kind, now, payload, r.bytes);
    m->last++;
    cr_assert_eq(spool_last_seq(spool, lane), m->last);
    if (result == RESULT_OK) {
        r.is_synced = lane == SPOOL_URGENT;
        m->records[m->last] = r;
    }
    /* urgent is synced up to here */
    for (uint64_t i = m->last; lane == SPOOL_URGENT && i > 0 && !m->records[i].is_synced; i--) {
        m->records[i].is_synced = true;
    }
    struct spool_stats u = spool_stats(spool, SPOOL_URGENT), b = spool_stats(spool, SPOOL_BULK);
    cr_assert_leq(u.bytes + b.bytes, BUDGET);
    models[SPOOL_URGENT].may_drop |= u.dropped_count > 0;
    models[SPOOL_BULK].may_drop |= b.dropped_count > 0;
}

static void acknowledge(void) {
    enum spool_lane lane = (enum spool_lane)chance(2);
    struct model *m = &models[lane];
    uint64_t seq = m->acked + chance((unsigned)(m->last - m->acked) + 1);
    cr_assert_eq(spool_ack(spool, lane, seq), RESULT_OK);
    m->acked = seq;
}

static void sync_all(void) {
    spool_sync(spool);
    for (int lane = 0; lane < SPOOL_DISK_LANES; lane++) {
        for (uint64_t i = models[lane].last; i > 0 && !models[lane].records[i].is_synced; i--) {
            models[lane].records[i].is_synced = true;
        }
    }
}

/* The durability interval goes by: what was there the last time is safe now. */
static void tick(void) {
    spool_tick(spool);
    for (int lane = 0; lane < SPOOL_DISK_LANES; lane++) {
        struct model *m = &models[lane];
        for (uint64_t i = m->aged; i > m->acked && !m->records[i].is_synced; i--) {
            m->records[i].is_synced = true;
        }
        m->aged = m->last;
    }
}

/* Every number above the acknowledged ones, in order. */
static void compare(enum spool_lane lane, bool after_power_cut) {
    static uint8_t payload[CAP_PAYLOAD_BYTES];
    struct model *m = &models[lane];
    struct moment now = {.mono_ms = 1, .wall_ms = 1};
    for (uint64_t seq = m->acked + 1; seq <= m->last;) {
        struct spool_message got;
        struct event_message gap;
        cr_assert_eq(spool_read(spool, lane, seq, now, &got), RESULT_OK, "seq %lu of %lu", seq, m->last);
        cr_assert_eq(got.stamp.from, seq);
        cr_assert(got.stamp.seq >= seq && got.stamp.seq <= m->last);
        struct model_record *r = &m->records[seq];
        bool is_record = got.stamp.from == got.stamp.seq && r->token != 0 && got.bytes == r->bytes;
        make_payload(r, payload);
        if (is_record && memcmp(got.payload, payload, r->bytes) == 0) {
            seq++;
            continue;
        }
        cr_assert_eq(event_decode(got.payload, got.bytes, &gap, NULL), RESULT_OK, "seq %lu: neither record nor gap",
                     seq);
        cr_assert_eq(gap.kind, EVENT_GAP);
        for (; seq <= got.stamp.seq; seq++) {
            r = &m->records[seq];
            cr_assert(r->token == 0 || m->may_drop || (after_power_cut && !r->is_synced),
                      "seed %u, lane %d: seq %lu is in a gap (%s) but was promised%s%s", first_seed, lane, seq,
                      gap.text, after_power_cut ? ", after a power cut" : "", r->is_synced ? ", synced" : "");
            r->token = 0;
        }
    }
}

static void catch_up(bool is_power_cut) {
    for (int lane = 0; lane < SPOOL_DISK_LANES; lane++) {
        struct model *m = &models[lane];
        uint64_t last = spool_last_seq(spool, (enum spool_lane)lane);
        cr_assert(last >= m->last && (is_power_cut || last == m->last), "lane %d: %lu after %lu", lane, last, m->last);
        cr_assert_lt(last, MODEL_MAX);
        m->last = last;
        /* what was acknowledged but not written down may be sent again; never less than that */
        cr_assert_leq(spool_acked_seq(spool, (enum spool_lane)lane), m->acked);
        cr_assert_eq(spool_ack(spool, (enum spool_lane)lane, m->acked), RESULT_OK, "the gateway remembers");
        compare((enum spool_lane)lane, is_power_cut);
    }
}

/* The path of the bulk lane's newest segment; "" when there is none. */
static const char *newest_segment(void) {
    static char path[128];
    DIR *dir = opendir(scratch_path("spool/bulk"));
    struct dirent *entry;
    char newest[64] = "";
    while ((entry = readdir(dir)) != NULL) {
        if (strstr(entry->d_name, ".seg") != NULL && strcmp(entry->d_name, newest) > 0) {
            snprintf(newest, sizeof newest, "%.40s", entry->d_name);
        }
    }
    closedir(dir);
    snprintf(path, sizeof path, newest[0] == '\0' ? "%s" : "spool/bulk/%s", newest);
    return path;
}

/* Half of a record that was being written when the kill came. */
static void append_rubbish(void) {
    if (newest_segment()[0] != '\0') {
        scratch_append(newest_segment(), "FLR1 half of a record");
    }
}

static void trouble(void) {
    unsigned kind = chance(4);
    if (kind == 0) {
        sync_all();
        spool_close(spool);
        boot += chance(2) == 0;
    } else {
        spool_abandon(spool);
    }
    if (kind == 2) {
        append_rubbish();
    }
    bool is_power_cut = kind == 3;
    if (is_power_cut) {
        power_cut();
        boot++;
    }
    kills += kind == 1 || kind == 2;
    power_cuts += is_power_cut;
    open_spool();
    catch_up(is_power_cut);
}

static void live(unsigned with_seed, int steps, unsigned acks_in_100) {
    seed = first_seed = with_seed;
    boot = 10000000;
    token = 0;
    models = calloc(SPOOL_DISK_LANES, sizeof *models);
    scratch_make();
    power_begin(scratch_path("spool"), with_seed);
    open_spool();
    for (int i = 0; i < steps; i++) {
        unsigned dice = chance(100);
        if (dice < acks_in_100) {
            acknowledge();
        } else if (dice < acks_in_100 + 2) {
            trouble();
        } else if (dice < acks_in_100 + 3) {
            sync_all();
        } else if (dice < acks_in_100 + 8) {
            tick();
        } else if (dice < acks_in_100 + 11) {
            power_write_back();
        } else {
            append();
        }
    }
    compare(SPOOL_URGENT, false);
    compare(SPOOL_BULK, false);
    spool_close(spool);
    power_end();
    scratch_remove();
    free(models);
}

/* Acknowledged at once, mostly: the file is begun anew in place again and again. */
Test(spool_model, promise_2_quick_acks) {
    for (unsigned s = 1; s <= 60; s++) {
        live(s, 700, s % 2 == 0 ? 30 : 55);
    }
    cr_log_info("%d power cuts, %d kills", power_cuts, kills);
    cr_expect_geq(power_cuts, 150, "%d", power_cuts);
    cr_expect_geq(kills, 300, "%d", kills);
}

Test(spool_model, promise_2_slow_acks_and_a_full_spool) {
    for (unsigned s = 100; s < 130; s++) {
        live(s, 1200, 3);
    }
    cr_log_info("%d power cuts, %d kills", power_cuts, kills);
    cr_expect_geq(power_cuts, 150, "%d", power_cuts);
}
