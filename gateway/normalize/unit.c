/* Two tables. Sources: IANA "Sensor Measurement Lists (SenML)" registry, SenML units and secondary units. */
#include "normalize/unit.h"

#include <string.h>

static const char *const registered[] = {
    "m",   "kg",  "g",  "s",   "A",    "K",     "cd",   "mol",   "Hz",  "rad",  "sr",    "N",     "Pa",       "J",
    "W",   "C",   "V",  "F",   "Ohm",  "S",     "Wb",   "T",     "H",   "Cel",  "lm",    "lx",    "Bq",       "Gy",
    "Sv",  "kat", "m2", "m3",  "l",    "m/s",   "m/s2", "m3/s",  "l/s", "W/m2", "cd/m2", "bit",   "bit/s",    "lat",
    "lon", "pH",  "dB", "dBW", "Bspl", "count", "/",    "%RH",   "%EL", "EL",   "1/s",   "1/min", "beat/min", "beats",
    "S/m", "B",   "VA", "VAs", "var",  "vars",  "J/m",  "kg/m3", "deg", "NTU",
};

static const struct secondary {
    const char *name, *base;
    double scale, offset;
} secondary[] = {
    {"ms", "s", 1e-3, 0},          {"min", "s", 60, 0},         {"h", "s", 3600, 0},
    {"MHz", "Hz", 1e6, 0},         {"kW", "W", 1e3, 0},         {"kVA", "VA", 1e3, 0},
    {"kvar", "var", 1e3, 0},       {"Ah", "C", 3600, 0},        {"Wh", "J", 3600, 0},
    {"kWh", "J", 3.6e6, 0},        {"varh", "vars", 3600, 0},   {"kvarh", "vars", 3.6e6, 0},
    {"kVAh", "VAs", 3.6e6, 0},     {"Wh/km", "J/m", 3.6, 0},    {"KiB", "B", 1024, 0},
    {"GB", "B", 1e9, 0},           {"Mbit/s", "bit/s", 1e6, 0}, {"B/s", "bit/s", 8, 0},
    {"MB/s", "bit/s", 8e6, 0},     {"mV", "V", 1e-3, 0},        {"mA", "A", 1e-3, 0},
    {"dBm", "dBW", 1, -30},        {"ug/m3", "kg/m3", 1e-9, 0}, {"mm/h", "m/s", 1.0 / 3600000, 0},
    {"m/h", "m/s", 1.0 / 3600, 0}, {"ppm", "/", 1e-6, 0},       {"/100", "/", 1e-2, 0},
    {"/1000", "/", 1e-3, 0},       {"hPa", "Pa", 1e2, 0},       {"mm", "m", 1e-3, 0},
    {"cm", "m", 1e-2, 0},          {"km", "m", 1e3, 0},         {"km/h", "m/s", 1 / 3.6, 0},
    {"ppb", "/", 1e-9, 0},         {"ppt", "/", 1e-12, 0},      {"VAh", "VAs", 3600, 0},
    {"mg/l", "kg/m3", 1e-3, 0},    {"ug/l", "kg/m3", 1e-6, 0},  {"g/l", "kg/m3", 1, 0},
};

bool unit_is_registered(const char *unit) {
    for (size_t i = 0; i < sizeof registered / sizeof *registered; i++)
        if (strcmp(registered[i], unit) == 0)
            return true;
    return false;
}

enum result unit_convert(const char *from, const char *to, struct unit_conversion *out) {
    *out = (struct unit_conversion){.scale = 1, .offset = 0};
    if (from[0] == 0 || strcmp(from, to) == 0)
        return RESULT_OK;
    for (size_t i = 0; i < sizeof secondary / sizeof *secondary; i++) {
        if (strcmp(secondary[i].name, from) == 0 && strcmp(secondary[i].base, to) == 0) {
            out->scale = secondary[i].scale;
            out->offset = secondary[i].offset;
            return RESULT_OK;
        }
    }
    if (strcmp(from, "K") == 0 && strcmp(to, "Cel") == 0) {
        out->offset = -273.15;
        return RESULT_OK;
    }
    if (strcmp(from, "Cel") == 0 && strcmp(to, "K") == 0) {
        out->offset = 273.15;
        return RESULT_OK;
    }
    return RESULT_BAD_INPUT;
}
