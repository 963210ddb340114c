/* fake-washer: a laundry's washing machine of the model washing-machine whose rear drum bearing wears, and its
 * controller.
 *
 * The physics is product/drum.c. Here is the program that the controller runs over and over (a table of phases), how it
 * spreads the load before a spin and gives up when it shakes too much, the fault codes, the sheets that diagnostics
 * show, and the service port. Wear begins --wear-after real seconds after the start and grows by --wear percent of a
 * bearing's life in a simulated hour; it is mended with `replace-bearing`. Metrics, codes and units:
 * rules/washing-machine/pack.yaml. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/message.h"
#include "product/drum.h"
#include "product/product.h"

static double worn_percent = 4, wear_after_s = 30, wear_percent = 30;

struct phase {
    const char *name;
    double seconds; /* at least */
    double rpm;
    double fill_mm; /* waits until the water stands so high; 0: the inlet stays shut */
    double heat_c;  /* waits until it is so warm; 0: no heating */
    bool drains;    /* waits until it is empty */
};
static const struct phase program[] = {
    {"fill", 10, 45, 130, 0, false},       {"wash", 300, 45, 130, 40, false},        {"drain", 20, 45, 0, 0, true},
    {"first spin", 120, 600, 0, 0, true},  {"rinse", 150, 45, 160, 0, false},        {"drain", 20, 45, 0, 0, true},
    {"final spin", 420, 1050, 0, 0, true}, {"unload and load", 120, 0, 0, 0, false},
};
enum {
    PHASES = sizeof program / sizeof program[0],
    SPREADING_RPM = 90,
    SPIN_RPM = 200,
    RETRIES_MAX = 3,
    SPINS_KEPT = 6
};
#define HEATER_W         18000.0
#define SPREAD_LIMIT_MS2 9.0  /* front housing, while speeding up: spread the load again */
#define ABORT_LIMIT_MS2  16.0 /* any housing */

struct spin {
    double rpm, rms[BEARINGS], unbalance[BEARINGS], bearing[BEARINGS], outer_hz;
};
struct washer {
    struct voice *voice;
    struct service_port *port;
    struct drum drum;
    int phase, retries;
    bool is_aborted, has_vibration_fault;
    double age_s, phase_s, spread_s; /* simulated: since the start, since the phase began, until the load is spread */
    unsigned reports;
    int cycles_due, retries_due; /* not said yet */
    struct spin spins[SPINS_KEPT];
    size_t spin_count;
};

static double sensor(double value, double noise) {
    return round(fmax(0, value + noise * product_noise()) * 100) / 100;
}

/* ---- the program
 * ------------------------------------------------------------------------------------------------------ */

static void remember_spin(struct washer *w) {
    const struct drum *d = &w->drum;
    struct spin *s = &w->spins[w->spin_count++ % SPINS_KEPT];
    s->rpm = d->rpm;
    s->outer_hz = drum_outer_ring_hz(d);
    for (int b = 0; b < BEARINGS; b++) {
        s->rms[b] = drum_vibration_ms2(d, b);
        s->unbalance[b] = drum_unbalance_ms2(d, b);
        s->bearing[b] = drum_bearing_ms2(d, b);
    }
}

static void spread_load(struct washer *w) {
    w->drum.unbalance_kg = 0.05 + 0.28 * pow(product_random(), 2);
    w->spread_s = 30;
}

static void begin_phase(struct washer *w, int phase) {
    const struct phase *p = &program[phase];
    w->phase = phase;
    w->phase_s = 0;
    w->retries = 0;
    w->is_aborted = false;
    if (p->rpm > SPIN_RPM)
        spread_load(w);
    product_say(w->voice, w->port, SEVERITY_INFO, "phase %s", p->name);
}

static void set_vibration_fault(struct washer *w, bool is_active) {
    if (is_active != w->has_vibration_fault)
        voice_fault(w->voice, "F21", is_active, SEVERITY_ERROR, "Spin aborted, vibration above limit");
    w->has_vibration_fault = is_active;
}

