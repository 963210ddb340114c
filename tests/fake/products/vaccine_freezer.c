/* A vaccine freezer in a pharmacy: the physics of the demo's (tests/fake/product/cold.c) with a make-up of its own, a
 * room with a climate, and people who open the lid by day and put warm boxes in.
 *
 * The faults are those of cold.c: charge, condenser, seal of the lid, valves of the compressor; and the battery of the
 * alarm unit. The product has failed when the air has been above -15 Cel for ten minutes with the lid shut. Readings
 * come every 20 s instead of every second, so that a month is quickly over; no rule of the pack needs more. */
#include <math.h>
#include <stdbool.h>

#include "../product/cold.h"
#include "kinds.h"

enum { LEAK, CONDENSER, SEAL, VALVES, BATTERY, FAULTS };
enum { STEP_S = 20, MINUTE_STEPS = 3 };

#define LIMIT_C  (-15.0)
#define WARM_S   600.0
#define LOAD_J_K 180000.0 /* cold.c's */

struct vaccine_freezer {
    struct specimen base;
    struct climate climate;
    double room_c, room_share, lids_per_hour, clean, battery_v;
    struct cold cold;
    double lid_s, warm_s, ran[MINUTE_STEPS];
    unsigned steps, starts_lost;
};

static void init(void *self) {
    struct vaccine_freezer *f = self;
    struct dice *d = &f->base.dice;
    f->climate = climate_of(d);
    cold_init(&f->cold);
    f->room_c = dice_uniform(d, 19, 24);
    f->room_share = dice_uniform(d, 0.05, 0.35);
    f->lids_per_hour = dice_uniform(d, 0.1, 1.5);
    f->clean = dice_uniform(d, 0.88, 1.05);
    f->battery_v = dice_uniform(d, 13.2, 13.8);
    f->cold.setpoint_c = -round(dice_uniform(d, 19.6, 22.4));
    f->cold.air_c = f->cold.load_c = f->cold.setpoint_c;
}

static void people(struct vaccine_freezer *f) {
    struct dice *d = &f->base.dice;
    double hour = climate_hour(f->base.at_s);
    bool is_open = climate_weekday(f->base.at_s) < 6 && hour > 8 && hour < 18;
    f->lid_s -= STEP_S;
    if (f->lid_s <= 0 && is_open && dice_happens(d, STEP_S, 3600 / f->lids_per_hour)) {
        f->lid_s = dice_uniform(d, 10, 55);
        if (dice_happens(d, 1, 12)) /* a delivery: boxes at -16 instead of -20 */
            f->cold.load_c += dice_uniform(d, 0.1, 0.6);
    }
    f->cold.is_lid_open = f->lid_s > 0;
}

static void step(void *self) {
    struct vaccine_freezer *f = self;
    const double *wear = f->base.wear;
    double outdoor = climate_step(&f->climate, &f->base.dice, f->base.at_s, STEP_S);
    f->cold.ambient_c =
        f->room_c + f->room_share * (outdoor - 12) + 0.8 * sin(2 * M_PI * climate_hour(f->base.at_s) / 24);
    f->cold.charge = 1 - 0.6 * wear[LEAK];
    f->cold.condenser = f->clean * (1 - 0.72 * wear[CONDENSER]);
    f->cold.seal_w_k = 5 * wear[SEAL];
    f->cold.valves = 1 - 0.75 * wear[VALVES];
    people(f);
    double ran = 0;
    for (int i = 0; i < STEP_S; i++) {
        cold_step(&f->cold, 1);
        ran += f->cold.is_running;
    }
    f->ran[f->steps++ % MINUTE_STEPS] = ran / STEP_S;
    f->warm_s = f->cold.air_c > LIMIT_C && !f->cold.is_lid_open ? f->warm_s + STEP_S : 0;
    f->battery_v += (13.5 - 2.6 * wear[BATTERY] - f->battery_v) * STEP_S / 3600;
}

enum { AIR, SETPOINT, EVAPORATOR, SUCTION, CONDENSER_C, AMBIENT, POWER, DUTY, STARTS, LID, BATTERY_V, SERIES };
static const struct specimen_series series[SERIES] = {
    [AIR] = {"air_temperature", "", 1},
    [SETPOINT] = {"setpoint_temperature", "", 3},
    [EVAPORATOR] = {"evaporator_temperature", "", 1},
    [SUCTION] = {"suction_temperature", "", 1},
    [CONDENSER_C] = {"condenser_temperature", "", 1},
    [AMBIENT] = {"ambient_temperature", "", 2},
    [POWER] = {"compressor_power", "", 1},
    [DUTY] = {"compressor_duty", "", 1},
    [STARTS] = {"compressor_starts", "", 3},
    [LID] = {"door_open", "", 1},
    [BATTERY_V] = {"battery_voltage", "", 3},
};

static void read(void *self, double *v) {
    struct vaccine_freezer *f = self;
    struct specimen *s = &f->base;
    double ran = 0;
    for (int i = 0; i < MINUTE_STEPS; i++)
        ran += f->ran[i] / MINUTE_STEPS;
    v[AIR] = specimen_sense(s, f->cold.air_c, 0.04, 0.1);
    v[SETPOINT] = f->cold.setpoint_c;
    v[EVAPORATOR] = specimen_sense(s, cold_inlet_c(&f->cold), 0.08, 0.1);
    v[SUCTION] = specimen_sense(s, cold_suction_c(&f->cold), 0.08, 0.1);
    v[CONDENSER_C] = specimen_sense(s, f->cold.condenser_c, 0.1, 0.1);
    v[AMBIENT] = specimen_sense(s, f->cold.ambient_c, 0.1, 0.1);
    v[POWER] = f->cold.is_running ? specimen_sense(s, cold_power_w(&f->cold), 1.5, 1) : 0;
    v[DUTY] = round(ran * 1000) / 1000;
    v[STARTS] = f->cold.starts - f->starts_lost;
    v[LID] = f->cold.is_lid_open;
    v[BATTERY_V] = specimen_sense(s, f->battery_v, 0.02, 0.1);
}

static void restart(void *self) {
    struct vaccine_freezer *f = self;
    f->starts_lost = f->cold.starts;
}

static bool has_failed(const void *self, size_t fault) {
    const struct vaccine_freezer *f = self;
    return fault != BATTERY && f->warm_s > WARM_S;
}

static const struct specimen_fault faults[FAULTS] = {
    [LEAK] = {"refrigerant_leak", 12, 0, 100, "RefrigerantLoss"},
    [CONDENSER] = {"dirty_condenser", 20, 0, 190, "CondenserBlocked"},
    [SEAL] = {"lid_seal", 12, 0, 150, "CoolingCapacityFalling"},
    [VALVES] = {"worn_compressor", 12, 0, 220, "CoolingCapacityFalling"},
    [BATTERY] = {"alarm_battery", 15, 0, 60, "AlarmBatteryWeak"},
};

const struct specimen_kind specimen_vaccine_freezer = {
    .model = "vaccine-freezer",
    .interval_s = STEP_S,
    .series = series,
    .series_count = SERIES,
    .faults = faults,
    .fault_count = FAULTS,
    .bytes = sizeof(struct vaccine_freezer),
    .init = init,
    .step = step,
    .read = read,
    .restart = restart,
    .has_failed = has_failed,
};
