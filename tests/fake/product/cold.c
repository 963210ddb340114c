/* The freezer's thermal model.
 *
 *   ambient --UA_WALL--> air --UA_LOAD--> load (vaccines and ice packs: most of the heat capacity)
 *                         |--UA_COIL--> coil --Q--> refrigerant (while the compressor runs)
 *
 * What loss of refrigerant does, as a service engineer meets it: the coil is fed too little, so the boiling point
 * falls, the vapour leaves the coil far warmer than it boils (superheat), less mass is pumped, so capacity, power and
 * condenser temperature fall, the compressor runs longer for the same cold, at last all the time, and then the air
 * warms up. Superheat moves hours before the air does: that is the early warning. The compressor is cooled by its
 * suction gas, so a nearly empty one ends with the overload tripping. The figures are those of a 300 l chest at 25
 * degrees around it: about 90 W of heat leaks in, 220 W can be pumped out, it runs 40 to 45 % of the time in cycles of
 * some 12 minutes.
 *
 * A dirty condenser gets hot, a bad seal lets heat in, worn valves of the compressor pump less and draw less; all make
 * it run longer, and only the first makes it hot.
 *
 * Left out: frost, oil, the pressure drop of the tube, the transient at a start. None changes the story above. */
#include "cold.h"

#include <math.h>

#define AIR_J_K       9000.0 /* with the liner */
#define LOAD_J_K      180000.0
#define COIL_J_K      4500.0
#define CONDENSER_J_K 3000.0
#define WINDING_J_K   5000.0
#define UA_WALL       2.0
#define UA_LID        9.0 /* added while the lid is open */
#define UA_LOAD       5.0
#define UA_COIL       24.0
#define UA_CONDENSER  22.0
#define HYSTERESIS_K  1.4 /* on above the set point by this, off below it by this */
#define MIN_OFF_S     150.0
#define TRIP_C        118.0
#define TRIP_RESET_C  80.0
#define POWER_W       180.0
#define SUPERHEAT_K   6.0

/* How much of the coil the refrigerant still wets, 0 to 1. A few percent less than nominal change nothing. */
static double feed(const struct cold *c) {
    double missing = fmax(0, 0.96 - c->charge);
    return fmax(0.08, 1 - 1.9 * missing);
}

static double capacity_w(const struct cold *c) {
    /* warmer coil: denser vapour, more pumped; warmer condenser: less */
    double base = 220 * (1 + 0.022 * (c->coil_c + 28)) * (1 - 0.006 * (c->condenser_c - 40));
    return fmax(0, base) * feed(c) * c->valves;
}

double cold_power_w(const struct cold *c) {
    if (!c->is_running)
        return 0;
    double load = 1 + 0.006 * (c->condenser_c - 40) + 0.008 * (c->coil_c + 28);
    return POWER_W * load * (0.42 + 0.58 * feed(c)) * (0.55 + 0.45 * c->valves);
}

double cold_inlet_c(const struct cold *c) {
    if (!c->is_running)
        return c->coil_c;
    return c->coil_c - 2.5 - 26 * (1 - feed(c));
}

double cold_suction_c(const struct cold *c) {
    double inlet = cold_inlet_c(c);
    if (!c->is_running)
        return inlet + 1.5; /* nothing flows: near the coil */
    /* It cannot leave warmer than the air around the coil. It takes a minute after a start to get there. */
    double superheat = fmin(SUPERHEAT_K + 30 * (1 - feed(c)), fmax(SUPERHEAT_K, c->air_c - inlet - 1));
    return inlet + superheat * (1 - exp(-c->running_s / 40));
}

void cold_init(struct cold *c) {
    *c = (struct cold){.air_c = -20,
                       .load_c = -20,
                       .coil_c = -22,
                       .condenser_c = 26,
                       .winding_c = 40,
                       .ambient_c = 25,
                       .setpoint_c = -20,
                       .charge = 1,
                       .condenser = 1,
                       .valves = 1,
                       .stopped_s = MIN_OFF_S};
}

static void control(struct cold *c, double dt_s) {
    if (c->is_running) {
        c->running_s += dt_s;
        if (c->winding_c > TRIP_C)
            c->is_tripped = true;
        if (c->is_tripped || c->air_c < c->setpoint_c - HYSTERESIS_K) {
            c->is_running = false;
            c->stopped_s = 0;
        }
        return;
    }
    c->stopped_s += dt_s;
    if (c->is_tripped && c->winding_c < TRIP_RESET_C)
        c->is_tripped = false;
    if (!c->is_tripped && c->stopped_s >= MIN_OFF_S && c->air_c > c->setpoint_c + HYSTERESIS_K) {
        c->is_running = true;
        c->running_s = 0;
        c->starts++;
    }
}

void cold_step(struct cold *c, double dt_s) {
    control(c, dt_s);
    double pumped = c->is_running ? capacity_w(c) : 0;
    double power = cold_power_w(c);
    double walls = (UA_WALL + c->seal_w_k + (c->is_lid_open ? UA_LID : 0)) * (c->ambient_c - c->air_c);
    double from_load = UA_LOAD * (c->load_c - c->air_c);
    double to_coil = UA_COIL * (c->air_c - c->coil_c);
    double gas_cooling = c->is_running ? 2.2 * feed(c) * (c->winding_c - c->ambient_c) : 0;
    c->air_c += (walls + from_load - to_coil) / AIR_J_K * dt_s;
    c->load_c -= from_load / LOAD_J_K * dt_s;
    c->coil_c += (to_coil - pumped) / COIL_J_K * dt_s;
    c->condenser_c +=
        (pumped + 0.8 * power - UA_CONDENSER * c->condenser * (c->condenser_c - c->ambient_c)) / CONDENSER_J_K * dt_s;
    c->winding_c += (0.75 * power - gas_cooling - 0.6 * (c->winding_c - c->ambient_c)) / WINDING_J_K * dt_s;
}
