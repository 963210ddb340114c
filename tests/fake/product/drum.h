/* Physics of a washer-extractor's drum: motor with ramp, unbalance on a suspension, two roller bearings that wear,
 * water and heater. Pure arithmetic, no clock, no output. Speeds in 1/min, accelerations in m/s2 RMS, time in simulated
 * seconds. */
#pragma once

enum { BEARING_FRONT, BEARING_REAR, BEARINGS };
struct drum {
    double wanted_rpm, rpm;
    double unbalance_kg;   /* what the load leaves uneven; settled anew at each spin */
    double wear[BEARINGS]; /* 0 new, 1 at its end */
    double water_mm, water_c, room_c;
    double heater_w;
    int inlet_open, drain_open; /* 0 or 1 */
    double motor_c, bearing_c[BEARINGS];
};
void drum_init(struct drum *drum);
/* dt_s at most 1 */
void drum_step(struct drum *drum, double dt_s);

double drum_current_a(const struct drum *drum);
/* What stands at once per turn, and what a worn bearing adds at its own frequencies; together: the housing's RMS. */
double drum_unbalance_ms2(const struct drum *drum, int bearing);
double drum_bearing_ms2(const struct drum *drum, int bearing);
double drum_vibration_ms2(const struct drum *drum, int bearing);
/* Frequency at which rollers pass a damaged spot of the outer ring, and of the inner ring. */
double drum_outer_ring_hz(const struct drum *drum);
double drum_inner_ring_hz(const struct drum *drum);
