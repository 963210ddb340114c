/* A double-conversion UPS of 3 kVA with a string of eight sealed lead-acid blocks of 12 V and two fans.
 *
 *   mains --> rectifier --> inverter --> load
 *                |  float charge
 *             battery: eight blocks in series, each with its own resistance; one capacity
 *
 * Blocks age together (capacity), or one dries out (its resistance). The UPS measures the blocks' resistances four
 * times a day with a short pulse, and the capacity every week with a test discharge of some minutes, as good ones do.
 * Float current rises with the battery's temperature; in thermal runaway each makes the other grow. Fans slow down as
 * their bearings dry. Mains fail for seconds to minutes; the string is empty when its capacity at this load is used up.
 * Left out: the discharge curve in detail (a straight line and the resistance's drop), harmonics, the by-pass. */
#include <math.h>
#include <stdbool.h>

#include "kinds.h"

enum { CAPACITY, BLOCK, FAN, RUNAWAY, FAULTS };
enum { STEP_S = 60, BLOCKS = 8, FANS = 2, BAD_BLOCK = 4, RESISTANCE_EVERY_S = 21600, TEST_EVERY_S = 7 * 86400 };

#define RATED_W     2700.0
#define STRING_WH   860.0 /* 8 x 12 V x 9 Ah */
#define FLOAT_V     108.4 /* at 25 Cel; 24 mV less for each block and K */
#define BLOCK_OHM   0.0185
#define FAN_RPM     3200.0
#define FAN_STOPPED 900.0

struct ups_battery {
    struct specimen base;
    struct climate climate;
    double room_c, swing_k, room_now_c; /* of the cabinet it stands in */
    double load_ratio, base_load, day_load, mains_v;
    double capacity, block_ratio[BLOCKS], fan_ratio[FANS];
    double charge, battery_c, inverter_c, outage_s, test_s;
    double tested_capacity, resistance[BLOCKS], measured_s, tested_at_s;
    double outages;
    bool has_measured;
};

static void init(void *self) {
    struct ups_battery *u = self;
    struct dice *d = &u->base.dice;
    u->climate = climate_of(d);
    u->room_c = dice_uniform(d, 20, 29);
    u->swing_k = dice_uniform(d, 0.02, 0.25);
    u->base_load = dice_uniform(d, 0.15, 0.45);
    u->day_load = dice_uniform(d, 0, 0.3);
    u->capacity = dice_uniform(d, 0.92, 1.06); /* new ones gain for some weeks, older ones have lost a little */
    for (int b = 0; b < BLOCKS; b++)
        u->block_ratio[b] = dice_uniform(d, 0.93, 1.08);
    for (int f = 0; f < FANS; f++)
        u->fan_ratio[f] = dice_uniform(d, 0.97, 1.03);
    u->charge = 1;
    u->battery_c = u->inverter_c = u->room_c;
    u->tested_capacity = u->capacity;
    u->tested_at_s = u->base.at_s - dice_uniform(d, 0, TEST_EVERY_S);
    u->mains_v = 230;
}

static double capacity(const struct ups_battery *u) {
    return u->capacity - 0.42 * u->base.wear[CAPACITY];
}

static double block_ohm(const struct ups_battery *u, int block) {
    double dry = block == BAD_BLOCK ? 2.2 * u->base.wear[BLOCK] : 0;
    double faded = 0.7 * u->base.wear[CAPACITY];
    return BLOCK_OHM * u->block_ratio[block] * (1 + dry + faded) * (1 - 0.006 * (u->battery_c - 25)) *
           (1 + 0.25 * (1 - u->charge));
}

static double fan_rpm(const struct ups_battery *u, int fan) {
    double slow = fan == 0 ? 0.75 * u->base.wear[FAN] : 0;
    double called = 0.55 + 0.45 * fmin(1, u->load_ratio * 1.4); /* by load: half speed when little is drawn */
    return FAN_RPM * u->fan_ratio[fan] * called * (1 - slow);
}

