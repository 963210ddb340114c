/* Any bytes as topic and payload: everything up to the first line feed is the topic (which so may hold anything else),
 * the rest the payload. For thin-edge, mapped JSON and whatever nobody knows. */
#include "adapter_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static struct adapters *a; /* made once: it takes longer than a message */
    if (!a)
        a = adapters_of("[thin-edge x]\nmodel = {type}\nzone = UTC\nmetric temp = t | Cel\n"
                        "[thin-edge y]\ntopic = {site}/te\nmodel = m\n"
                        "[json s]\ntopic = s/{name}\ndevice = aa-{name}\nmodel = m\nonline = $ | on off\n"
                        "[json r]\ntopic = r/{name}/{q}\ndevice = bb-{name}--{q}\nmodel = m\ntime = t\n"
                        "metric {q}/{name} = v | W | x2 a=1\nmetric * = all\nfault x-{q} = f[0] | 1 true\n"
                        "serial = s\nfirmware = $\n");
    const uint8_t *end = count > 0 ? memchr(bytes, '\n', count) : NULL;
    const size_t topic = end ? (size_t)(end - bytes) : count;
    const uint8_t *payload = end ? end + 1 : bytes + count;
    const size_t left = count - topic - (end != NULL);
    /* a copy, so that a read beyond the topic's end is seen */
    char *copy = mem_alloc(topic + 1);
    if (topic > 0)
        memcpy(copy, bytes, topic);
    offer(a, copy, topic, left > 0 ? payload : (const uint8_t *)"", left, false);
    offer(a, copy, topic, left > 0 ? payload : (const uint8_t *)"", left, true);
    free(copy);
    adapters_forget(a);
    return 0;
}
