/* What simulated products have in common: options, the passing of time, and the once-a-second report.
 *
 * A simulated second passes in 1/speed real ones, so that a demonstration can show an afternoon in two minutes. What
 * the product says, it says once a real second, as the real one would. */
#pragma once
#include <stddef.h>

#include "service_port.h"
#include "voice.h"

/* An option of one product, "--NAME number" on the command line. */
struct product_option {
    const char *name;
    double *value; /* holds the default */
    double min, max;
    const char *help;
};

struct product {
    const char *name, *title;
    const struct product_option *options;
    size_t option_count;
    /* All get `self`. */
    void (*start)(void *self, struct voice *voice, struct service_port *port); /* once, after the options were read */
    void (*step)(void *self, double dt_s);                                     /* simulated seconds, at most STEP_S */
    void (*report)(void *self);                                                /* once a real second */
    void (*command)(void *self, const char *text);                             /* from the service port */
    void *self;
};
#define PRODUCT_STEP_S 0.5

/* Runs until SIGINT or SIGTERM, or for --seconds; returns the exit status. Options of every product: --dir FOLDER
 * --statsd PATH --syslog PATH --speed N --seconds N --seed N. */
int product_main(const struct product *product, int argc, char **argv);

/* A log line of the controller: to syslog and into controller.log. */
void product_say(struct voice *voice, struct service_port *port, int severity, const char *format, ...) FL_PRINTF(4, 5);

double product_speed(void);
/* Pseudo-random and the same for the same --seed: uniform in 0..1, and about normal with deviation 1. */
double product_random(void);
double product_noise(void);
