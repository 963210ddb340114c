/* fake-freezer: a vaccine freezer of the model vaccine-freezer that slowly loses refrigerant, and its controller.
 *
 * The physics is product/cold.c. Here is what the maker put around it: sensors with their noise and resolution, the lid
 * that people open, the fault codes, the sheets that diagnostics show, and the service port. A leak opens --leak-after
 * real seconds after the start and lets --leak percent of the charge out in a simulated hour. It is mended as a
 * technician would: `seal-leak`, then `recharge`; a recharge with the leak open is refused, since the pressure would
 * not hold. Metrics, codes and units are those of rules/vaccine-freezer/pack.yaml. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/message.h"
#include "product/cold.h"
#include "product/product.h"

enum { MINUTE = 60, WARM_UP_HOURS = 8 };
#define STEADY_S           120.0 /* a compressor that ran so long has settled */
#define LOW_PRESSURE_C     (-40.0)
#define LOW_PRESSURE_END_C (-38.0)

static double readings_per_s = 10; /* real ones: a gauge is what the last of them said */
static double charge_percent = 100, leak_after_s = 60, leak_percent = 30, lid_per_hour = 0.4, ambient_c = 25;

struct freezer {
    struct voice *voice;
    struct service_port *port;
    struct cold cold;
    bool is_leaking, is_sealed, is_low_pressure;
    double age_s, low_s, lid_s; /* simulated: since the start, inlet too cold, until the lid is shut */
    unsigned starts_said, reports;
    bool was_running, was_tripped;
    double ran_s, passed_s;                    /* within the report's second */
    double unread_s;                           /* since the sensors were read */
    double duty[MINUTE];                       /* of each of the last 60 real seconds */
    double steady_superheat_k, steady_power_w; /* at the last steady running */
};

static double sensor(double value) {
    return round((value + 0.04 * product_noise()) * 10) / 10;
}

static double duty(const struct freezer *f) {
    double sum = 0;
    for (int i = 0; i < MINUTE; i++)
        sum += f->duty[i];
    return round(sum / MINUTE * 1000) / 1000;
}

/* ---- the model and the controller
 * ------------------------------------------------------------------------------------ */

static void leak(struct freezer *f, double dt_s) {
    if (!f->is_leaking && !f->is_sealed && leak_percent > 0 && f->age_s > leak_after_s * product_speed())
        f->is_leaking = true; /* a solder joint gives way; no sensor sees that */
    if (f->is_leaking)
        f->cold.charge = fmax(0.05, f->cold.charge - leak_percent / 100 * dt_s / 3600);
}

static void lid(struct freezer *f, double dt_s) {
    if (f->lid_s > 0) {
        f->lid_s -= dt_s;
        if (f->lid_s <= 0)
            product_say(f->voice, f->port, SEVERITY_INFO, "lid closed");
    } else if (product_random() < lid_per_hour * dt_s / 3600) {
        f->lid_s = 20 + 40 * product_random();
        product_say(f->voice, f->port, SEVERITY_INFO, "lid opened");
    }
    f->cold.is_lid_open = f->lid_s > 0;
}

static void watch_compressor(struct freezer *f) {
    struct cold *c = &f->cold;
    if (c->is_running && c->running_s > STEADY_S) {
        f->steady_superheat_k += 0.02 * (cold_suction_c(c) - cold_inlet_c(c) - f->steady_superheat_k);
        f->steady_power_w += 0.02 * (cold_power_w(c) - f->steady_power_w);
    }
    if (c->is_running != f->was_running) {
        if (c->is_running)
            product_say(f->voice, f->port, SEVERITY_INFO, "compressor on, air %.1f, off for %.0f s", c->air_c,
                        c->stopped_s);
        else
            product_say(f->voice, f->port, SEVERITY_INFO, "compressor off, air %.1f, on for %.0f s, superheat %.1f K",
                        c->air_c, c->running_s, f->steady_superheat_k);
        f->was_running = c->is_running;
    }
    if (c->is_tripped != f->was_tripped) {
        voice_fault(f->voice, "E05", c->is_tripped, SEVERITY_ERROR, "Compressor overload, winding too hot");
        f->was_tripped = c->is_tripped;
    }
}

static void watch_pressure(struct freezer *f, double dt_s) {
    const struct cold *c = &f->cold;
    bool is_steady = c->is_running && c->running_s > STEADY_S;
    double inlet_c = cold_inlet_c(c);
    f->low_s = is_steady && inlet_c < LOW_PRESSURE_C ? f->low_s + dt_s : 0;
    bool is_low = f->is_low_pressure ? !(is_steady && inlet_c > LOW_PRESSURE_END_C) : f->low_s > 8 * MINUTE;
    if (is_low != f->is_low_pressure)
        voice_fault(f->voice, "E17", is_low, SEVERITY_ERROR, "Evaporating pressure below limit");
    f->is_low_pressure = is_low;
}

