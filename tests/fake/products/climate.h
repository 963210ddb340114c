/* The weather of a place, and the hours that people keep there. Times are seconds of the Unix clock, local and without
 * daylight saving; temperatures are in degrees Celsius. */
#pragma once
#include "dice.h"

struct climate {
    double mean_c, season_k, day_k; /* of the place */
    double weather_k;               /* today's departure from it: wanders within days */
};
struct climate climate_of(struct dice *dice); /* somewhere between a mild coast and the middle of a continent */
/* Time goes on by dt_s; returns the temperature outdoors. */
double climate_step(struct climate *climate, struct dice *dice, double at_s, double dt_s);

/* 0 to 24, and 0 (Monday) to 6. */
double climate_hour(double at_s);
int climate_weekday(double at_s);
