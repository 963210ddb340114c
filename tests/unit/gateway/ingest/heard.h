/* Adapters with a mapping of the test's own, and a sink that writes down what they say, a line for each statement:
 *
 *   te-x room-sensor online temperature=21@5000 current/L1=9A@5000 +E17(text) -E18() note(text) !reason serial=S
 * firmware=F
 */
#pragma once
#include "ingest/adapters/adapters.h"

struct heard {
    struct adapters *adapters;
    char said[16384];
    char device[CAP_DEVICE_ID_BYTES + 1]; /* of the newest message */
    char asked[256];                      /* topic of the newest request */
    int asks;
    struct fault fault;
    int64_t mono_ms;
};
struct heard *heard_new(const char *mapping);
void heard_free(struct heard *h);
/* Feeds one message; what was said before is forgotten. The wall clock stands at HEARD_MS. */
#define HEARD_MS 1700000000000
enum result heard_bytes(struct heard *h, const char *topic, const void *payload, size_t bytes, bool is_retained);
enum result heard_text(struct heard *h, const char *topic, const char *payload);
