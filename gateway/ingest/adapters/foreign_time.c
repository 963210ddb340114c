/* Times of devices, read strictly. A time without a zone is not guessed to be UTC: many devices send their local time
 * (Tasmota does by default), and an hour's error would put every sample into the past or the future. The mapping says
 * which zone it is, or the time is not used at all. Whether a time is absurd is the normaliser's question. */
#include "ingest/adapters/foreign_time.h"

#include <math.h>
#include <string.h>

#include "fieldline/number.h"

static const double SECONDS_BELOW = 1e11, MS_BELOW = 1e15;
enum { OFFSET_MAX_MIN = 14 * 60 };

/* `digits` digits at *at, within bounds; moves on. */
static bool take(const char **at, const char *end, size_t digits, int64_t min, int64_t max, int64_t *out) {
    if ((size_t)(end - *at) < digits || !number_i64(*at, digits, min, max, out))
        return false;
    for (size_t i = 0; i < digits; i++)
        if ((*at)[i] < '0' || (*at)[i] > '9')
            return false;
    *at += digits;
    return true;
}

static bool take_char(const char **at, const char *end, const char *one_of) {
    if (*at == end || !**at || !strchr(one_of, **at))
        return false;
    (*at)++;
    return true;
}

static bool take_offset(const char **at, const char *end, int *out_min) {
    int64_t hours, minutes;
    if (take_char(at, end, "Zz")) {
        *out_min = 0;
        return true;
    }
    const bool is_west = *at < end && **at == '-';
    if (!take_char(at, end, "+-") || !take(at, end, 2, 0, 14, &hours))
        return false;
    (void)take_char(at, end, ":");
    if (!take(at, end, 2, 0, 59, &minutes) || hours * 60 + minutes > OFFSET_MAX_MIN)
        return false;
    *out_min = (int)(hours * 60 + minutes) * (is_west ? -1 : 1);
    return true;
}

/* Days since 1970-01-01 in the Gregorian calendar (H. Hinnant's days_from_civil). */
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    const int64_t era = year / 400, year_of_era = year - era * 400;
    const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;
}

static int64_t days_in(int64_t year, int64_t month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && is_leap);
}

static int64_t take_fraction_ms(const char **at, const char *end) {
    int64_t ms = 0, weight = 100;
    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++, weight /= 10)
        ms += (**at - '0') * weight;
    return ms;
}

enum result foreign_time_iso(const char *text, size_t chars, int offset_min, int64_t *out_ms, struct fault *fault) {
    const char *at = text, *end = text + chars;
    int64_t year, month, day, hour, minute, second, ms = 0;
    const int shown = chars > 40 ? 40 : (int)chars;
    if (!take(&at, end, 4, 1970, 9999, &year) || !take_char(&at, end, "-") || !take(&at, end, 2, 1, 12, &month) ||
        !take_char(&at, end, "-") || !take(&at, end, 2, 1, days_in(year, month), &day) || !take_char(&at, end, "Tt ") ||
        !take(&at, end, 2, 0, 23, &hour) || !take_char(&at, end, ":") || !take(&at, end, 2, 0, 59, &minute) ||
        !take_char(&at, end, ":") || !take(&at, end, 2, 0, 60, &second))
        return fault_set(fault, RESULT_BAD_INPUT, "'%.*s' is no time such as 2026-11-22T04:20:01Z", shown, text);
    if (take_char(&at, end, ".,"))
        ms = take_fraction_ms(&at, end);
    int zone_min = offset_min;
    if (at == end && offset_min == TIME_OFFSET_NONE)
        return fault_set(fault, RESULT_BAD_INPUT, "the time '%.*s' has no zone", shown, text);
    if (at < end && (!take_offset(&at, end, &zone_min) || at != end))
        return fault_set(fault, RESULT_BAD_INPUT, "the zone of the time '%.*s' is wrong", shown, text);
    *out_ms = (days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone_min * 60) * 1000 + ms;
    return RESULT_OK;
}

enum result foreign_time_number(double number, int64_t *out_ms, struct fault *fault) {
    if (!isfinite(number) || number < 0 || number >= MS_BELOW)
        return fault_set(fault, RESULT_BAD_INPUT, "%g is no time", number);
    *out_ms = (int64_t)llround(number < SECONDS_BELOW ? number * 1000 : number);
    return RESULT_OK;
}

enum result foreign_time_json(const struct json *node, int offset_min, int64_t *out_ms, struct fault *fault) {
    const char *text;
    double number;
    if (json_as_string(node, &text))
        return foreign_time_iso(text, strlen(text), offset_min, out_ms, fault);
    if (json_as_number(node, &number))
        return foreign_time_number(number, out_ms, fault);
    return fault_set(fault, RESULT_BAD_INPUT, "a time is a text or a number");
}

enum result foreign_time_offset(const char *text, int *out_min, struct fault *fault) {
    const char *at = text, *end = text + strlen(text);
    *out_min = 0;
    if (strcmp(text, "UTC") == 0 || (take_offset(&at, end, out_min) && at == end))
        return RESULT_OK;
    return fault_set(fault, RESULT_BAD_INPUT, "'%s' is neither UTC nor an offset such as +01:00", text);
}