/* The controller reads its sensors more often than it reports. */
static void read_sensors(struct freezer *f, double dt_s) {
    const struct cold *c = &f->cold;
    f->unread_s += dt_s;
    if (readings_per_s == 0 || f->unread_s < product_speed() / readings_per_s)
        return;
    f->unread_s = 0;
    voice_gauge(f->voice, "air_temperature", "", round(c->air_c * 10) / 10);
    voice_gauge(f->voice, "evaporator_temperature", "", round(cold_inlet_c(c) * 10) / 10);
    voice_gauge(f->voice, "suction_temperature", "", round(cold_suction_c(c) * 10) / 10);
    voice_gauge(f->voice, "compressor_power", "", c->is_running ? round(cold_power_w(c)) : 0);
    voice_flush(f->voice); /* each reading has its own time */
}

static void step(void *self, double dt_s) {
    struct freezer *f = self;
    f->age_s += dt_s;
    f->cold.ambient_c = ambient_c + 1.5 * sin(2 * M_PI * f->age_s / 86400);
    leak(f, dt_s);
    lid(f, dt_s);
    cold_step(&f->cold, dt_s);
    f->passed_s += dt_s;
    f->ran_s += f->cold.is_running ? dt_s : 0;
    watch_compressor(f);
    watch_pressure(f, dt_s);
    read_sensors(f, dt_s);
}

/* ---- what it says
 * ---------------------------------------------------------------------------------------------------- */

static void write_sheets(struct freezer *f) {
    const struct cold *c = &f->cold;
    struct buf b;
    buf_init(&b, 4096);
    buf_printf(&b,
               "air              %6.1f Cel\nset point        %6.1f Cel\nevaporator inlet %6.1f Cel\nsuction line     "
               "%6.1f Cel\n",
               c->air_c, c->setpoint_c, cold_inlet_c(c), cold_suction_c(c));
    buf_printf(&b,
               "condenser        %6.1f Cel\nroom             %6.1f Cel\ncompressor       %s, %.0f W, duty %.2f\nlid    "
               "          %s\n",
               c->condenser_c, c->ambient_c, c->is_running ? "on" : "off", cold_power_w(c), duty(f),
               c->is_lid_open ? "open" : "closed");
    service_port_sheet(f->port, "sensors.txt", &b);

    buf_reset(&b);
    buf_printf(&b,
               "starts since power on %u\nrunning for           %.0f s\nstopped for           %.0f s\nwinding "
               "(estimated)   %.0f Cel\noverload              %s\n",
               c->starts, c->is_running ? c->running_s : 0, c->is_running ? 0 : c->stopped_s, c->winding_c,
               c->is_tripped ? "TRIPPED" : "closed");
    service_port_sheet(f->port, "compressor.txt", &b);

    buf_reset(&b);
    buf_printf(&b, "superheat at steady running %5.1f K   (5 to 8 K when well charged)\n", f->steady_superheat_k);
    buf_printf(&b, "power at steady running     %5.0f W   (about 180 W when well charged)\n", f->steady_power_w);
    buf_printf(&b, "verdict: %s\n", f->steady_superheat_k > 9 ? "charge is low, look for a leak" : "charge is right");
    service_port_sheet(f->port, "leak-check.txt", &b);
    buf_fini(&b);
}

static void say_metrics(struct freezer *f) {
    const struct cold *c = &f->cold;
    voice_gauge(f->voice, "air_temperature", "", sensor(c->air_c));
    voice_gauge(f->voice, "evaporator_temperature", "", sensor(cold_inlet_c(c)));
    voice_gauge(f->voice, "suction_temperature", "", sensor(cold_suction_c(c)));
    voice_gauge(f->voice, "condenser_temperature", "", sensor(c->condenser_c));
    voice_gauge(f->voice, "compressor_power", "", c->is_running ? round(cold_power_w(c) + 0.8 * product_noise()) : 0);
    voice_gauge(f->voice, "compressor_duty", "", duty(f));
    voice_gauge(f->voice, "door_open", "", c->is_lid_open);
    if (f->reports % 10 == 0) {
        voice_gauge(f->voice, "setpoint_temperature", "", c->setpoint_c);
        voice_gauge(f->voice, "ambient_temperature", "", sensor(c->ambient_c));
        voice_count(f->voice, "compressor_starts", (int)(c->starts - f->starts_said));
        f->starts_said = c->starts;
    }
    if (f->reports % 60 == 0)
        voice_gauge(f->voice, "battery_voltage", "", 12.9);
}

/* The set point is a file that the agent may replace (deploy/demo: [parameter setpoint]); the controller takes what it
 * finds there when it is sensible. */
