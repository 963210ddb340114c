/* A seeded source of chance: the same seed gives the same numbers on any machine. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};
struct dice dice_of(uint64_t seed);
double dice_uniform(struct dice *dice, double low, double high);
/* Of a sensor: about normal, within 3.5 deviations. */
double dice_noise(struct dice *dice, double deviation);
/* Waiting time until something that happens by chance, every `mean` on average. */
double dice_wait(struct dice *dice, double mean);
/* Whether something that happens every `mean` on average happens within `span`, which is much shorter. */
bool dice_happens(struct dice *dice, double span, double mean);
