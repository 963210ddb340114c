/* An end-suction pump of 22 kW with frequency converter, mechanical seal with a barrier-fluid pot, and vibration
 * sensors on both bearing housings of the pump.
 *
 *   tank --strainer--> impeller --> valve and pipes --> process;  head and flow are where pump curve and pipes meet
 *
 * Vibration is velocity (what unbalance, misalignment and turbulence do) and acceleration above 1 kHz with its kurtosis
 * (what impacts and bubbles do). A spalled bearing first gives rare sharp impacts: the kurtosis rises and nothing else;
 * then more of them (acceleration), then rough running (velocity) and heat, while the kurtosis falls again, because
 * impacts that never stop are noise. Cavitation is noise from the start: acceleration on both housings, kurtosis of 3,
 * less head. Worn rings let water run back: less head at the same flow and speed. The figures are those of a pump for
 * 25 l/s at 50 m and 2,950 turns a minute. Left out: water hammer, resonances of the base plate, the motor's own
 * bearings. */
#include <math.h>
#include <stdbool.h>

#include "kinds.h"

enum { BEARING, CAVITATION, IMPELLER, SEAL, FAULTS };
enum { DRIVE, FREE, HOUSINGS };
enum { STEP_S = 60 };

#define RATED_RPM 2950.0
#define SHUT_M    60.0   /* head without flow */
#define CURVE     0.0160 /* m for (l/s)^2 */
#define BEST_L_S  25.0
#define WATER_N   9790.0 /* weight of a cubic metre */
#define NPSHR_M   3.0    /* at the best point */

struct centrifugal_pump {
    struct specimen base;
    struct climate climate;
    /* the process */
    double static_m, pipes, batch_h, pause_h, level_m, water_c, valve, wanted_ratio;
    /* the machine */
    double smooth_mm_s[HOUSINGS], quiet_ms2[HOUSINGS], curve_ratio;
    bool is_running;
    double left_s, ratio, flow_l_s, head_m, suction_m, bubbles, room_c, housing_c[HOUSINGS], sway, pot, hours_s, starts;
};

static void init(void *self) {
    struct centrifugal_pump *p = self;
    struct dice *d = &p->base.dice;
    p->climate = climate_of(d);
    p->static_m = dice_uniform(d, 8, 20);
    p->pipes = dice_uniform(d, 0.045, 0.075);
    p->batch_h = dice_uniform(d, 0, 1) < 0.4 ? 1e6 : dice_uniform(d, 2, 9); /* some never stop */
    p->pause_h = dice_uniform(d, 0.5, 5);
    p->level_m = dice_uniform(d, 2, 4);
    p->valve = 1;
    p->wanted_ratio = 0.95;
    p->curve_ratio = dice_uniform(d, 0.98, 1.02);
    for (int b = 0; b < HOUSINGS; b++) {
        p->smooth_mm_s[b] = dice_uniform(d, 0.9, 2.1);
        p->quiet_ms2[b] = dice_uniform(d, 3, 6);
        p->housing_c[b] = 25;
    }
    p->room_c = p->water_c = 20;
    p->pot = dice_uniform(d, 0.7, 0.9);
    p->left_s = dice_uniform(d, 600, 7200);
}

static void run_process(struct centrifugal_pump *p) {
    struct dice *d = &p->base.dice;
    p->left_s -= STEP_S;
    if (p->left_s <= 0 && p->batch_h < 1e6) {
        p->is_running = !p->is_running;
        p->left_s = dice_uniform(d, 0.5, 1.5) * 3600 * (p->is_running ? p->batch_h : p->pause_h);
        p->starts += p->is_running;
    } else if (p->left_s <= 0 && !p->is_running) {
        p->is_running = true;
        p->starts++;
    }
    if (dice_happens(d, STEP_S, 5400))
        p->wanted_ratio = dice_uniform(d, 0.75, 1);
    if (dice_happens(d, STEP_S, 7200))
        p->valve = dice_uniform(d, 0.8, 1.5);
    p->level_m = fmax(1.8, fmin(4.2, p->level_m + dice_noise(d, 0.03)));
    double ramp = STEP_S / 20.0;
    double wanted = p->is_running ? p->wanted_ratio : 0;
    p->ratio += fmax(-ramp, fmin(ramp, wanted - p->ratio));
}

