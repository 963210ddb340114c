/* An air-to-water heat pump of 8 kW with inverter, four-way valve and electronic expansion valve, in a house with floor
 * heating and a 200 l tank for hot water.
 *
 *   outdoor air --UA_COIL (less with ice, dirt, a slow fan)--> refrigerant --> water --EMITTER--> house --UA_HOUSE-->
 * outdoors
 *
 * The controller follows a heating curve by speed; below its least speed it goes on and off, as inverters do in mild
 * weather. Ice grows on a coil below zero and is melted by reversing; a blocked drain leaves some of it, which makes
 * the next ice come sooner. Too little refrigerant: the expansion valve is fully open and superheat rises, capacity
 * falls. A clogged strainer lowers the flow until its switch trips; a small or shut-off water volume makes the
 * compressor start again and again; water that is lost shows in the pressure. The house reacts in a day, so the weather
 * of a day is what the product sees. Left out: the pressure drop of the coil, humidity indoors, the electric back-up
 * heater. */
#include <math.h>
#include <stdbool.h>

#include "kinds.h"

enum { LEAK, ICING, LOW_FLOW, SHORT_CYCLING, WATER_LOSS, FAULTS };
enum { STEP_S = 60, SUBSTEPS = 6, LEAST_OFF_S = 180, DEFROST_S = 240, DEFROST_PAUSE_S = 2100 };

#define CAPACITY_W    8000.0
#define LEAST_SPEED   0.3
#define FULL_RPM      5400.0
#define SUPERHEAT_K   5.0
#define UA_COIL       820.0
#define UA_CONDENSER  1900.0
#define WATER_J_KG_K  4186.0
#define TANK_J_K      837000.0
#define TANK_W_K      750.0
#define FLOW_TRIP_L_S 0.19

struct heat_pump {
    struct specimen base;
    struct climate climate;
    double outdoor_c, humidity;
    /* the house and its owner */
    double house_ua, emitter_w_k, water_j_k, curve, wanted_c, house_c, tank_c, tank_wanted_c, flow_l_s;
    /* the machine */
    double water_c, evaporating_c, condensing_c, ice, speed, power_w, heat_w, filled_pa;
    bool is_running, is_defrosting, is_hot_water;
    double stopped_s, running_s, defrost_s, since_defrost_s;
    double starts, defrosts;
};

static void init(void *self) {
    struct heat_pump *h = self;
    struct dice *d = &h->base.dice;
    h->climate = climate_of(d);
    h->humidity = dice_uniform(d, 0.6, 1);
    h->house_ua = dice_uniform(d, 120, 210);
    h->curve = dice_uniform(d, 0.55, 0.85);
    h->wanted_c = dice_uniform(d, 19.5, 22);
    h->emitter_w_k = h->house_ua / h->curve * dice_uniform(d, 0.95, 1.1);
    h->water_j_k = dice_uniform(d, 4.5e5, 9e5); /* 110 to 210 l with the pipes' share of the floor */
    h->flow_l_s = dice_uniform(d, 0.33, 0.42);
    h->tank_wanted_c = dice_uniform(d, 46, 51);
    h->filled_pa = dice_uniform(d, 1.5e5, 1.8e5);
    h->house_c = h->wanted_c;
    h->water_c = 28;
    h->tank_c = h->tank_wanted_c - 3;
    h->evaporating_c = h->condensing_c = 15;
    h->stopped_s = LEAST_OFF_S;
}

static double charge_missing(const struct heat_pump *h) {
    return fmax(0, 0.42 * h->base.wear[LEAK] - 0.06); /* the receiver covers the first 6 percent */
}

static double flow(const struct heat_pump *h) {
    return h->flow_l_s * (1 - 0.55 * h->base.wear[LOW_FLOW]) * (1 - 0.0025 * fmax(0, h->outdoor_c - 5));
}

static double target_c(const struct heat_pump *h) {
    if (h->is_hot_water)
        return h->tank_wanted_c + 5;
    return fmin(52, 23 + h->curve * fmax(0, 21 - h->outdoor_c));
}

static bool is_wanted(const struct heat_pump *h) {
    return h->is_hot_water || (h->outdoor_c < 15.5 && h->house_c < h->wanted_c + 1.5);
}

static void start(struct heat_pump *h) {
    h->is_running = true;
    h->running_s = 0;
    h->starts++;
    h->speed = 0.5;
}

static void stop(struct heat_pump *h) {
    h->is_running = h->is_defrosting = false;
    h->stopped_s = 0;
    h->speed = 0;
}

static void control_defrost(struct heat_pump *h, double dt_s) {
    if (h->is_defrosting) {
        h->defrost_s += dt_s;
        double rest = 0.95 * h->base.wear[ICING]; /* what cannot drain freezes again */
        h->ice = fmax(rest, h->ice - dt_s / DEFROST_S);
        if (h->defrost_s >= DEFROST_S || (h->ice <= rest && h->defrost_s > 120)) {
            h->is_defrosting = false;
            h->since_defrost_s = 0;
        }
        return;
    }
    h->since_defrost_s += h->is_running ? dt_s : 0;
    if (h->ice > 0.55 && h->since_defrost_s > DEFROST_PAUSE_S && h->running_s > 600) {
        h->is_defrosting = true;
        h->defrost_s = 0;
        h->defrosts++;
    }
}

