/* What one would build without thinking: a table (series, ts, value) WITHOUT ROWID, a chart by GROUP BY. */
#pragma once
#include "series.h"

/* Writes the series to such a table in a file of its own and asks for the chart; the file is removed. */
FL_CHECK bool rows_chart_us(const struct series *series, int pixels, int64_t *us);
