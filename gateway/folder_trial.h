/* What the rules folder, as it is now, would do in place of the rules in use: the dry run that the console shows before
 * somebody reloads. On a reader thread. */
#pragma once
#include "fieldline/json.h"
#include "trial.h"

enum { FOLDER_TRIAL_DEVICES = 10 /* of each model, the first ones: an answer within seconds */ };
#define FOLDER_TRIAL_MS (INT64_C(7) * 24 * 3600 * 1000)

/* Appends an object: sound (with problems when it is not), changed, and of packs that are changed tickets, devices,
 * samples, appear, vanish, stay, report. The store's failures are results. */
FL_CHECK enum result folder_trial(const char *rules_dir, struct reader *reader, const struct packs *in_use,
                                  struct json_out *out, struct fault *fault);
