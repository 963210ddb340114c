/* Series to measure the history with: the demo's products, imitations of real sensors, columns of recorded files. */
#pragma once
#include "store/chunk.h"

struct series {
    char name[96], set[32];
    bool is_slow; /* a physical quantity that drifts, measured once a second or less often */
    struct point *points;
    size_t count, room;
};
struct series_list {
    struct series *items;
    size_t count, room;
};
void series_free(struct series_list *list);
struct series *series_new(struct series_list *list, const char *set, const char *name, bool is_slow);
void series_add(struct series *s, int64_t event_ms, double value);

/* `seconds` of the demo's freezer and washer, once a second as their firmware reports it. */
void series_demo(struct series_list *list, int64_t seconds);
/* `days` of imitated sensors of the kinds that buildings, machines and cold chains have. */
void series_sensors(struct series_list *list, int days);
/* A year of one thermometer at 1 Hz. */
struct series *series_year(struct series_list *list);
/* Every numeric column of the text files below a folder; a first column that is a date gives the times, otherwise rows
 * are a second apart. Each folder directly below is a set. False: the folder cannot be read. */
FL_CHECK bool series_files(struct series_list *list, const char *folder);
