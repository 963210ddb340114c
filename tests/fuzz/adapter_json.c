/* Any bytes as a payload on topics whose mapping looks everywhere in it. */
#include "adapter_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    static const char *const topics[] = {"r/a/b",
                                         "s/a",
                                         "te/device/x///m/a",
                                         "te/device/x///a/b",
                                         "te/device/x///e/b",
                                         "te/device/x//",
                                         "te/device/x///twin/name",
                                         "te/device/x///twin/firmware",
                                         "te/device/x/service/s/status/health"};
    static struct adapters *a; /* made once: it takes longer than a message */
    if (!a)
        a = adapters_of("[thin-edge x]\nmodel = m\nmetric temp = a.t | Cel\nfault leak = leak | 1\n"
                        "[json s]\ntopic = s/{name}\ndevice = aa-{name}\nmodel = m\nonline = $ | on off\n"
                        "metric x = $ | | on=1\n"
                        "[json r]\ntopic = r/{name}/{q}\ndevice = bb-{name}--{q}\nmodel = m\ntime = t\n"
                        "metric {q}/{name} = a[1].v | W | x2 a=1\nmetric power = ENERGY.Power | W\n"
                        "metric * = all\nfault x-{q} = f[0] | 1 true\nserial = s\nfirmware = $\n");
    for (size_t i = 0; i < sizeof topics / sizeof *topics; i++)
        offer(a, topics[i], strlen(topics[i]), count > 0 ? bytes : (const uint8_t *)"", count, i % 2 == 1);
    adapters_forget(a);
    return 0;
}
