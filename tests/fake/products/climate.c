/* Year, day and weather: two cosines and an Ornstein-Uhlenbeck process of two days (what a front does to a week). The
 * coldest day is in the middle of January, the coldest hour at five in the morning. Rain, wind and sun are left out: no
 * product here measures them; what they do to a heat pump's coil is in its humidity. */
#include "climate.h"

#include <math.h>

#define DAY_S     86400.0
#define YEAR_S    (365.25 * DAY_S)
#define COLDEST_S (15 * DAY_S)
#define FRONT_S   (2 * DAY_S)
#define FRONT_K   3.2

struct climate climate_of(struct dice *dice) {
    return (struct climate){
        .mean_c = dice_uniform(dice, 8, 15), .season_k = dice_uniform(dice, 6, 12), .day_k = dice_uniform(dice, 2, 5)};
}

double climate_hour(double at_s) {
    return fmod(at_s, DAY_S) / 3600;
}

int climate_weekday(double at_s) {
    return (int)fmod(floor(at_s / DAY_S) + 3, 7); /* the first of January 1970 was a Thursday */
}

double climate_step(struct climate *c, struct dice *dice, double at_s, double dt_s) {
    double share = dt_s / FRONT_S;
    c->weather_k += -c->weather_k * share + dice_noise(dice, FRONT_K * sqrt(2 * share));
    return c->mean_c - c->season_k * cos(2 * M_PI * (at_s - COLDEST_S) / YEAR_S) -
           c->day_k * cos(2 * M_PI * (climate_hour(at_s) - 5) / 24) + c->weather_k;
}
