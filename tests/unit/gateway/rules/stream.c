/* Properties of whole streams: how the samples are packed into messages, in which order they stand in one, and what is
 * no number in between make no difference to what is told; and what a device holds stays bounded. */
#include "rules/device.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

enum { SAMPLES = 6000, TOLD_BYTES = 64 * 1024 };

static const char alerts[] =
    "groups:\n- name: g\n  rules:\n"
    "  - {alert: Level, expr: a > 3, for: 3s, keep_firing_for: 5s, labels: {severity: major}}\n"
    "  - {alert: Mean, expr: 'avg_over_time(a[20s]) > 1.5 and b < 4', for: 2s, labels: {severity: major}}\n"
    "  - {alert: Rate, expr: 'rate(c[30s]) > 2', labels: {severity: minor}}\n"
    "  - {alert: Trend, expr: 'a + 10 * deriv(a[15s]) > 5', for: 1s, labels: {severity: minor}}\n"
    "  - {alert: Apart, expr: 'abs(a - b) > 3', for: 2s, labels: {severity: minor}}\n"
    "  - {alert: Part, expr: 'max_over_time(v[10s]) - min_over_time(v[10s]) > 4', labels: {severity: minor}}\n";

static uint64_t state;
static uint32_t below(uint32_t bound) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)(state >> 33) % bound;
}

/* Samples in order of time, with gaps, of all metrics and of two parts. */
static void make(struct sample *out, struct rule_device *d, uint64_t seed) {
    double walk[6] = {0}, counter = 0;
    int64_t at_ms = 1790000000000;
    const int left = rule_device_part(d, "left"), right = rule_device_part(d, "right");
    state = seed * 2654435761u + 1;
    for (size_t i = 0; i < SAMPLES;) {
        at_ms += below(400) == 0 ? 20 * 60 * 1000 : 250 + below(1500);
        for (int m = 0; m < 5 && i < SAMPLES; m++) {
            if (below(5) == 0)
                continue;
            static const int metrics[] = {0, 1, 2, 2, 4};
            walk[m] += ((double)below(201) - 100) / 100;
            walk[m] = walk[m] > 6 ? 6 : walk[m] < -6 ? -6 : walk[m];
            counter = below(300) == 0 ? 0 : counter + below(6);
            out[i++] = (struct sample){.metric = metrics[m],
                                       .part = m == 2   ? left
                                               : m == 3 ? right
                                                        : 0,
                                       .event_ms = at_ms,
                                       .value = m == 4 ? counter : round(walk[m] * 100) / 100};
        }
    }
}

/* Moments are whole in a message, as the agent sends them. */
static size_t next_message(const struct sample *all, size_t at, size_t most) {
    size_t end = at + 1 + below((uint32_t)most);
    if (end >= SAMPLES)
        return SAMPLES;
    while (end < SAMPLES && all[end].event_ms == all[end - 1].event_ms)
        end++;
    return end;
}

enum manner { IN_ORDER, SHUFFLED, WITH_RUBBISH, WITH_REPEATS };
/* Tells the device everything; what it says is appended to `told`. */
static void play(const struct pack *pack, uint64_t seed, size_t most, enum manner manner, char *told) {
    static struct sample all[SAMPLES], message[2 * SAMPLES];
    struct rule_device *d = rule_device_new(pack, "d");
    struct firings firings;
    firings_init(&firings);
    make(all, d, seed);
    told[0] = '\0';
    for (size_t at = 0, end; at < SAMPLES; at = end) {
        end = next_message(all, at, most);
        size_t count = end - at;
        memcpy(message, &all[at], count * sizeof *message);
        for (size_t i = 0; manner == WITH_RUBBISH && i < end - at; i += 3) {
            message[count] = message[i];
            message[count++].value = i % 2 ? NAN : i % 4 ? -INFINITY : 1e200;
        }
        for (size_t i = 0; manner == WITH_REPEATS && i < end - at; i += 2)
            message[count++] = message[i];
        for (size_t i = count; manner == SHUFFLED && i > 1; i--) {
            size_t k = below((uint32_t)i);
            struct sample swap = message[i - 1];
            message[i - 1] = message[k];
            message[k] = swap;
        }
        rule_device_samples(d, message, count, &firings);
        strncat(told, rig_firings(&firings), TOLD_BYTES - strlen(told) - 1);
        strncat(told, firings.count ? " " : "", TOLD_BYTES - strlen(told) - 1);
        firings_reset(&firings);
    }
    cr_assert_lt(strlen(told), TOLD_BYTES - 1);
    rule_device_free(d);
    firings_fini(&firings);
}

Test(stream, messages_are_only_envelopes) {
    static char one[TOLD_BYTES], other[TOLD_BYTES];
    struct pack *pack = rig_pack(alerts);
    size_t told = 0;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        play(pack, seed, 1, IN_ORDER, one);
        told += strlen(one);
        static const struct {
            const char *what;
            size_t most;
            enum manner manner;
        } rows[] = {
            {"more samples in a message", 40, IN_ORDER},
            {"a day in a message", 2000, IN_ORDER},
            {"samples in any order", 40, SHUFFLED},
            {"a whole backlog in any order", 2000, SHUFFLED},
            {"what is no number between them", 40, WITH_RUBBISH},
            {"samples that stand twice", 40, WITH_REPEATS},
        };
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            play(pack, seed, rows[i].most, rows[i].manner, other);
            cr_assert_str_eq(one, other, "seed %zu, %s", (size_t)seed, rows[i].what);
        }
    }
    cr_expect_gt(told, 5000, "the streams have something to tell: %zu bytes", told);
    pack_free(pack);
}

/* Whatever comes, in whatever order of time: windows hold their range and no more. */
Test(stream, what_a_device_holds_is_bounded) {
    struct pack *pack = rig_pack(alerts);
    struct rule_device *d = rule_device_new(pack, "d");
    struct firings firings;
    struct sample message[50];
    size_t most = 0;
    firings_init(&firings);
    state = 7;
    for (int round = 0; round < 20000; round++) {
        int64_t base_ms = 1790000000000 + round * 10LL;
        for (size_t i = 0; i < 50; i++)
            message[i] = (struct sample){.metric = (int)below(6),
                                         .event_ms = base_ms + below(20) - (below(10) ? 0 : below(100000)),
                                         .value = (double)below(1u << 30) / 7};
        rule_device_samples(d, message, 50, &firings);
        firings_reset(&firings);
        most = rule_device_bytes(d) > most ? rule_device_bytes(d) : most;
    }
    /* four windows of 21 KiB at most, and what stands beside them */
    cr_expect_leq(most, 6 * 21 * 1024, "%zu bytes", most);
    rule_device_free(d);
    firings_fini(&firings);
    pack_free(pack);
}
