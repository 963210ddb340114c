/* Any bytes as a topic. What is accepted is exactly what we would write. */
#include <stdlib.h>
#include <string.h>

#include "fieldline/topic.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count) {
    struct topic topic;
    struct fault fault = {""};
    char text[CAP_TOPIC_BYTES + 1];
    if (topic_parse((const char *)bytes, count, &topic, &fault) == RESULT_OK) {
        topic_format(topic.device, topic.kind, text);
        if (strlen(text) != count || memcmp(text, bytes, count) != 0)
            abort();
    } else if (!fault.text[0]) {
        abort();
    }
    /* Random bytes hardly ever meet a hash, so the id alone is tried too. */
    if (count < sizeof text && device_id_valid((const char *)bytes, count)) {
        char device[CAP_DEVICE_ID_BYTES + 1] = "";
        memcpy(device, bytes, count);
        topic_format(device, TOPIC_UP_EVENT, text);
        if (topic_parse(text, strlen(text), &topic, NULL) != RESULT_OK || strcmp(topic.device, device) != 0)
            abort();
    }
    return 0;
}
