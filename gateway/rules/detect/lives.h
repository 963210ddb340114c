/* Recorded lives: how units of a model went from new to failure. One CSV file for each unit in the pack's folder
 * lives/:
 *
 *     hours,vibration_rms,motor_temperature         the time axis, then metrics of the pack
 *     0,1.02,41.5
 *     0.5,1.03,42.0                                  times rise; the last line is the failure
 *
 * All files have the same header. Read-only after loading. */
#pragma once
#include "rules/document.h"

enum {
    LIVES_MIN = 5, /* fewer say nothing about how far a forecast may be off */
    LIVES_MAX = 1000,
    LIVES_COLUMNS_MAX = 64,      /* with the time axis */
    LIVES_ROWS_MIN = 20,         /* of one life */
    LIVES_VALUES_MAX = 2000000,  /* of all: 16 MB */
    LIVES_PROBLEMS_IN_A_FILE = 5 /* the next ones are the same mistake */
};

struct life {
    size_t first, count; /* rows */
};
struct lives {
    char *names[LIVES_COLUMNS_MAX]; /* [0]: the time axis */
    int column_count;
    double *values; /* rows of column_count */
    size_t row_count, room;
    struct life *items;
    size_t count;
};

/* Every .csv of the folder. RESULT_BAD_INPUT, with lines in `problems`, when anything is wrong with any of them. */
FL_CHECK enum result lives_load(const char *folder, struct lives **out, struct problems *problems);
void lives_free(struct lives *lives);

struct lives *lives_new(void);
/* One file's text. `name` stands for the file in problems. false, a problem, and nothing added, when it is not good. */
bool lives_read(struct lives *lives, const char *name, const char *text, size_t bytes, struct problems *problems);

static inline const double *lives_row(const struct lives *lives, size_t row) {
    return lives->values + row * (size_t)lives->column_count;
}
int lives_column(const struct lives *lives, const char *name); /* -1: there is none */