static void control(struct heat_pump *h, double dt_s) {
    if (h->tank_c < h->tank_wanted_c - 6)
        h->is_hot_water = true;
    if (h->tank_c >= h->tank_wanted_c)
        h->is_hot_water = false;
    double error = target_c(h) - h->water_c;
    double band = 1 - 0.75 * h->base.wear[SHORT_CYCLING]; /* somebody wanted the supply more even */
    if (!h->is_running) {
        h->stopped_s += dt_s;
        if (is_wanted(h) && error > 3 * band && h->stopped_s > LEAST_OFF_S)
            start(h);
        return;
    }
    h->running_s += dt_s;
    control_defrost(h, dt_s);
    h->speed = fmax(LEAST_SPEED, fmin(1, h->speed + (0.0004 * error - 0.0002 * (h->heat_w / 8000 - 0.5)) * dt_s / 3));
    if (!h->is_defrosting && (error < -4 * band || !is_wanted(h)))
        stop(h);
}

static void refrigerant(struct heat_pump *h, double dt_s) {
    double missing = charge_missing(h);
    double settle = fmin(1, dt_s / 60);
    if (!h->is_running) { /* pressures become equal; the coil is as warm as the air */
        h->power_w = h->heat_w = 0;
        h->evaporating_c += (h->outdoor_c - h->evaporating_c) * settle;
        h->condensing_c += (h->water_c - h->condensing_c) * settle;
        return;
    }
    if (h->is_defrosting) {
        h->power_w = 900;
        h->heat_w = -2500;
        h->evaporating_c += (-18 - h->evaporating_c) * settle;
        h->condensing_c += (8 - h->condensing_c) * settle;
        return;
    }
    double warm = 1 + 0.026 * (h->evaporating_c + 2) - 0.004 * (h->condensing_c - 38);
    h->heat_w = CAPACITY_W * h->speed * fmax(0.2, warm) * (1 - 1.5 * missing);
    double lift = fmax(12, h->condensing_c - h->evaporating_c);
    double cop = 0.48 * (h->condensing_c + 273) / lift;
    h->power_w = h->heat_w / fmax(1.3, cop) + 40;
    double ua = UA_COIL * (1 - 0.85 * fmin(1, h->ice));
    double coil_c = h->outdoor_c - (h->heat_w - h->power_w) / ua - 28 * missing;
    h->evaporating_c += (coil_c - h->evaporating_c) * settle;
    h->condensing_c += (h->water_c + h->heat_w / UA_CONDENSER - h->condensing_c) * settle;
    if (h->evaporating_c < -1.5 && h->outdoor_c < 8) /* air holds less water the colder it is */
        h->ice += dt_s / 4500 * h->humidity * exp(0.07 * fmin(0, h->outdoor_c)) * (0.6 + 0.6 * h->speed);
    else if (h->outdoor_c > 3)
        h->ice = fmax(0, h->ice - dt_s / 5400);
}

static void water(struct heat_pump *h, double dt_s) {
    double volume = h->water_j_k * (1 - 0.88 * h->base.wear[SHORT_CYCLING]);
    double taken = h->is_hot_water
                       ? TANK_W_K * (h->water_c - h->tank_c)
                       : h->emitter_w_k * (1 - 0.5 * h->base.wear[SHORT_CYCLING]) * fmax(0, h->water_c - h->house_c);
    h->water_c += (h->heat_w - taken) / volume * dt_s;
    if (h->is_hot_water)
        h->tank_c += taken / TANK_J_K * dt_s;
    else
        h->house_c += taken / 3.5e7 * dt_s;
    h->house_c += (h->house_ua * (h->outdoor_c - h->house_c) + 600) / 3.5e7 * dt_s;
    double hour = climate_hour(h->base.at_s);
    bool is_busy = (hour > 6 && hour < 8.5) || (hour > 18 && hour < 22);
    if (dice_happens(&h->base.dice, dt_s, is_busy ? 2400 : 14000))
        h->tank_c = fmax(30, h->tank_c - dice_uniform(&h->base.dice, 0.5, 5));
    h->tank_c -= 1.8 * (h->tank_c - 18) / TANK_J_K * dt_s;
}

static void step(void *self) {
    struct heat_pump *h = self;
    h->outdoor_c = climate_step(&h->climate, &h->base.dice, h->base.at_s, STEP_S);
    if (dice_happens(&h->base.dice, STEP_S, 86400))
        h->humidity = dice_uniform(&h->base.dice, 0.5, 1);
    for (int i = 0; i < SUBSTEPS; i++) {
        const double dt_s = (double)STEP_S / SUBSTEPS;
        control(h, dt_s);
        refrigerant(h, dt_s);
        water(h, dt_s);
    }
}

