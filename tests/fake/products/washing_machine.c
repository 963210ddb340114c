/* A washing machine in a laundry: the mechanics of the demo's (tests/fake/product/drum.c), the program, and a laundry
 * that is busy on some days and shut at night.
 *
 * The faults: the rear bearing wears (drum.c), and the drain valve no longer shuts, so that the inlet has to fill up
 * again and again, until it cannot. Readings come every 15 s instead of every second; a spin lasts seven minutes, so
 * the rules see it all the same. Loads that cannot be spread are tried again by the controller, up to three times, as
 * fake-washer does. */
#include <math.h>
#include <stdbool.h>

#include "../product/drum.h"
#include "kinds.h"

enum { BEARING, DRAIN_VALVE, FAULTS };
enum { STEP_S = 15, SPIN_RPM = 200, RETRIES_MAX = 3, SPREADING_RPM = 90 };

#define HEATER_W         18000.0
#define HEAT_AT_MOST_S   2700.0 /* then it goes on with what it has */
#define SPREAD_LIMIT_MS2 9.0
#define REFILL_MM        8.0 /* below the mark, before the inlet opens again */
#define INLET_MM_S       1.2 /* drum.c's */
#define LEAK_MM_S        1.3 /* of a drain valve at its end */

static const struct phase {
    double seconds, rpm, fill_mm, heat_c;
    bool drains;
} program[] = {
    {10, 45, 130, 0, false},  {300, 45, 130, 40, false}, {20, 45, 0, 0, true},    {120, 600, 0, 0, true},
    {150, 45, 160, 0, false}, {20, 45, 0, 0, true},      {420, 1050, 0, 0, true},
};
enum { PHASES = sizeof program / sizeof *program };

struct washing_machine {
    struct specimen base;
    struct climate climate;
    struct drum drum;
    double opens_h, closes_h, pause_s, unbalance_kg, warmth_c, room_c;
    int days; /* of the week that it works */
    int phase, retries;
    double phase_s, spread_s, rest_s;
    double cycles, given_up;
};

static void init(void *self) {
    struct washing_machine *w = self;
    struct dice *d = &w->base.dice;
    w->climate = climate_of(d);
    drum_init(&w->drum);
    w->opens_h = dice_uniform(d, 6, 9);
    w->closes_h = dice_uniform(d, 15, 22);
    w->days = (int)dice_uniform(d, 5, 7.99);
    w->pause_s = dice_uniform(d, 300, 5400);
    w->unbalance_kg = dice_uniform(d, 0.2, 0.3);
    w->warmth_c = dice_uniform(d, 38, 70);
    for (int b = 0; b < BEARINGS; b++)
        w->drum.wear[b] = dice_uniform(d, 0.02, 0.15);
    w->phase = PHASES;
    w->rest_s = dice_uniform(d, 0, 3600);
}

static void spread_load(struct washing_machine *w) {
    double r = dice_uniform(&w->base.dice, 0, 1);
    w->drum.unbalance_kg = 0.05 + w->unbalance_kg * r * r;
    w->spread_s = 30;
}

static void begin_phase(struct washing_machine *w, int phase) {
    w->phase = phase;
    w->phase_s = 0;
    w->retries = 0;
    if (phase < PHASES && program[phase].rpm > SPIN_RPM)
        spread_load(w);
    if (phase == PHASES) {
        w->cycles++;
        w->rest_s = 180 + dice_wait(&w->base.dice, w->pause_s);
    }
}

static void rest(struct washing_machine *w) {
    w->drum.wanted_rpm = w->drum.heater_w = 0;
    w->drum.inlet_open = w->drum.drain_open = 0;
    double hour = climate_hour(w->base.at_s);
    bool is_open = climate_weekday(w->base.at_s) < w->days && hour > w->opens_h && hour < w->closes_h;
    w->rest_s -= 1;
    if (w->rest_s <= 0 && is_open)
        begin_phase(w, 0);
}

static void wash(struct washing_machine *w) {
    const struct phase *p = &program[w->phase];
    struct drum *d = &w->drum;
    double wanted_c = p->heat_c > 0 ? w->warmth_c : 0;
    w->phase_s += 1;
    w->spread_s -= 1;
    d->wanted_rpm = w->spread_s > 0 ? SPREADING_RPM : p->rpm;
    d->inlet_open = p->fill_mm > 0 && d->water_mm < p->fill_mm - (d->inlet_open || w->phase_s < 2 ? 0 : REFILL_MM);
    d->water_mm = fmax(0, d->water_mm - LEAK_MM_S * w->base.wear[DRAIN_VALVE]);
    d->drain_open = p->drains;
    d->heater_w = wanted_c > d->water_c && d->water_mm > 60 && !d->inlet_open ? HEATER_W : 0;
    if (p->rpm > SPIN_RPM && d->wanted_rpm > d->rpm + 1 && w->retries < RETRIES_MAX &&
        drum_unbalance_ms2(d, BEARING_FRONT) > SPREAD_LIMIT_MS2) {
        w->retries++;
        w->given_up++;
        spread_load(w);
    }
    bool is_warm = wanted_c <= 0 || d->water_c >= wanted_c - 0.5 || w->phase_s > HEAT_AT_MOST_S;
    bool is_full = p->fill_mm <= 0 || d->water_mm >= p->fill_mm - REFILL_MM;
    if (w->phase_s >= p->seconds && is_warm && is_full && !(p->drains && d->water_mm > 0))
        begin_phase(w, w->phase + 1);
}