static void flow(struct centrifugal_pump *p) {
    const double *wear = p->base.wear;
    double shut = SHUT_M * p->curve_ratio * p->ratio * p->ratio * (1 - 0.2 * wear[IMPELLER]);
    double curve = CURVE * (1 + 1.2 * wear[IMPELLER]);
    double pipes = p->pipes * p->valve;
    double flow_l_s = shut > p->static_m ? sqrt((shut - p->static_m) / (curve + pipes)) : 0;
    flow_l_s *= 1 - 0.25 * p->bubbles;
    double strainer = 0.0008 * (1 + 30 * wear[CAVITATION]); /* m for (l/s)^2 */
    p->suction_m = p->level_m - 0.0012 * flow_l_s * flow_l_s - strainer * flow_l_s * flow_l_s;
    double available = p->suction_m + 10.3 - 0.24 - 0.02 * (p->water_c - 20);
    double required = NPSHR_M * (0.35 + 0.65 * pow(flow_l_s / BEST_L_S, 2));
    double lack = required * 1.9 + 2.2 - available; /* bubbles begin well before the head falls by 3 percent */
    double bubbles = flow_l_s > 0 ? fmax(0, fmin(1, lack / 4)) : 0;
    p->bubbles += (bubbles - p->bubbles) * 0.5;
    p->flow_l_s = flow_l_s;
    p->head_m = (shut - curve * flow_l_s * flow_l_s) * (1 - 0.12 * p->bubbles);
}

static void step(void *self) {
    struct centrifugal_pump *p = self;
    double outdoor = climate_step(&p->climate, &p->base.dice, p->base.at_s, STEP_S);
    p->room_c += (fmax(8, 0.6 * outdoor + 9) - p->room_c) * STEP_S / 7200;
    p->water_c += (14 + 0.3 * outdoor - p->water_c) * STEP_S / 86400;
    run_process(p);
    flow(p);
    p->sway += -p->sway * STEP_S / 900.0 + dice_noise(&p->base.dice, 0.1 * sqrt(2 * STEP_S / 900.0));
    for (int b = 0; b < HOUSINGS; b++) {
        double rubbing = b == DRIVE ? 26 * pow(p->base.wear[BEARING], 3) : 0;
        double warm =
            p->room_c + (0.15 * (p->water_c - p->room_c) + 24 * p->ratio * p->ratio + rubbing) * (p->ratio > 0.1);
        p->housing_c[b] += (warm - p->housing_c[b]) * STEP_S / 2700;
    }
    p->hours_s += p->is_running ? STEP_S : 0;
    p->pot -= STEP_S / 86400.0 * (0.0004 + 0.115 * p->base.wear[SEAL]) * (p->ratio > 0.1 ? 1 : 0.3);
    if (p->pot < 0.35 && p->base.wear[SEAL] <= 0) /* filled up at the round, long before it is due */
        p->pot = 0.85;
}

enum {
    SPEED,
    SUCTION,
    OUTLET,
    FLOW,
    POWER,
    WATER,
    VELOCITY_DRIVE,
    VELOCITY_FREE,
    ACCELERATION_DRIVE,
    ACCELERATION_FREE,
    KURTOSIS_DRIVE,
    KURTOSIS_FREE,
    HOUSING_DRIVE,
    HOUSING_FREE,
    POT,
    STARTS,
    SERIES
};
static const struct specimen_series series[SERIES] = {
    [SPEED] = {"pump_speed", "", 1},
    [SUCTION] = {"suction_pressure", "", 1},
    [OUTLET] = {"discharge_pressure", "", 1},
    [FLOW] = {"flow", "", 1},
    [POWER] = {"motor_power", "", 1},
    [WATER] = {"fluid_temperature", "", 1},
    [VELOCITY_DRIVE] = {"vibration_velocity", "drive", 1},
    [VELOCITY_FREE] = {"vibration_velocity", "free", 1},
    [ACCELERATION_DRIVE] = {"vibration_acceleration", "drive", 1},
    [ACCELERATION_FREE] = {"vibration_acceleration", "free", 1},
    [KURTOSIS_DRIVE] = {"vibration_kurtosis", "drive", 1},
    [KURTOSIS_FREE] = {"vibration_kurtosis", "free", 1},
    [HOUSING_DRIVE] = {"bearing_temperature", "drive", 1},
    [HOUSING_FREE] = {"bearing_temperature", "free", 1},
    [POT] = {"seal_pot_level", "", 1},
    [STARTS] = {"pump_starts", "", 1},
};

