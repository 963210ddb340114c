/* The demo's physics are the ones that the demo runs (tests/fake/product); what its firmware does to them before it
 * sends (noise of the sensor, one decimal place) is repeated here, because the demo does it in its main programs. The
 * imitated sensors differ in what matters to a codec: resolution, noise below or above it, unit conversions, clocks. */
#include "series.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../fake/product/cold.h"
#include "../../fake/product/drum.h"

#define START_MS INT64_C(1760000000000)

void series_free(struct series_list *list) {
    for (size_t i = 0; i < list->count; i++)
        free(list->items[i].points);
    free(list->items);
    *list = (struct series_list){0};
}

struct series *series_new(struct series_list *list, const char *set, const char *name, bool is_slow) {
    if (list->count == list->room) {
        list->room = list->room ? list->room * 2 : 64;
        list->items = mem_realloc(list->items, list->room * sizeof *list->items);
    }
    struct series *s = &list->items[list->count++];
    *s = (struct series){.is_slow = is_slow};
    snprintf(s->set, sizeof s->set, "%s", set);
    snprintf(s->name, sizeof s->name, "%s", name);
    return s;
}

void series_add(struct series *s, int64_t event_ms, double value) {
    if (s->count == s->room) {
        s->room = s->room ? s->room * 2 : 1024;
        s->points = mem_realloc(s->points, s->room * sizeof *s->points);
    }
    s->points[s->count++] = (struct point){event_ms, value};
}

/* The same for every run: uniform in 0..1, and about normal with deviation 1. */
static double any(void) {
    return (double)random() / 2147483648.0;
}

static double noise(void) {
    double sum = 0;
    for (int i = 0; i < 12; i++)
        sum += any();
    return sum - 6;
}

/* ---- the demo ---- */

static double decimals(double value, double step) {
    return round(value * step) / step;
}

static double sensed(double value, double deviation) {
    return decimals(value + deviation * noise(), 10);
}

static void add_freezer(struct series_list *list, int64_t seconds) {
    static const char *const names[] = {"air",   "evaporator", "suction", "condenser",
                                        "power", "door",       "ambient", "setpoint"};
    const size_t first = list->count;
    struct cold c;
    cold_init(&c);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        series_new(list, "demo-freezer", names[i], true);
    for (int64_t t = 0; t < seconds; t++) {
        c.is_lid_open = t % 7200 < 40;
        cold_step(&c, 0.5);
        cold_step(&c, 0.5);
        const double values[] = {sensed(c.air_c, 0.03),
                                 sensed(cold_inlet_c(&c), 0.03),
                                 sensed(cold_suction_c(&c), 0.03),
                                 sensed(c.condenser_c, 0.03),
                                 c.is_running ? round(cold_power_w(&c) + 0.8 * noise()) : 0,
                                 c.is_lid_open,
                                 sensed(c.ambient_c, 0.03),
                                 c.setpoint_c};
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            series_add(&list->items[first + i], START_MS + t * 1000, values[i]);
    }
}

static void add_washer(struct series_list *list, int64_t seconds) {
    static const char *const names[] = {"vibration front", "vibration rear", "bearing temperature", "speed", "current"};
    const size_t first = list->count;
    struct drum d;
    drum_init(&d);
    d.unbalance_kg = 0.3;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        series_new(list, "demo-washer", names[i], false);
    for (int64_t t = 0; t < seconds; t++) {
        d.wanted_rpm = t % 3600 < 2400 ? (t % 60 < 40 ? 45 : 0) : 900;
        drum_step(&d, 0.5);
        drum_step(&d, 0.5);
        const double front = drum_vibration_ms2(&d, BEARING_FRONT), rear = drum_vibration_ms2(&d, BEARING_REAR);
        const double values[] = {decimals(front + 0.05 * front * noise(), 100),
                                 decimals(rear + 0.05 * rear * noise(), 100), sensed(d.bearing_c[BEARING_FRONT], 0.05),
                                 round(d.rpm), decimals(drum_current_a(&d) + 0.1 * noise(), 10)};
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            series_add(&list->items[first + i], START_MS + t * 1000, values[i]);
    }
}

void series_demo(struct series_list *list, int64_t seconds) {
    srandom(1);
    add_freezer(list, seconds);
    add_washer(list, seconds);
}

/* ---- imitations ---- */

