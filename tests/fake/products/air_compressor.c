/* An oil-injected screw compressor of 37 kW that loads and unloads between two pressures, with its receiver, cooler and
 * filters, and the workshop that it feeds.
 *
 *   inlet filter -> element (loaded or not) -> oil separator -> cooler -> receiver and pipes -> tools, and leaks
 *
 * Unloaded for ten minutes, the motor stops; low pressure starts it. The oil takes up nearly all of the heat, so the
 * element's outlet is the machine's temperature: as far above the room as the cooler is bad and as long as it is
 * loaded. The workshop has shifts, weekends and its own habits; its leaks never sleep. That is why leaks are seen at
 * the quietest hour and nowhere else. Left out: the dryer, condensate, the pressure drop of the pipes. */
#include <math.h>
#include <stdbool.h>

#include "kinds.h"

enum { LEAK, INLET_FILTER, COOLER, SEPARATOR, FAULTS };
enum { STEP_S = 30, SUBSTEPS = 6 };

#define CAPACITY_L_S 105.0
#define ATMOSPHERE   1.013e5
#define OIL_J_K      1.1e5
#define HEAT_W       34000.0
#define COOLER_W_K   640.0
#define THERMOSTAT_C 72.0
#define TRIP_C       110.0
#define IDLE_STOP_S  600.0

struct air_compressor {
    struct specimen base;
    struct climate climate;
    /* the workshop */
    int shifts; /* 1, 2; 3: day and night, all week */
    double demand_l_s, leak_l_s, volume_m3, room_k;
    /* the machine */
    double load_pa, unload_pa, line_pa, oil_c, room_c, tools_l_s;
    double filter_pa, separator_pa, cooler_w_k;
    bool is_running, is_loaded;
    double idle_s, running_s, loaded_s, starts;
};

static void init(void *self) {
    struct air_compressor *c = self;
    struct dice *d = &c->base.dice;
    c->climate = climate_of(d);
    c->shifts = (int)dice_uniform(d, 1, 3.6);
    c->demand_l_s = CAPACITY_L_S * dice_uniform(d, 0.35, 0.7);
    c->leak_l_s = CAPACITY_L_S * dice_uniform(d, 0.04, 0.12);
    c->volume_m3 = dice_uniform(d, 2.5, 6);
    c->room_k = dice_uniform(d, 3, 8);
    c->load_pa = dice_uniform(d, 6.4e5, 7.2e5);
    c->unload_pa = c->load_pa + dice_uniform(d, 0.5e5, 0.8e5);
    c->line_pa = c->unload_pa;
    c->oil_c = c->room_c = 25;
    c->filter_pa = dice_uniform(d, 900, 2200);
    c->separator_pa = dice_uniform(d, 1.6e4, 3.8e4);
    c->cooler_w_k = COOLER_W_K * dice_uniform(d, 0.92, 1.08);
}

static bool is_at_work(const struct air_compressor *c) {
    double hour = climate_hour(c->base.at_s);
    int day = climate_weekday(c->base.at_s);
    if (c->shifts >= 3)
        return true;
    return day < 5 && hour > 6 && hour < (c->shifts == 1 ? 15.5 : 22);
}

/* What tools take: changes every few minutes, hardly anything at night. */
static void use_tools(struct air_compressor *c) {
    struct dice *d = &c->base.dice;
    if (!is_at_work(c))
        c->tools_l_s = 0;
    else if (c->tools_l_s <= 0 || dice_happens(d, STEP_S, 240))
        c->tools_l_s = c->demand_l_s * dice_uniform(d, 0.35, 1.35);
}

static double leak_l_s(const struct air_compressor *c) {
    return c->leak_l_s + 0.5 * CAPACITY_L_S * c->base.wear[LEAK];
}

static void control(struct air_compressor *c, double dt_s) {
    if (c->is_loaded && c->line_pa > c->unload_pa) {
        c->is_loaded = false;
        c->idle_s = 0;
    } else if (!c->is_loaded && c->line_pa < c->load_pa) {
        if (!c->is_running)
            c->starts++;
        c->is_running = c->is_loaded = true;
    }
    c->idle_s += dt_s;
    if (c->is_running && !c->is_loaded && c->idle_s > IDLE_STOP_S)
        c->is_running = false;
    c->running_s += c->is_running ? dt_s : 0;
    c->loaded_s += c->is_loaded ? dt_s : 0;
}