static void guard_spin(struct washer *w) {
    struct drum *d = &w->drum;
    double front = drum_vibration_ms2(d, BEARING_FRONT), rear = drum_vibration_ms2(d, BEARING_REAR);
    bool is_uneven = d->wanted_rpm > d->rpm + 1 && drum_unbalance_ms2(d, BEARING_FRONT) > SPREAD_LIMIT_MS2;
    if (!is_uneven && front < ABORT_LIMIT_MS2 && rear < ABORT_LIMIT_MS2)
        return;
    w->retries++;
    w->retries_due++;
    product_say(w->voice, w->port, SEVERITY_WARNING, "spin given up at %.0f/min, front %.1f rear %.1f m/s2, try %d",
                d->rpm, front, rear, w->retries);
    spread_load(w);
    if (w->retries < RETRIES_MAX)
        return;
    w->is_aborted = true;
    set_vibration_fault(w, true);
}

static bool is_phase_over(const struct washer *w, const struct phase *p) {
    const struct drum *d = &w->drum;
    if (w->is_aborted)
        return true;
    if (w->phase_s < p->seconds || (p->fill_mm > 0 && d->water_mm < p->fill_mm) || (p->drains && d->water_mm > 0))
        return false;
    return p->heat_c <= 0 || d->water_c >= p->heat_c - 0.5;
}

static void end_phase(struct washer *w, const struct phase *p) {
    if (p->rpm > SPIN_RPM && !w->is_aborted) {
        remember_spin(w);
        set_vibration_fault(w, false);
    }
    if (w->phase == PHASES - 1)
        w->cycles_due++;
    begin_phase(w, (w->phase + 1) % PHASES);
}

static void step(void *self, double dt_s) {
    struct washer *w = self;
    const struct phase *p = &program[w->phase];
    struct drum *d = &w->drum;
    w->age_s += dt_s;
    if (w->age_s > wear_after_s * product_speed())
        d->wear[BEARING_REAR] = fmin(1, d->wear[BEARING_REAR] + wear_percent / 100 * dt_s / 3600);
    bool is_spreading = p->rpm > SPIN_RPM && w->spread_s > 0;
    if (is_spreading)
        w->spread_s -= dt_s;
    else
        w->phase_s += dt_s;
    d->wanted_rpm = is_spreading ? SPREADING_RPM : p->rpm;
    d->inlet_open = p->fill_mm > 0 && d->water_mm < p->fill_mm;
    d->drain_open = p->drains;
    d->heater_w = p->heat_c > 0 && d->water_mm > 60 && d->water_c < p->heat_c ? HEATER_W : 0;
    drum_step(d, dt_s);
    if (p->rpm > SPIN_RPM && d->rpm > SPIN_RPM && !is_spreading)
        guard_spin(w);
    if (is_phase_over(w, p))
        end_phase(w, p);
}

/* ---- what it says
 * ---------------------------------------------------------------------------------------------------- */

static void write_vibration_sheet(struct washer *w, struct buf *b) {
    static const char *const names[BEARINGS] = {[BEARING_FRONT] = "front", [BEARING_REAR] = "rear "};
    size_t kept = w->spin_count < SPINS_KEPT ? w->spin_count : SPINS_KEPT;
    buf_reset(b);
    buf_printf(b, "last spins, newest first; m/s2 RMS\n  1/min  housing   all   once a turn   outer ring (Hz)\n");
    for (size_t i = 1; i <= kept; i++) {
        const struct spin *s = &w->spins[(w->spin_count - i) % SPINS_KEPT];
        for (int n = 0; n < BEARINGS; n++)
            buf_printf(b, "%7.0f  %s   %5.2f   %9.2f   %7.2f (%.1f)\n", s->rpm, names[n], s->rms[n], s->unbalance[n],
                       s->bearing[n], s->outer_hz);
    }
    service_port_sheet(w->port, "vibration.txt", b);
}

static void write_sheets(struct washer *w) {
    const struct drum *d = &w->drum;
    struct buf b;
    buf_init(&b, 8192);
    buf_printf(&b,
               "phase            %s\ndrum             %.0f 1/min\nwater            %.0f mm, %.1f Cel\nheater           "
               "%.0f W\n",
               program[w->phase].name, d->rpm, d->water_mm, d->water_c, d->heater_w);
    buf_printf(&b, "bearing front    %.1f Cel, %.2f m/s2\nbearing rear     %.1f Cel, %.2f m/s2\n",
               d->bearing_c[BEARING_FRONT], drum_vibration_ms2(d, BEARING_FRONT), d->bearing_c[BEARING_REAR],
               drum_vibration_ms2(d, BEARING_REAR));
    service_port_sheet(w->port, "sensors.txt", &b);

    buf_reset(&b);
    buf_printf(&b,
               "drive            %s\nspeed            %.0f of %.0f 1/min\ncurrent          %.1f A\nmotor            "
               "%.1f Cel\n",
               d->wanted_rpm > 0 ? "run" : "ready", d->rpm, d->wanted_rpm, drum_current_a(d), d->motor_c);
    service_port_sheet(w->port, "drive.txt", &b);
    write_vibration_sheet(w, &b);
    buf_fini(&b);
}