enum shape { AROUND, COUNTS, SWITCHES };
static const struct imitation {
    const char *name;
    enum shape shape;
    int64_t interval_ms, jitter_ms; /* jitter: of the moment of measuring, around the pace */
    double level, swing, noise;     /* a daily swing, a slow drift, noise of each reading */
    double resolution;              /* of the display or the converter */
    double times, over, after;      /* the unit's conversion */
    bool is_float;
} imitations[] = {
    {"room thermometer, 0.1 degrees", AROUND, 10000, 0, 21, 2, 0.03, 0.1, 1, 1, 0, false},
    {"one-wire probe, 1/16 degree, jitter", AROUND, 30000, 40, 4, 1, 0.04, 0.0625, 1, 1, 0, false},
    {"humidity in percent, stored as ratio", AROUND, 10000, 0, 45, 8, 0.1, 0.1, 0.01, 1, 0, false},
    {"barometer, hPa to Pa", AROUND, 60000, 0, 1013, 6, 0.02, 0.01, 100, 1, 0, false},
    {"cold room in kelvin, stored as Celsius", AROUND, 10000, 5, 253, 1, 0.05, 0.05, 1, 1, -273.15, false},
    {"motor temperature by Modbus, a float", AROUND, 5000, 15, 62, 9, 0.1, 0.1, 1, 1, 0, true},
    {"battery, mV to V", AROUND, 60000, 200, 12900, 150, 4, 1, 0.001, 1, 0, false},
    {"mains power", AROUND, 1000, 3, 480, 60, 3, 1, 1, 1, 0, false},
    {"energy meter, Wh to J", COUNTS, 60000, 0, 8, 4, 1, 1, 3600, 1, 0, false},
    {"door contact", SWITCHES, 10000, 0, 0, 0, 0.002, 1, 1, 1, 0, false},
    {"tank level, mm to m", AROUND, 15000, 0, 1800, 500, 1.5, 1, 0.001, 1, 0, false},
    {"flow in km/h, stored as m/s", AROUND, 2000, 2, 12, 5, 0.4, 0.1, 1, 3.6, 0, false},
};

static double reading(const struct imitation *m, double day, double *state) {
    if (m->shape == COUNTS)
        return *state += round(fmax(0, m->level + m->swing * sin(6.28318 * day) + m->noise * noise()));
    if (m->shape == SWITCHES)
        return *state = any() < m->noise ? 1 - *state : *state;
    *state += 0.002 * m->swing * noise() - 0.0005 * *state;
    const double value = m->level + m->swing * sin(6.28318 * day) + *state + m->noise * noise();
    return round(value / m->resolution);
}

/* In the product's arithmetic: what the display shows as decimal text, then converted. */
static double converted(const struct imitation *m, double steps) {
    char text[40];
    snprintf(text, sizeof text, "%.4f", m->shape == AROUND ? steps * m->resolution : steps);
    double value = strtod(text, NULL);
    value = m->is_float ? (double)(float)value : value;
    value = m->times != 1 ? value * m->times : value;
    value = m->over != 1 ? value / m->over : value;
    return m->after != 0 ? value + m->after : value;
}

void series_sensors(struct series_list *list, int days) {
    srandom(2);
    for (size_t i = 0; i < sizeof imitations / sizeof *imitations; i++) {
        const struct imitation *m = &imitations[i];
        struct series *s = series_new(list, "sensors", m->name, true);
        double state = 0;
        for (int64_t t = 0; t < (int64_t)days * 86400000; t += m->interval_ms) {
            const double steps = reading(m, (double)t / 86400000, &state);
            series_add(s, START_MS + t + (int64_t)((double)m->jitter_ms * fabs(noise())), converted(m, steps));
        }
    }
}

struct series *series_year(struct series_list *list) {
    struct series *s = series_new(list, "year", "thermometer at 1 Hz", true);
    double drift = 0;
    srandom(3);
    for (int64_t t = 0; t < INT64_C(365) * 86400; t++) {
        const double day = (double)t / 86400;
        drift += 0.002 * (any() - 0.5) - 0.00001 * drift;
        /* one uniform number is noise enough, and quicker to make 31,536,000 times */
        series_add(s, START_MS + t * 1000, decimals(21 + 2 * sin(6.28318 * day) + drift + 0.1 * (any() - 0.5), 10));
    }
    return s;
}