enum {
    OUTDOOR,
    SUPPLY,
    RETURN,
    TARGET,
    EVAPORATING,
    SUCTION,
    CONDENSING,
    DISCHARGE,
    SPEED,
    POWER,
    PUMP,
    FLOW,
    PRESSURE,
    DEFROSTING,
    STARTS,
    DEFROSTS,
    SERIES
};
static const struct specimen_series series[SERIES] = {
    [OUTDOOR] = {"outdoor_temperature", "", 1},
    [SUPPLY] = {"supply_temperature", "", 1},
    [RETURN] = {"return_temperature", "", 1},
    [TARGET] = {"target_temperature", "", 1},
    [EVAPORATING] = {"evaporating_temperature", "", 1},
    [SUCTION] = {"suction_temperature", "", 1},
    [CONDENSING] = {"condensing_temperature", "", 1},
    [DISCHARGE] = {"discharge_temperature", "", 1},
    [SPEED] = {"compressor_speed", "", 1},
    [POWER] = {"compressor_power", "", 1},
    [PUMP] = {"pump_running", "", 1},
    [FLOW] = {"water_flow", "", 1},
    [PRESSURE] = {"water_pressure", "", 1},
    [DEFROSTING] = {"defrosting", "", 1},
    [STARTS] = {"compressor_starts", "", 1},
    [DEFROSTS] = {"defrosts", "", 1},
};

static void read(void *self, double *v) {
    struct heat_pump *h = self;
    struct specimen *s = &h->base;
    bool is_pumping = is_wanted(h) || h->is_running;
    double through = is_pumping ? flow(h) : 0;
    double missing = charge_missing(h);
    double superheat = h->is_running && !h->is_defrosting
                           ? (SUPERHEAT_K + 55 * missing) * (1 - exp(-h->running_s / 60)) + dice_noise(&s->dice, 0.6)
                           : h->outdoor_c - h->evaporating_c + 1;
    double spread = through > 0 ? h->heat_w / (through * WATER_J_KG_K) : 0;
    double discharge = h->is_running ? h->condensing_c + 18 + 0.35 * (h->condensing_c - h->evaporating_c) + superheat
                                     : h->condensing_c;
    v[OUTDOOR] = specimen_sense(s, h->outdoor_c, 0.1, 0.1);
    v[SUPPLY] = specimen_sense(s, h->water_c + spread / 2, 0.1, 0.1);
    v[RETURN] = specimen_sense(s, h->water_c - spread / 2, 0.1, 0.1);
    v[TARGET] = round(target_c(h) * 2) / 2;
    v[EVAPORATING] = specimen_sense(s, h->evaporating_c, 0.2, 0.1);
    v[SUCTION] = specimen_sense(s, h->evaporating_c + superheat, 0.2, 0.1);
    v[CONDENSING] = specimen_sense(s, h->condensing_c, 0.2, 0.1);
    v[DISCHARGE] = specimen_sense(s, discharge, 0.4, 0.5);
    v[SPEED] = h->is_running ? round(h->speed * FULL_RPM / 60) * 60 : 0;
    v[POWER] = h->is_running ? specimen_sense(s, h->power_w, 8, 1) : 6;
    v[PUMP] = is_pumping;
    v[FLOW] = is_pumping ? specimen_sense(s, through, 0.004, 0.001) : 0;
    v[PRESSURE] =
        specimen_sense(s, h->filled_pa * (1 - 0.75 * s->wear[WATER_LOSS]) + 400 * (h->water_c - 30), 800, 1000);
    v[DEFROSTING] = h->is_defrosting;
    v[STARTS] = h->starts;
    v[DEFROSTS] = h->defrosts;
}

static void restart(void *self) {
    struct heat_pump *h = self;
    h->starts = h->defrosts = 0;
    if (h->is_running)
        stop(h);
}

static bool has_failed(const void *self, size_t fault) {
    const struct heat_pump *h = self;
    switch (fault) {
    case LOW_FLOW: return flow(h) < FLOW_TRIP_L_S;
    case ICING:
        return h->outdoor_c - h->evaporating_c > 26 && !h->is_defrosting && h->running_s > 300; /* low pressure */
    default: return false;
    }
}

static const struct specimen_fault faults[FAULTS] = {
    [LEAK] = {"refrigerant_leak", 14, 0, 20, "RefrigerantLow"},
    [ICING] = {"icing", 8, 0, 15, "CoilStaysIced"},
    [LOW_FLOW] = {"low_flow", 12, 0, 60, "WaterFlowLow"},
    [SHORT_CYCLING] = {"short_cycling", 14, 0, 85, "ShortCycling"},
    [WATER_LOSS] = {"water_loss", 15, 0, 30, "WaterPressureFalls"},
};

const struct specimen_kind specimen_heat_pump = {
    .model = "heat-pump",
    .interval_s = STEP_S,
    .series = series,
    .series_count = SERIES,
    .faults = faults,
    .fault_count = FAULTS,
    .bytes = sizeof(struct heat_pump),
    .init = init,
    .step = step,
    .read = read,
    .restart = restart,
    .has_failed = has_failed,
};
