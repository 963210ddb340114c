/* Data that somebody recorded, as a table: a column of times, and a column for each series.
 *
 *   timestamp,air_temperature,vibration_rms{front},vibration_rms{rear},Volume Flow
 *   2026-11-22 04:20:01,4.5,0.21,,12
 *
 * Times: ISO 8601 with or without a zone (then UTC), a blank or a T between date and time; seconds or milliseconds
 * since 1970. An empty cell, "nan" and "null": nothing was measured then. Names that are no metric names are made ones
 * ("Volume Flow" is volume_flow); `part` stands in braces or brackets, with or without part="". */
#pragma once
#include "fieldline/caps.h"
#include "ingest/csv.h"

struct recording_column {
    char metric[CAP_METRIC_BYTES + 1], part[CAP_PART_BYTES + 1];
    bool is_renamed; /* the file has another name for it: `title` */
    bool is_wanted;  /* true at first. The cells of others are not looked at */
    char title[128];
    size_t column; /* where the line has it, for messages */
};
struct recording;
/* Reads the first line. The file is the recording's then, also on failure: RESULT_BAD_INPUT (no times, a name that
 * cannot be made a metric, one that is there twice), and those of csv_next. */
FL_CHECK enum result recording_new(struct csv *csv, struct recording **out, struct fault *fault);
void recording_free(struct recording *r);
/* The columns but that of the times. */
struct recording_column *recording_columns(struct recording *r, size_t *count);
const struct csv *recording_csv(const struct recording *r);
/* What the first rows let expect: the median distance in time; 0 when there are not two. */
int64_t recording_interval_ms(struct recording *r);

struct recording_row {
    int64_t at_ms;
    const double *values; /* for each column; NAN: none */
    struct csv_row raw;
};
/* RESULT_CLOSED: the end. A row with other than the header's number of cells is refused. */
FL_CHECK enum result recording_next(struct recording *r, struct recording_row *row, struct fault *fault);