static void step(void *self) {
    struct washing_machine *w = self;
    double outdoor = climate_step(&w->climate, &w->base.dice, w->base.at_s, STEP_S);
    w->room_c = 20 + 0.3 * (outdoor - 10) + (w->phase < PHASES ? 3 : 0);
    w->drum.room_c += (w->room_c - w->drum.room_c) * STEP_S / 3600;
    w->drum.wear[BEARING_REAR] = fmax(w->drum.wear[BEARING_REAR], w->base.wear[BEARING]);
    for (int i = 0; i < STEP_S; i++) {
        if (w->phase < PHASES)
            wash(w);
        else
            rest(w);
        drum_step(&w->drum, 1);
    }
}

enum {
    SPEED,
    VIBRATION_FRONT,
    VIBRATION_REAR,
    CURRENT,
    MOTOR,
    BEARING_FRONT_C,
    BEARING_REAR_C,
    WATER,
    LEVEL,
    VALVE,
    HEATER,
    CYCLES,
    RETRIES,
    SERIES
};
static const struct specimen_series series[SERIES] = {
    [SPEED] = {"drum_speed", "", 1},
    [VIBRATION_FRONT] = {"vibration_rms", "front", 1},
    [VIBRATION_REAR] = {"vibration_rms", "rear", 1},
    [CURRENT] = {"motor_current", "", 1},
    [MOTOR] = {"motor_temperature", "", 2},
    [BEARING_FRONT_C] = {"bearing_temperature", "front", 2},
    [BEARING_REAR_C] = {"bearing_temperature", "rear", 2},
    [WATER] = {"water_temperature", "", 1},
    [LEVEL] = {"water_level", "", 1},
    [VALVE] = {"inlet_valve_open", "", 1},
    [HEATER] = {"heater_power", "", 1},
    [CYCLES] = {"cycles", "", 4},
    [RETRIES] = {"unbalance_retries", "", 4},
};

static void read(void *self, double *v) {
    struct washing_machine *w = self;
    struct specimen *s = &w->base;
    const struct drum *d = &w->drum;
    v[SPEED] = specimen_sense(s, d->rpm, d->rpm > 0 ? 1.5 : 0, 1);
    v[CURRENT] = specimen_sense(s, drum_current_a(d), 0.08, 0.1);
    v[MOTOR] = specimen_sense(s, d->motor_c, 0.2, 0.5);
    for (int b = 0; b < BEARINGS; b++) {
        v[VIBRATION_FRONT + b] = specimen_sense(s, drum_vibration_ms2(d, b), 0.01 + 0.03 * d->rpm / 1000, 0.01);
        v[BEARING_FRONT_C + b] = specimen_sense(s, d->bearing_c[b], 0.2, 0.1);
    }
    v[WATER] = specimen_sense(s, d->water_c, 0.1, 0.1);
    v[LEVEL] = fmax(0, specimen_sense(s, d->water_mm / 1000, 0.001, 0.001));
    v[VALVE] = d->inlet_open;
    v[HEATER] = d->heater_w > 0 ? specimen_sense(s, d->heater_w, 60, 10) : 0;
    v[CYCLES] = w->cycles;
    v[RETRIES] = w->given_up;
}

static void restart(void *self) {
    struct washing_machine *w = self;
    w->cycles = w->given_up = 0;
}

static bool has_failed(const void *self, size_t fault) {
    const struct washing_machine *w = self;
    return fault == DRAIN_VALVE && w->base.wear[DRAIN_VALVE] * LEAK_MM_S > 0.95 * INLET_MM_S; /* it never gets full */
}

static const struct specimen_fault faults[FAULTS] = {
    [BEARING] = {"bearing", 25, 0, 70, "BearingWear"},
    [DRAIN_VALVE] = {"drain_valve", 20, 0, 120, "WaterRunsOut"},
};

const struct specimen_kind specimen_washing_machine = {
    .model = "washing-machine",
    .interval_s = STEP_S,
    .series = series,
    .series_count = SERIES,
    .faults = faults,
    .fault_count = FAULTS,
    .bytes = sizeof(struct washing_machine),
    .init = init,
    .step = step,
    .read = read,
    .restart = restart,
    .has_failed = has_failed,
};