static void read_setting(struct freezer *f) {
    double setpoint_c;
    if (!service_port_setting(f->port, "setpoint", &setpoint_c)) {
        struct buf b;
        buf_init(&b, 32);
        buf_printf(&b, "%.1f\n", f->cold.setpoint_c);
        service_port_sheet(f->port, "setpoint", &b);
        buf_fini(&b);
    } else if (setpoint_c != f->cold.setpoint_c && setpoint_c >= -35 && setpoint_c <= -10) {
        product_say(f->voice, f->port, SEVERITY_NOTICE, "set point %.1f Cel, was %.1f", setpoint_c, f->cold.setpoint_c);
        f->cold.setpoint_c = setpoint_c;
    }
}

static void report(void *self) {
    struct freezer *f = self;
    f->duty[f->reports % MINUTE] = f->passed_s > 0 ? f->ran_s / f->passed_s : 0;
    f->ran_s = f->passed_s = 0;
    say_metrics(f);
    write_sheets(f);
    read_setting(f);
    f->reports++;
}

/* ---- the service port
 * ------------------------------------------------------------------------------------------------ */

static void seal_leak(struct freezer *f) {
    f->is_sealed = true;
    product_say(f->voice, f->port, SEVERITY_NOTICE, "service: %s",
                f->is_leaking ? "leak at the filter drier sealed, pressure holds"
                              : "no leak found, joints sealed anyway");
    f->is_leaking = false;
}

static void recharge(struct freezer *f) {
    if (f->is_leaking) {
        product_say(f->voice, f->port, SEVERITY_WARNING,
                    "service: recharge refused, pressure does not hold: seal the leak first");
        return;
    }
    product_say(f->voice, f->port, SEVERITY_NOTICE, "service: recharged with R290, charge was %.0f %%",
                f->cold.charge * 100);
    f->cold.charge = 1;
}

static void say_status(struct freezer *f) {
    product_say(f->voice, f->port, SEVERITY_INFO,
                "service: superheat %.1f K, power %.0f W at steady running, duty %.2f", f->steady_superheat_k,
                f->steady_power_w, duty(f));
}

static void command(void *self, const char *text) {
    static const struct {
        const char *name;
        void (*run)(struct freezer *f);
    } verbs[] = {{"seal-leak", seal_leak}, {"recharge", recharge}, {"status", say_status}};
    struct freezer *f = self;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        if (strcmp(text, verbs[i].name) == 0) {
            verbs[i].run(f);
            return;
        }
    }
    product_say(f->voice, f->port, SEVERITY_WARNING, "service: unknown command '%.60s': seal-leak, recharge or status",
                text);
}

static bool has_just_started(const struct cold *c) {
    return c->is_running && c->running_s < MINUTE;
}

/* Hours pass before anybody watches, so that it begins in the middle of an ordinary day. */
static void start(void *self, struct voice *voice, struct service_port *port) {
    struct freezer *f = self;
    f->voice = voice;
    f->port = port;
    cold_init(&f->cold);
    f->cold.ambient_c = ambient_c;
    f->cold.charge = charge_percent / 100;
    f->steady_superheat_k = 6;
    f->steady_power_w = 180;
    double second_s = product_speed(), ran_s = 0, passed_s = 0;
    int seconds = 0;
    double warm_up_s = fmax(WARM_UP_HOURS * 3600.0, 2 * MINUTE * second_s);
    /* ... and ends where the compressor has just started, so that every run begins alike. */
    double age_s = 0;
    while (age_s < warm_up_s || (age_s < warm_up_s + 7200 && !has_just_started(&f->cold))) {
        age_s += PRODUCT_STEP_S;
        cold_step(&f->cold, PRODUCT_STEP_S);
        ran_s += f->cold.is_running ? PRODUCT_STEP_S : 0;
        passed_s += PRODUCT_STEP_S;
        if (passed_s >= second_s) {
            f->duty[seconds++ % MINUTE] = ran_s / passed_s;
            ran_s = passed_s = 0;
        }
    }
    f->was_running = f->cold.is_running;
    f->starts_said = f->cold.starts;
    product_say(voice, port, SEVERITY_NOTICE, "controller started, set point %.0f Cel", f->cold.setpoint_c);
}

int main(int argc, char **argv) {
    static const struct product_option options[] = {
        {"charge", &charge_percent, 20, 100, "percent of the refrigerant that is in it at the start"},
        {"readings", &readings_per_s, 0, 1000, "how often a real second the sensors are read; 0: with each report"},
        {"leak-after", &leak_after_s, 0, 1e9, "real seconds after which refrigerant begins to leak"},
        {"leak", &leak_percent, 0, 1000, "percent of the charge lost in a simulated hour"},
        {"lid", &lid_per_hour, 0, 60, "how often people open the lid, in a simulated hour"},
        {"room", &ambient_c, -10, 50, "temperature of the room"},
    };
    struct freezer freezer = {0};
    const struct product product = {.name = "vf300",
                                    .title = "simulated vaccine freezer",
                                    .options = options,
                                    .option_count = sizeof options / sizeof options[0],
                                    .start = start,
                                    .step = step,
                                    .report = report,
                                    .command = command,
                                    .self = &freezer};
    return product_main(&product, argc, argv);
}