static double velocity_mm_s(struct centrifugal_pump *p, int b) {
    double off = p->flow_l_s / BEST_L_S / fmax(0.2, p->ratio) - 1; /* turbulence away from the best point */
    double spalled = b == DRIVE ? 9 * pow(p->base.wear[BEARING], 3.5) : 2 * pow(p->base.wear[BEARING], 3.5);
    double turning = p->smooth_mm_s[b] * (1 + 0.9 * off * off) * pow(p->ratio, 1.6) * (1 + p->sway);
    return 0.08 + hypot(turning, hypot(spalled, 1.3 * p->bubbles) * p->ratio) * (1 + dice_noise(&p->base.dice, 0.04));
}

static double acceleration_ms2(struct centrifugal_pump *p, int b) {
    double spalled = (b == DRIVE ? 1 : 0.2) * 26 * pow(p->base.wear[BEARING], 1.6);
    double rough = p->quiet_ms2[b] * (0.15 + p->ratio * p->ratio);
    return hypot(rough, hypot(spalled * p->ratio, 24 * p->bubbles)) * (1 + dice_noise(&p->base.dice, 0.06));
}

static double kurtosis(struct centrifugal_pump *p, int b) {
    double wear = p->base.wear[BEARING];
    double sharp = b == DRIVE && p->ratio > 0.3 ? 34 * wear * exp(-3.2 * wear) : 0;
    double chance = dice_happens(&p->base.dice, 1, 400) ? dice_uniform(&p->base.dice, 1, 6) : 0; /* a knock nearby */
    return fmax(1.8, 3.05 + sharp * (1 - 0.8 * p->bubbles) + chance + dice_noise(&p->base.dice, 0.25));
}

static void read(void *self, double *v) {
    struct centrifugal_pump *p = self;
    struct specimen *s = &p->base;
    double shaft_kw = WATER_N * p->flow_l_s * p->head_m / 1e6 / 0.74 * (1 + 0.25 * s->wear[IMPELLER]) +
                      1.1 * pow(p->ratio, 3) + 1.4 * p->ratio;
    v[SPEED] = specimen_sense(s, p->ratio * RATED_RPM, p->ratio > 0 ? 2 : 0, 1);
    v[SUCTION] = specimen_sense(s, 1.013e5 + p->suction_m * WATER_N, 400, 100);
    v[OUTLET] = specimen_sense(s, 1.013e5 + (p->suction_m + p->head_m) * WATER_N, 1500, 1000);
    v[FLOW] = specimen_sense(s, p->flow_l_s, p->flow_l_s * 0.008, 0.05);
    v[POWER] = specimen_sense(s, shaft_kw * 1000 / 0.93, 60, 10);
    v[WATER] = specimen_sense(s, p->water_c, 0.1, 0.1);
    for (int b = 0; b < HOUSINGS; b++) {
        v[VELOCITY_DRIVE + b] = round(velocity_mm_s(p, b) * 100) / 1e5;
        v[ACCELERATION_DRIVE + b] = round(acceleration_ms2(p, b) * 100) / 100;
        v[KURTOSIS_DRIVE + b] = round(kurtosis(p, b) * 100) / 100;
        v[HOUSING_DRIVE + b] = specimen_sense(s, p->housing_c[b], 0.2, 0.5);
    }
    v[POT] = specimen_sense(s, fmax(0, p->pot), 0.004, 0.005);
    v[STARTS] = p->starts;
}

static bool has_failed(const void *self, size_t fault) {
    const struct centrifugal_pump *p = self;
    return fault == SEAL && p->pot <= 0.02; /* the seal runs dry */
}

static const struct specimen_fault faults[FAULTS] = {
    [BEARING] = {"bearing", 30, 0, 60, "BearingDamage"},
    [CAVITATION] = {"cavitation", 12, 0, 150, "Cavitation"},
    [IMPELLER] = {"impeller_wear", 40, 0, 200, "HeadFalls"},
    [SEAL] = {"seal_leak", 20, 0, 300, "SealLeaks"},
};

const struct specimen_kind specimen_centrifugal_pump = {
    .model = "centrifugal-pump",
    .interval_s = STEP_S,
    .series = series,
    .series_count = SERIES,
    .faults = faults,
    .fault_count = FAULTS,
    .bytes = sizeof(struct centrifugal_pump),
    .init = init,
    .step = step,
    .read = read,
    .has_failed = has_failed,
};