static void mains(struct ups_battery *u) {
    struct dice *d = &u->base.dice;
    u->mains_v += (231 - u->mains_v) * 0.02 + dice_noise(d, 0.5);
    if (u->outage_s > 0)
        u->outage_s -= STEP_S;
    else if (dice_happens(d, STEP_S, 12 * 86400)) {
        u->outage_s = fmin(dice_wait(d, 150), 1200);
        u->outages++;
    }
}

/* Pulses and test discharges, which never come while the mains are away or the string is not full. */
static void measure(struct ups_battery *u) {
    struct dice *d = &u->base.dice;
    bool is_calm = u->outage_s <= 0 && u->charge > 0.97;
    u->measured_s += STEP_S;
    if (is_calm && u->measured_s >= RESISTANCE_EVERY_S) {
        u->measured_s = 0;
        u->has_measured = true;
        for (int b = 0; b < BLOCKS; b++)
            u->resistance[b] = block_ohm(u, b) * (1 + dice_noise(d, 0.015));
    }
    if (u->test_s > 0) {
        u->test_s -= STEP_S;
        if (u->test_s <= 0)
            u->tested_capacity = capacity(u) * (1 + dice_noise(d, 0.015));
    } else if (is_calm && u->base.at_s - u->tested_at_s > TEST_EVERY_S) {
        u->test_s = 240;
        u->tested_at_s = u->base.at_s;
    }
}

static double drawn_w(const struct ups_battery *u) {
    return u->load_ratio * RATED_W / 0.92;
}

static void step(void *self) {
    struct ups_battery *u = self;
    struct dice *d = &u->base.dice;
    double outdoor = climate_step(&u->climate, d, u->base.at_s, STEP_S);
    u->room_now_c = u->room_c + u->swing_k * (outdoor - 12);
    double hour = climate_hour(u->base.at_s);
    bool is_office = climate_weekday(u->base.at_s) < 5 && hour > 8 && hour < 18;
    double load = u->base_load + (is_office ? u->day_load : 0) + dice_noise(d, 0.012);
    u->load_ratio += (fmax(0.05, load) - u->load_ratio) * 0.2;
    mains(u);
    measure(u);
    if (u->outage_s > 0 || u->test_s > 0)
        u->charge -= drawn_w(u) * STEP_S / 3600 / (STRING_WH * 0.72 * capacity(u));
    else
        u->charge += (1 - u->charge) * STEP_S / 9000.0;
    u->charge = fmax(0, u->charge);
    double cooling = 0.3 + 0.7 * (fan_rpm(u, 0) + fan_rpm(u, 1)) / (2 * FAN_RPM);
    double heat_k = (4 + 20 * u->load_ratio) * 0.62 / cooling;
    u->inverter_c += (u->room_now_c + heat_k - u->inverter_c) * STEP_S / 900;
    double runaway_k = 32 * u->base.wear[RUNAWAY];
    u->battery_c += (u->room_now_c + 1.5 + 0.08 * heat_k + runaway_k - u->battery_c) * STEP_S / 7200;
}

enum {
    INPUT,
    LOAD,
    ON_BATTERY,
    VOLTAGE,
    CURRENT,
    CHARGE,
    RUNTIME,
    BATTERY_C,
    ROOM_C,
    INVERTER_C,
    FAN_0,
    FAN_1,
    TESTED,
    RESISTANCE,
    OUTAGES = RESISTANCE + BLOCKS,
    SERIES
};
static const struct specimen_series series[SERIES] = {
    [INPUT] = {"input_voltage", "", 1},
    [LOAD] = {"load_ratio", "", 1},
    [ON_BATTERY] = {"on_battery", "", 1},
    [VOLTAGE] = {"battery_voltage", "", 1},
    [CURRENT] = {"charge_current", "", 1},
    [CHARGE] = {"battery_charge", "", 1},
    [RUNTIME] = {"runtime_left", "", 1},
    [BATTERY_C] = {"battery_temperature", "", 1},
    [ROOM_C] = {"room_temperature", "", 1},
    [INVERTER_C] = {"inverter_temperature", "", 1},
    [FAN_0] = {"fan_speed", "front", 1},
    [FAN_1] = {"fan_speed", "rear", 1},
    [TESTED] = {"tested_capacity", "", 5},
    [RESISTANCE] = {"block_resistance", "b1", 5},
    [RESISTANCE + 1] = {"block_resistance", "b2", 5},
    [RESISTANCE + 2] = {"block_resistance", "b3", 5},
    [RESISTANCE + 3] = {"block_resistance", "b4", 5},
    [RESISTANCE + 4] = {"block_resistance", "b5", 5},
    [RESISTANCE + 5] = {"block_resistance", "b6", 5},
    [RESISTANCE + 6] = {"block_resistance", "b7", 5},
    [RESISTANCE + 7] = {"block_resistance", "b8", 5},
    [OUTAGES] = {"outages", "", 5},
};

