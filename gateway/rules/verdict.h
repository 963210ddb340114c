/* Does an expected alert of a test file name one that fired? */
#pragma once
#include "rules/device.h"
#include "rules/document.h"

struct verdict_file {
    const struct document *doc;
    const char *path;
    struct problems *problems; /* where the test file itself is wrong */
};
struct fired {
    struct rule_raised raised;
    const char *device;
    bool is_expected;
};

/* `at` is an entry of exp_alerts. Its labels must be all of the alert's; of its annotations each must be as it says.
 * Takes the first that fits and marks it. What is amiss is appended to `why`. */
bool verdict_match(const struct verdict_file *file, yaml_at at, struct fired *fired, size_t fired_count,
                   struct buf *why);
/* {severity="major", part="x"} */
void verdict_describe(const struct fired *fired, struct buf *out);
