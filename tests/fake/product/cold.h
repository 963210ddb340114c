/* Physics of a chest freezer with one compressor, capillary tube and R290: a lumped model, pure arithmetic, no clock,
 * no output. Temperatures in degrees Celsius, heat in watts, time in simulated seconds. */
#pragma once
#include <stdbool.h>

struct cold {
    /* masses: each has one temperature */
    double air_c, load_c, coil_c, condenser_c, winding_c;
    double ambient_c, setpoint_c;
    double charge;    /* of refrigerant, 1 is nominal */
    double condenser; /* how well it gives off heat, 1 is clean */
    double seal_w_k;  /* that a bad seal of the lid lets in */
    double valves;    /* how well the compressor pumps, 1 is new */
    bool is_running, is_tripped, is_lid_open;
    double stopped_s, running_s; /* since the compressor was stopped, started */
    unsigned starts;
};

void cold_init(struct cold *cold);
/* dt_s at most 1 */
void cold_step(struct cold *cold, double dt_s);

/* What the sensors on the pipes read: */
double cold_inlet_c(const struct cold *cold);   /* where the refrigerant boils */
double cold_suction_c(const struct cold *cold); /* at the coil's outlet; minus the inlet it is the superheat */
double cold_power_w(const struct cold *cold);
