/* Any bytes as the payloads of one Sparkplug node: a list of messages, each one byte of kind, two of length, and as
 * many bytes as there are. Later messages meet what earlier ones have taught. */
#include "adapter_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static const char *const topics[] = {"spBv1.0/g/NBIRTH/n",   "spBv1.0/g/NDATA/n",   "spBv1.0/g/NDEATH/n",
                                         "spBv1.0/g/DBIRTH/n/d", "spBv1.0/g/DDATA/n/d", "spBv1.0/g/DDEATH/n/d",
                                         "spBv1.0/g/DBIRTH/n/e", "spBv1.0/g/DDATA/n/e"};
    static struct adapters *a; /* made once: it takes longer than a message */
    if (!a)
        a = adapters_of("[sparkplug x]\nmodel = m\nmetric temp = Temp | Cel | on=1\nfault leak = Leak | true\n");
    struct cursor c = cursor_of(bytes, count);
    uint8_t kind, high, low;
    while (cursor_u8(&c, &kind) && cursor_u8(&c, &high) && cursor_u8(&c, &low)) {
        const size_t wanted = (size_t)high << 8 | low, chars = wanted < c.left ? wanted : c.left;
        const uint8_t *payload = (const uint8_t *)"";
        if (chars > 0 && !cursor_take(&c, chars, &payload))
            break;
        const char *topic = topics[kind % (sizeof topics / sizeof *topics)];
        offer(a, topic, strlen(topic), payload, chars, (kind & 0x80) != 0);
    }
    adapters_forget(a);
    return 0;
}
