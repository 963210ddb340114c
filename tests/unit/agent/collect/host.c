/* The host collector on a made-up machine. */
#include "collect/host.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../scratch.h"

struct out {
    char text[4096];
};

static void on_sample(void *self, const struct senml_record *r) {
    struct out *o = self;
    size_t used = strlen(o->text);
    snprintf(o->text + used, sizeof o->text - used, "%s%s%s[%s]=%g\n", r->metric, r->part[0] ? "/" : "", r->part,
             r->unit, r->value);
    cr_expect_eq(r->event_ms, 7777);
}

static const char *measure(struct host *host, int64_t mono_ms, struct out *o) {
    struct sink sink = {.self = o, .sample = on_sample};
    o->text[0] = '\0';
    host_measure(host, mono_ms, 7777, &sink);
    return o->text;
}

static void folders(const char *const *names) {
    for (; *names != NULL; names++) {
        cr_assert_eq(mkdir(scratch_path(*names), 0700), 0, "%s", *names);
    }
}

static void make_machine(void) {
    static const char *const names[] = {"proc",
                                        "sys",
                                        "sys/class",
                                        "sys/fs",
                                        "sys/fs/ext4",
                                        "sys/fs/ext4/mmcblk0p2",
                                        "sys/fs/ext4/features",
                                        "sys/block",
                                        "sys/block/mmcblk0",
                                        "sys/block/mmcblk0/device",
                                        "sys/block/mmcblk1",
                                        "sys/block/mmcblk1/device",
                                        "sys/class/net",
                                        "sys/class/net/eth0",
                                        "sys/class/net/eth0/statistics",
                                        "sys/class/net/lo",
                                        "sys/class/net/lo/statistics",
                                        "sys/class/thermal",
                                        "sys/class/thermal/thermal_zone0",
                                        "sys/class/thermal/thermal_zone1",
                                        "sys/class/thermal/cooling_device0",
                                        NULL};
    folders(names);
    scratch_write("proc/stat", "cpu  100 0 100 700 100 0 0 0 0 0\ncpu0 1 2 3\n");
    scratch_write("proc/loadavg", "0.52 0.58 0.59 1/467 12345\n");
    scratch_write("proc/meminfo", "MemTotal:  4000000 kB\nMemFree:  1 kB\nMemAvailable:  1000000 kB\n");
    scratch_write("proc/uptime", "3600.25 1000.00\n");
    scratch_write("sys/class/net/eth0/statistics/rx_bytes", "123456\n");
    scratch_write("sys/class/net/eth0/statistics/tx_bytes", "654321\n");
    scratch_write("sys/class/net/eth0/statistics/rx_errors", "7\n");
    scratch_write("sys/fs/ext4/mmcblk0p2/errors_count", "3\n");
    scratch_write("sys/block/mmcblk0/device/life_time", "0x02 0x0a\n");
    scratch_write("sys/block/mmcblk1/device/life_time", "0xzz 0x01\n");
    scratch_write("sys/class/net/lo/statistics/rx_bytes", "9\n");
    scratch_write("sys/class/thermal/thermal_zone0/temp", "42500\n");
    scratch_write("sys/class/thermal/thermal_zone0/type", "cpu thermal\n");
    scratch_write("sys/class/thermal/thermal_zone1/temp", "-5000\n");
    scratch_write("sys/class/thermal/thermal_zone1/type", "cpu thermal\n");
}

Test(host, everything_a_machine_has, .fini = scratch_remove) {
    char *const mounts[] = {NULL};
    struct out o;
    struct host *host = host_new(scratch_make(), mounts);
    make_machine();
    const char *first = measure(host, 0, &o);
    cr_expect_null(strstr(first, "cpu_busy_ratio"), "a share of time needs two looks");
    static const char *const wanted[] = {"load_1m[]=0.52\n",
                                         "memory_available_ratio[/]=0.25\n",
                                         "uptime_seconds[s]=3600.25\n",
                                         "network_rx_bytes/eth0[B]=123456\n",
                                         "network_tx_bytes/eth0[B]=654321\n",
                                         "network_rx_errors/eth0[count]=7\n",
                                         "storage_errors/mmcblk0p2[count]=3\n",
                                         "storage_life_used/mmcblk0[/]=1\n"};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        cr_expect_not_null(strstr(first, wanted[i]), "%s in\n%s", wanted[i], first);
    }
    cr_expect_null(strstr(first, "storage_life_used/mmcblk1"), "no number is no life");
    cr_expect_null(strstr(first, "/lo["), "loop-back is nobody's network");
    cr_expect(strstr(first, "temperature/cpu-thermal[Cel]=") != NULL &&
                  strstr(first, "temperature/thermal_zone") != NULL,
              "two zones of one type are two parts:\n%s", first);

    scratch_write("proc/stat", "cpu  150 0 150 1350 150 0 0 0 0 0\n"); /* 100 of 800 were busy */
    const char *second = measure(host, 10000, &o);
    cr_expect_not_null(strstr(second, "cpu_busy_ratio[/]=0.125\n"), "%s", second);
    cr_expect_null(strstr(second, "uptime"), "slow ones once a minute");
    cr_expect_not_null(strstr(measure(host, 60000, &o), "uptime"));
    host_free(host);
}

Test(host, what_is_missing_or_broken_is_not_reported, .fini = scratch_remove) {
    char *const mounts[] = {(char *)"/no/such/mount", NULL};
    static const char *const names[] = {"proc", "sys", NULL};
    struct out o;
    struct host *host = host_new(scratch_make(), mounts);
    cr_expect_str_eq(measure(host, 0, &o), "", "nothing there at all");
    folders(names);
    scratch_write("proc/stat", "intr 5\n");
    scratch_write("proc/loadavg", "high\n");
    scratch_write("proc/meminfo", "MemTotal:  0 kB\nMemAvailable: 5 kB\n");
    scratch_write("proc/uptime", "\n");
    cr_expect_str_eq(measure(host, 60000, &o), "");
    host_free(host);
}

Test(host, this_machine) {
    char *const mounts[] = {(char *)"/", NULL};
    struct out o;
    char unit;
    double used = -1;
    struct host *host = host_new("", mounts);
    const char *at = strstr(measure(host, 0, &o), "disk_used_ratio/root[");
    cr_assert_not_null(at, "%s", o.text);
    cr_assert_eq(sscanf(at, "disk_used_ratio/root[%c]=%lf", &unit, &used), 2);
    cr_expect(used > 0 && used <= 1, "%g", used);
    host_free(host);
}
