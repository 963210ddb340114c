/* What an author of packs types: `rules check DIR` and `rules test FILE|DIR`. Blocks on files; no state stays behind.
 */
#pragma once
#include "fieldline/bytes.h"

/* Loads one pack (a folder with a pack.yaml) or every pack of a folder and appends to `report` one line a problem, or
 * one line a sound pack ("vaccine-freezer: 11 metrics, 8 rules, ..."). RESULT_BAD_INPUT when anything was wrong. */
FL_CHECK enum result pack_check(const char *dir, struct buf *report);

/* Runs a test file in promtool's format, or the tests.yaml of a pack folder, or of every pack of a folder. Counts each
 * expectation (one alert_rule_test entry) once; a failed one is explained in `report` with file, line, what was
 * expected and what fired. RESULT_BAD_INPUT when a file could not be read or is not a test file; failed expectations
 * alone are RESULT_OK with *failed > 0. */
FL_CHECK enum result rules_test(const char *path, struct buf *report, int *passed, int *failed);
