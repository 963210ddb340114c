/* A detector that is new is a row here, and a file of its own beside. */
#include "rules/detect/detectors.h"

#include <string.h>

#include "rules/detect/anomaly.h"
#include "rules/detect/baseline.h"
#include "rules/detect/drift.h"
#include "rules/detect/duty_cycle.h"
#include "rules/detect/fleet_zscore.h"
#include "rules/detect/health.h"
#include "rules/detect/rul.h"
#include "rules/detect/run_hours.h"
#include "rules/detect/starts.h"

const struct detector_function detector_functions[] = {
    {"anomaly_score", &detect_anomaly, 0},
    {"baseline", &detect_baseline, 0},
    {"baseline_spread", &detect_baseline, 1},
    {"drift_score", &detect_drift, 0},
    {"duty_cycle", &detect_duty_cycle, 0},
    {"duty_cycle_known", &detect_duty_cycle, 1},
    {"fleet_zscore", &detect_fleet_zscore, 0},
    {"health", &detect_health, 0},
    {"health_input", &detect_health, 1},
    {"rul", &detect_rul, 0},
    {"rul_high", &detect_rul, 2},
    {"rul_low", &detect_rul, 1},
    {"run_hours", &detect_run_hours, 0},
    {"starts", &detect_starts, 0},
    {NULL, NULL, 0},
};

const struct detector_function *detector_find(const char *name, size_t chars) {
    for (const struct detector_function *f = detector_functions; f->name; f++)
        if (strlen(f->name) == chars && memcmp(f->name, name, chars) == 0)
            return f;
    return NULL;
}