static void say_metrics(struct washer *w) {
    static const char *const parts[BEARINGS] = {[BEARING_FRONT] = "front", [BEARING_REAR] = "rear"};
    const struct drum *d = &w->drum;
    for (int b = 0; b < BEARINGS; b++) {
        double rms = drum_vibration_ms2(d, b);
        voice_gauge(w->voice, "vibration_rms", parts[b], sensor(rms, 0.05 * rms));
        if (w->reports % 5 == 0)
            voice_gauge(w->voice, "bearing_temperature", parts[b], sensor(d->bearing_c[b], 0.05));
    }
    voice_gauge(w->voice, "drum_speed", "", round(d->rpm));
    voice_gauge(w->voice, "motor_current", "", sensor(drum_current_a(d), 0.1));
    voice_gauge(w->voice, "water_level", "",
                round(d->water_mm) / 1000); /* the sensor says millimetres, the metric metres */
    voice_gauge(w->voice, "inlet_valve_open", "", d->inlet_open);
    voice_gauge(w->voice, "heater_power", "", d->heater_w);
    if (w->reports % 5 == 0) {
        voice_gauge(w->voice, "motor_temperature", "", sensor(d->motor_c, 0.05));
        voice_gauge(w->voice, "water_temperature", "", sensor(d->water_c, 0.05));
    }
    if (w->reports % 10 == 0) {
        voice_count(w->voice, "cycles", w->cycles_due);
        voice_count(w->voice, "unbalance_retries", w->retries_due);
        w->cycles_due = w->retries_due = 0;
    }
}

static void report(void *self) {
    struct washer *w = self;
    say_metrics(w);
    write_sheets(w);
    w->reports++;
}

/* ---- the service port
 * ------------------------------------------------------------------------------------------------ */

static void replace_bearing(struct washer *w, int bearing) {
    product_say(w->voice, w->port, SEVERITY_NOTICE, "service: %s bearing replaced, wear was %.0f %%",
                bearing == BEARING_FRONT ? "front" : "rear", w->drum.wear[bearing] * 100);
    w->drum.wear[bearing] = 0.03;
    if (bearing == BEARING_REAR)
        wear_percent = 0; /* the new one lasts longer than any demonstration */
}

static void command(void *self, const char *text) {
    struct washer *w = self;
    if (strcmp(text, "replace-bearing rear") == 0)
        replace_bearing(w, BEARING_REAR);
    else if (strcmp(text, "replace-bearing front") == 0)
        replace_bearing(w, BEARING_FRONT);
    else
        product_say(w->voice, w->port, SEVERITY_WARNING,
                    "service: unknown command '%.60s': replace-bearing front or replace-bearing rear", text);
}

static void start(void *self, struct voice *voice, struct service_port *port) {
    struct washer *w = self;
    w->voice = voice;
    w->port = port;
    drum_init(&w->drum);
    w->drum.wear[BEARING_REAR] = worn_percent / 100;
    product_say(voice, port, SEVERITY_NOTICE, "controller started");
    begin_phase(w, 0);
}

int main(int argc, char **argv) {
    static const struct product_option options[] = {
        {"worn", &worn_percent, 0, 100, "percent of the rear bearing's life that is used up at the start"},
        {"wear-after", &wear_after_s, 0, 1e9, "real seconds after which the rear bearing begins to wear"},
        {"wear", &wear_percent, 0, 1000, "percent of its life used up in a simulated hour"},
    };
    struct washer washer = {0};
    const struct product product = {.name = "wm20",
                                    .title = "simulated washing machine",
                                    .options = options,
                                    .option_count = sizeof options / sizeof options[0],
                                    .start = start,
                                    .step = step,
                                    .report = report,
                                    .command = command,
                                    .self = &washer};
    return product_main(&product, argc, argv);
}
