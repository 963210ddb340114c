/* Unit conversion: what is converted, and what is refused because it measures something else. */
#include "normalize/unit.h"

#include <criterion/criterion.h>
#include <math.h>

Test(unit, rows) {
    static const struct {
        const char *what, *from, *to;
        bool is_ok;
        double in, out;
    } rows[] = {
        {"no unit is taken as the pack's", "", "Cel", true, 4, 4},
        {"the same unit", "W", "W", true, 4, 4},
        {"kilowatts", "kW", "W", true, 1.5, 1500},
        {"kelvin to Celsius", "K", "Cel", true, 273.15, 0},
        {"Celsius to kelvin", "Cel", "K", true, -80, 193.15},
        {"dBm has an offset", "dBm", "dBW", true, 0, -30},
        {"hectopascal", "hPa", "Pa", true, 1013.25, 101325},
        {"percent", "/100", "/", true, 42, 0.42},
        {"watts are not degrees", "W", "Cel", false, 0, 0},
        {"kilowatts are not degrees", "kW", "Cel", false, 0, 0},
        {"the other way round is not a secondary unit", "W", "kW", false, 0, 0},
        {"an unknown unit", "furlong", "m", false, 0, 0},
        {"case matters", "cel", "Cel", false, 0, 0},
        {"a unit where the pack has none", "W", "", false, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct unit_conversion c;
        const enum result result = unit_convert(rows[i].from, rows[i].to, &c);
        cr_assert_eq(result, rows[i].is_ok ? RESULT_OK : RESULT_BAD_INPUT, "%s", rows[i].what);
        if (rows[i].is_ok)
            cr_assert(fabs(rows[i].in * c.scale + c.offset - rows[i].out) < 1e-9, "%s", rows[i].what);
    }
}

Test(unit, packs_speak_registered_units_only) {
    static const char *const yes[] = {"Cel", "W", "/", "m/s2", "%RH", "1/min", "B"};
    static const char *const no[] = {"kW", "", "celsius", "min", "hPa"};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        cr_assert(unit_is_registered(yes[i]), "%s", yes[i]);
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        cr_assert_not(unit_is_registered(no[i]), "%s", no[i]);
}