static void read(void *self, double *v) {
    struct ups_battery *u = self;
    struct specimen *s = &u->base;
    bool is_discharging = u->outage_s > 0 || u->test_s > 0;
    double string_ohm = 0.02;
    for (int b = 0; b < BLOCKS; b++)
        string_ohm += block_ohm(u, b);
    double amps = drawn_w(u) / 96;
    double floating = FLOAT_V - 8 * 0.024 * (u->battery_c - 25);
    double charging = 0.06 * exp(0.07 * (u->battery_c - 25)) + 1.8 * (1 - u->charge) + 0.5 * s->wear[RUNAWAY];
    v[INPUT] = u->outage_s > 0 ? 0 : specimen_sense(s, u->mains_v, 0.3, 0.1);
    v[LOAD] = specimen_sense(s, u->load_ratio, 0.003, 0.01);
    v[ON_BATTERY] = is_discharging;
    v[VOLTAGE] = specimen_sense(s, is_discharging ? 92 + 8 * u->charge - amps * string_ohm : floating, 0.05, 0.1);
    v[CURRENT] = is_discharging ? -round(amps * 10) / 10 : specimen_sense(s, charging, 0.01, 0.01);
    v[CHARGE] = round(u->charge * 100) / 100;
    v[RUNTIME] = round(u->charge * capacity(u) * STRING_WH * 0.72 * 3600 / fmax(100, drawn_w(u)) / 30) * 30;
    v[BATTERY_C] = specimen_sense(s, u->battery_c, 0.1, 0.1);
    v[ROOM_C] = specimen_sense(s, u->room_now_c, 0.1, 0.1);
    v[INVERTER_C] = specimen_sense(s, u->inverter_c, 0.2, 0.5);
    for (int f = 0; f < FANS; f++)
        v[FAN_0 + f] = specimen_sense(s, fan_rpm(u, f), 12, 30);
    v[TESTED] = round(u->tested_capacity * 100) / 100;
    for (int b = 0; b < BLOCKS; b++)
        v[RESISTANCE + b] = u->has_measured ? round(u->resistance[b] * 1e5) / 1e5 : NAN;
    v[OUTAGES] = u->outages;
}

static void restart(void *self) {
    struct ups_battery *u = self;
    u->outages = 0;
    u->has_measured = false;
    u->measured_s = RESISTANCE_EVERY_S - 600;
}

static bool has_failed(const void *self, size_t fault) {
    const struct ups_battery *u = self;
    return fault == FAN && fan_rpm(u, 0) < FAN_STOPPED * 0.55;
}

static const struct specimen_fault faults[FAULTS] = {
    [CAPACITY] = {"capacity_fade", 90, 0, 40, "BatteryWornOut"},
    [BLOCK] = {"block_dries_out", 40, 0, 90, "BlockResistanceHigh"},
    [FAN] = {"fan", 25, 1.5, 160, "FanSlow"},
    [RUNAWAY] = {"thermal_runaway", 10, 3, 200, "BatteryHot"},
};

const struct specimen_kind specimen_ups_battery = {
    .model = "ups-battery",
    .interval_s = STEP_S,
    .series = series,
    .series_count = SERIES,
    .faults = faults,
    .fault_count = FAULTS,
    .bytes = sizeof(struct ups_battery),
    .init = init,
    .step = step,
    .read = read,
    .restart = restart,
    .has_failed = has_failed,
};
