/* A simulated product for trials of its pack: one individual of a kind, with its own make-up, place and habits, and
 * with faults that grow as they are told to. Physics, controller and sensors in one; pure arithmetic, no clock, no
 * output, the same seed gives the same readings. What comes of the readings (gaps, restarts, the rule engine) is the
 * trial's. */
#pragma once
#include <stddef.h>

#include "climate.h"

enum { SPECIMEN_FAULTS_MAX = 6, SPECIMEN_SERIES_MAX = 32 };

/* What every individual begins with. */
struct specimen {
    struct dice dice;
    double at_s;                      /* Unix time of the newest step */
    double wear[SPECIMEN_FAULTS_MAX]; /* of each of the kind's faults: 0 none, 1 at its end; set by the trial */
};

struct specimen_series {
    const char *metric, *part;
    int every; /* sent with every Nth report */
};

struct specimen_fault {
    const char *name;
    double days;       /* from its first trace to the end */
    double steepness;  /* 0: grows evenly; k: as exp(k t) - 1, slowly first */
    double day;        /* of the year, about when it begins */
    const char *alarm; /* the one that names it; others may come first */
};

struct specimen_kind {
    const char *model; /* of its pack */
    int interval_s;    /* between two reports */
    const struct specimen_series *series;
    size_t series_count;
    const struct specimen_fault *faults;
    size_t fault_count;
    size_t bytes; /* of an individual, which begins with struct specimen */
    /* Bytes of zeros with dice and at_s set become an individual. */
    void (*init)(void *self);
    /* interval_s pass. */
    void (*step)(void *self);
    /* One value for each series; NAN: nothing is sent. */
    void (*read)(void *self, double *values);
    /* Its controller is switched off and on: counters that it keeps in memory begin anew. NULL: nothing is lost. */
    void (*restart)(void *self);
    /* The fault has taken its function away before its wear was 1. NULL: never. */
    bool (*has_failed)(const void *self, size_t fault);
};

/* All kinds, by model. */
extern const struct specimen_kind *const specimen_kinds[];
extern const size_t specimen_kind_count;

/* A reading as a sensor gives it: with noise, in steps of `step`. */
double specimen_sense(struct specimen *s, double value, double deviation, double step);