static void step(void *self) {
    struct air_compressor *c = self;
    double outdoor = climate_step(&c->climate, &c->base.dice, c->base.at_s, STEP_S);
    double wanted_room = fmax(10, outdoor) + (c->is_running ? c->room_k : 1);
    c->room_c += (wanted_room - c->room_c) * STEP_S / 2400;
    c->filter_pa += STEP_S * 4e-5 * (c->is_loaded ? 1 : 0); /* some 100 Pa a month of dust */
    use_tools(c);
    for (int i = 0; i < SUBSTEPS; i++) {
        const double dt_s = (double)STEP_S / SUBSTEPS;
        control(c, dt_s);
        double thin = 1 - 0.12 * c->base.wear[INLET_FILTER];
        double made = c->is_loaded ? CAPACITY_L_S * thin : 0;
        double taken = (c->tools_l_s + leak_l_s(c)) * fmax(0, c->line_pa) / 7e5;
        c->line_pa += (made - taken) / 1000 * ATMOSPHERE / c->volume_m3 * dt_s;
        double heat = c->is_loaded ? HEAT_W : c->is_running ? 0.28 * HEAT_W : 0;
        double open =
            fmax(0.12, fmin(1, (c->oil_c - THERMOSTAT_C + 6) / 8)); /* the thermostat keeps oil from the cooler */
        double cooling = c->cooler_w_k * (1 - 0.5 * c->base.wear[COOLER]) * (c->is_running ? open : 0.1);
        c->oil_c += (heat - cooling * (c->oil_c - c->room_c)) / OIL_J_K * dt_s;
    }
}

enum { LINE, OUTLET, ROOM, CURRENT, RUNNING, LOADED, FILTER, SEPARATOR_DROP, RUN_TIME, LOAD_TIME, STARTS, SERIES };
static const struct specimen_series series[SERIES] = {
    [LINE] = {"line_pressure", "", 1},       [OUTLET] = {"element_temperature", "", 1},
    [ROOM] = {"room_temperature", "", 2},    [CURRENT] = {"motor_current", "", 1},
    [RUNNING] = {"motor_running", "", 1},    [LOADED] = {"loaded", "", 1},
    [FILTER] = {"inlet_filter_drop", "", 1}, [SEPARATOR_DROP] = {"separator_drop", "", 1},
    [RUN_TIME] = {"running_seconds", "", 2}, [LOAD_TIME] = {"loaded_seconds", "", 2},
    [STARTS] = {"motor_starts", "", 2},
};

static void read(void *self, double *v) {
    struct air_compressor *c = self;
    struct specimen *s = &c->base;
    double through = c->is_loaded ? 1 : c->is_running ? 0.08 : 0; /* how much air goes through the filters */
    v[LINE] = specimen_sense(s, c->line_pa, 600, 1000);
    v[OUTLET] = specimen_sense(s, c->oil_c, 0.3, 0.5);
    v[ROOM] = specimen_sense(s, c->room_c, 0.2, 0.5);
    v[CURRENT] =
        !c->is_running ? 0 : specimen_sense(s, c->is_loaded ? 66 * (0.6 + 0.4 * c->line_pa / 7e5) : 29, 0.5, 0.1);
    v[RUNNING] = c->is_running;
    v[LOADED] = c->is_loaded;
    v[FILTER] = specimen_sense(s, through * (c->filter_pa + 5200 * s->wear[INLET_FILTER]), 40, 10);
    v[SEPARATOR_DROP] = specimen_sense(s, through * (c->separator_pa + 8.5e4 * s->wear[SEPARATOR]), 800, 500);
    v[RUN_TIME] = round(c->running_s);
    v[LOAD_TIME] = round(c->loaded_s);
    v[STARTS] = c->starts;
}

static bool has_failed(const void *self, size_t fault) {
    const struct air_compressor *c = self;
    switch (fault) {
    case LEAK: return c->line_pa < 5.5e5; /* tools stand still */
    case COOLER: return c->oil_c > TRIP_C;
    default: return false;
    }
}

static const struct specimen_fault faults[FAULTS] = {
    [LEAK] = {"air_leak", 21, 0, 100, "AirIsLost"},
    [INLET_FILTER] = {"inlet_filter", 20, 1, 130, "InletFilterIsDue"},
    [COOLER] = {"cooler_fouling", 25, 0, 170, "CoolerFouled"},
    [SEPARATOR] = {"separator", 25, 1, 250, "SeparatorIsDue"},
};

const struct specimen_kind specimen_air_compressor = {
    .model = "air-compressor",
    .interval_s = STEP_S,
    .series = series,
    .series_count = SERIES,
    .faults = faults,
    .fault_count = FAULTS,
    .bytes = sizeof(struct air_compressor),
    .init = init,
    .step = step,
    .read = read,
    .has_failed = has_failed,
};
