/* The washer's mechanics.
 *
 * Unbalance: a mass m at radius r turning at w shakes the suspended machine M with m r w^2 / M, raised near the
 * suspension's own frequency (some 200 turns a minute, passed quickly) and passed on fully far above it. A worn bearing
 * adds impacts at the rates at which rollers pass the damaged spot, growing with speed; it also brakes (motor current)
 * and heats. So an engineer tells the two apart: unbalance comes and goes with the load and shows at once per turn on
 * both housings, wear stays, shows at one housing, at its own frequency, with heat. The figures are those of a 20 kg
 * machine with bearings of the 6308 kind (8 balls: 3.08 and 4.92 passes a turn). Left out: the water's slosh, the belt,
 * temperature of the oil. */
#include "drum.h"

#include <math.h>

#define MACHINE_KG         320.0
#define DRUM_RADIUS_M      0.36
#define SUSPENSION_HZ      3.4
#define SUSPENSION_DAMPING 0.16
#define RAMP_RPM_S         12.0
#define FILL_MM_S          1.2
#define DRAIN_MM_S         2.5
#define WATER_KG_MM        0.32
#define WATER_J_KG_K       4186.0
#define BEARING_J_K        700.0
#define BEARING_W_K        1.6
#define MOTOR_J_K          9000.0
#define MOTOR_W_K          9.0

static double hz(const struct drum *d) {
    return d->rpm / 60;
}

double drum_outer_ring_hz(const struct drum *d) {
    return 3.08 * hz(d);
}

double drum_inner_ring_hz(const struct drum *d) {
    return 4.92 * hz(d);
}

double drum_unbalance_ms2(const struct drum *d, int bearing) {
    double turns = hz(d);
    if (turns < 1)
        return 0.02;
    double w = 2 * M_PI * turns, ratio = SUSPENSION_HZ / turns;
    double force = d->unbalance_kg * DRUM_RADIUS_M * w * w / MACHINE_KG;
    double passed = 1 / sqrt(pow(1 - ratio * ratio, 2) + pow(2 * SUSPENSION_DAMPING * ratio, 2));
    return force * fmin(passed, 3) / M_SQRT2 *
           (bearing == BEARING_FRONT ? 1.0 : 0.65); /* the load sits towards the door */
}

double drum_bearing_ms2(const struct drum *d, int bearing) {
    return (0.25 + 11 * pow(d->wear[bearing], 1.4)) * pow(d->rpm / 1000, 1.3);
}

double drum_vibration_ms2(const struct drum *d, int bearing) {
    double here = drum_bearing_ms2(d, bearing), there = 0.2 * drum_bearing_ms2(d, 1 - bearing);
    return sqrt(pow(drum_unbalance_ms2(d, bearing), 2) + here * here + there * there + 0.15 * 0.15);
}

double drum_current_a(const struct drum *d) {
    if (d->wanted_rpm < 1 && d->rpm < 1)
        return 0.3; /* the drive's own */
    double speed = d->rpm / 1000;
    double friction = 0.8 * speed * (1 + 2.2 * (d->wear[BEARING_FRONT] + d->wear[BEARING_REAR]));
    double lifting = d->rpm < 100 ? 3.2 : 1.1; /* tumbling lifts the load at each turn */
    double speeding = d->wanted_rpm > d->rpm + 1 ? 5.5 : 0;
    return 1.6 + friction + lifting + 2.4 * speed * speed + speeding;
}

void drum_init(struct drum *d) {
    *d = (struct drum){.room_c = 22, .water_c = 14, .motor_c = 26};
    for (int b = 0; b < BEARINGS; b++) {
        d->wear[b] = 0.04;
        d->bearing_c[b] = 25;
    }
}

static void step_water(struct drum *d, double dt_s) {
    if (d->inlet_open) {
        double in_mm = FILL_MM_S * dt_s;
        d->water_c = (d->water_c * d->water_mm + 14 * in_mm) / (d->water_mm + in_mm); /* from the main, 14 degrees */
        d->water_mm += in_mm;
    }
    if (d->drain_open)
        d->water_mm = fmax(0, d->water_mm - DRAIN_MM_S * dt_s);
    double kg = fmax(2, d->water_mm * WATER_KG_MM);
    d->water_c += (d->heater_w - 25 * (d->water_c - d->room_c)) / (kg * WATER_J_KG_K) * dt_s;
}

void drum_step(struct drum *d, double dt_s) {
    double change = fmax(-2 * RAMP_RPM_S * dt_s, fmin(RAMP_RPM_S * dt_s, d->wanted_rpm - d->rpm));
    d->rpm += change;
    step_water(d, dt_s);
    double current = drum_current_a(d);
    d->motor_c += (2.6 * current * current - MOTOR_W_K * (d->motor_c - d->room_c)) / MOTOR_J_K * dt_s;
    for (int b = 0; b < BEARINGS; b++) {
        double heat_w = 28 * d->rpm / 1000 * (1 + 4 * d->wear[b]);
        d->bearing_c[b] += (heat_w - BEARING_W_K * (d->bearing_c[b] - d->room_c)) / BEARING_J_K * dt_s;
    }
}
