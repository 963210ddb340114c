/* A small Linux machine in a cabinet, with an eMMC card and two interfaces: eth0 to the world, eth1 to the machines.
 *
 * What makes such a machine's figures vary: shifts of the plant, jobs of the night (backup, log rotation), updates that
 * fill the disk and are cleaned up, services that are restarted each week and give their memory back. Faults: logs that
 * nobody rotates, a service that keeps memory, a fan that clogs, a plug that corrodes, a card that wears out. Available
 * memory and the disk are bounded at 0 and 1: there the machine has failed. Left out: swap, several cores, inodes. */
#include <math.h>
#include <stdbool.h>

#include "kinds.h"

enum { DISK, MEMORY, FAN, LINK, CARD, FAULTS };
enum { STEP_S = 30 };

#define DAY_S    86400.0
#define HOT_C    95.0 /* it throttles */
#define CARD_END 1.02

struct linux_gateway {
    struct specimen base;
    struct climate climate;
    double room_c, room_share, idle_k, base_busy, plant_busy, closes_h;
    double root_used, data_used, update_used, log_used, log_a_day, data_a_day;
    double memory_base, service_used, service_a_day, job_used;
    double busy, load, chip_c, job_s, uptime_s, life_used, life_a_day;
    double rx[2], tx[2], errors, disk_errors;
};

static void init(void *self) {
    struct linux_gateway *g = self;
    struct dice *d = &g->base.dice;
    g->climate = climate_of(d);
    g->room_c = dice_uniform(d, 18, 28);
    g->room_share = dice_uniform(d, 0.05, 0.4);
    g->idle_k = dice_uniform(d, 12, 24);
    g->base_busy = dice_uniform(d, 0.03, 0.15);
    g->plant_busy = dice_uniform(d, 0.05, 0.35);
    g->closes_h = dice_uniform(d, 16, 24);
    g->root_used = dice_uniform(d, 0.3, 0.72);
    g->data_used = dice_uniform(d, 0.1, 0.75);
    g->log_a_day = dice_uniform(d, 0.005, 0.03);
    g->data_a_day = dice_uniform(d, 0, 0.002);
    g->memory_base = dice_uniform(d, 0.35, 0.75);
    g->service_a_day = dice_uniform(d, 0, 0.012); /* what a service takes more each day until its restart on Sunday */
    g->life_used = dice_uniform(d, 0.02, 0.6);
    g->life_a_day = dice_uniform(d, 0.0001, 0.0004);
    g->chip_c = g->room_c + g->idle_k;
    g->uptime_s = dice_uniform(d, 60, 50 * DAY_S);
}

static void files(struct linux_gateway *g) {
    struct dice *d = &g->base.dice;
    const double *wear = g->base.wear;
    double days = STEP_S / DAY_S;
    g->log_used += g->log_a_day * days * (0.5 + g->busy * 2);
    if (fmod(g->base.at_s, DAY_S) < STEP_S) /* midnight: logs are compressed, the old ones go */
        g->log_used = fmin(g->log_used, g->log_a_day) * 0.15;
    g->data_used += g->data_a_day * days;
    if (dice_happens(d, STEP_S, 10 * DAY_S)) /* packages, downloaded and unpacked */
        g->update_used = dice_uniform(d, 0.02, 0.08);
    g->update_used *= 1 - STEP_S / 14400.0;
    g->life_used = fmax(g->life_used + g->life_a_day * days, (CARD_END + 0.01) * wear[CARD]);
    if (wear[CARD] > 0.9 && dice_happens(d, STEP_S, DAY_S * (1.01 - wear[CARD]) * 4))
        g->disk_errors += floor(dice_uniform(d, 1, 9));
}

static void work(struct linux_gateway *g) {
    struct dice *d = &g->base.dice;
    double hour = climate_hour(g->base.at_s);
    bool is_plant = climate_weekday(g->base.at_s) < 5 && hour > 6 && hour < g->closes_h;
    g->job_s -= STEP_S;
    if (g->job_s <= 0 && dice_happens(d, STEP_S, 6 * 3600)) {
        g->job_s = dice_uniform(d, 60, 900);
        g->job_used = dice_uniform(d, 0.02, 0.15);
    }
    bool is_backup = hour > 2 && hour < 2.6;
    double wanted = g->base_busy + (is_plant ? g->plant_busy : 0) + (g->job_s > 0 ? 0.4 : 0) + (is_backup ? 0.5 : 0);
    g->busy += (fmin(0.97, wanted) - g->busy) * 0.5 + dice_noise(d, 0.02);
    g->busy = fmax(0.005, fmin(1, g->busy));
    g->load += (4 * g->busy - g->load) * 0.4;
    g->service_used += g->service_a_day * STEP_S / DAY_S;
    if (climate_weekday(g->base.at_s) == 6 && fabs(hour - 4) < 0.01)
        g->service_used = 0;
    double packets = STEP_S * (is_plant ? 90 : 4) * dice_uniform(d, 0.7, 1.3);
    g->rx[0] += STEP_S * dice_uniform(d, 800, 2000) + (is_backup ? 4e6 : 0);
    g->tx[0] += packets * 220 + (is_backup ? 6e7 : 0);
    g->rx[1] += packets * 340;
    g->tx[1] += packets * 120;
    double broken = packets * 0.02 * pow(g->base.wear[LINK], 2);
    g->errors +=
        floor(broken) + dice_happens(d, broken - floor(broken), 1) + (dice_happens(d, STEP_S, 4 * DAY_S) ? 3 : 0);
}

static void step(void *self) {
    struct linux_gateway *g = self;
    double outdoor = climate_step(&g->climate, &g->base.dice, g->base.at_s, STEP_S);
    work(g);
    files(g);
    double room = g->room_c + g->room_share * (outdoor - 12);
    double clogged = 1 + 2.2 * g->base.wear[FAN];
    g->chip_c += (room + (g->idle_k + 22 * g->busy) * clogged - g->chip_c) * STEP_S / 300;
    g->uptime_s += STEP_S;
}

static double root_used(const struct linux_gateway *g) {
    return fmin(1, g->root_used + g->log_used + g->update_used + (1.02 - g->root_used) * g->base.wear[DISK]);
}

static double memory_available(const struct linux_gateway *g) {
    double job = g->job_s > 0 ? g->job_used : 0;
    return fmax(0, g->memory_base - g->service_used - job - g->memory_base * g->base.wear[MEMORY]);
}

enum {
    BUSY,
    LOAD,
    AVAILABLE,
    DISK_ROOT,
    DISK_DATA,
    CHIP,
    RX_0,
    RX_1,
    TX_0,
    TX_1,
    ERRORS_0,
    ERRORS_1,
    DISK_ERRORS,
    LIFE,
    UPTIME,
    SERIES
};
static const struct specimen_series series[SERIES] = {
    [BUSY] = {"cpu_busy_ratio", "", 1},
    [LOAD] = {"load_1m", "", 1},
    [AVAILABLE] = {"memory_available_ratio", "", 1},
    [DISK_ROOT] = {"disk_used_ratio", "root", 2},
    [DISK_DATA] = {"disk_used_ratio", "data", 2},
    [CHIP] = {"temperature", "cpu-thermal", 1},
    [RX_0] = {"network_rx_bytes", "eth0", 1},
    [RX_1] = {"network_rx_bytes", "eth1", 1},
    [TX_0] = {"network_tx_bytes", "eth0", 1},
    [TX_1] = {"network_tx_bytes", "eth1", 1},
    [ERRORS_0] = {"network_rx_errors", "eth0", 1},
    [ERRORS_1] = {"network_rx_errors", "eth1", 1},
    [DISK_ERRORS] = {"storage_errors", "mmcblk0p2", 2},
    [LIFE] = {"storage_life_used", "mmcblk0", 2},
    [UPTIME] = {"uptime_seconds", "", 2},
};

static void read(void *self, double *v) {
    struct linux_gateway *g = self;
    struct specimen *s = &g->base;
    v[BUSY] = round(g->busy * 1e4) / 1e4;
    v[LOAD] = round(g->load * 100) / 100;
    v[AVAILABLE] = specimen_sense(s, memory_available(g), 0.002, 1e-4);
    v[DISK_ROOT] = round(root_used(g) * 1e4) / 1e4;
    v[DISK_DATA] = round(fmin(1, g->data_used) * 1e4) / 1e4;
    v[CHIP] = specimen_sense(s, g->chip_c, 0.5, 0.5);
    for (int i = 0; i < 2; i++) {
        v[RX_0 + i] = round(g->rx[i]);
        v[TX_0 + i] = round(g->tx[i]);
    }
    v[ERRORS_0] = 0;
    v[ERRORS_1] = g->errors;
    v[DISK_ERRORS] = g->disk_errors;
    v[LIFE] = fmin(1.1, ceil(g->life_used * 10) / 10);
    v[UPTIME] = g->uptime_s;
}

static void restart(void *self) {
    struct linux_gateway *g = self;
    g->uptime_s = g->errors = g->service_used = 0;
    for (int i = 0; i < 2; i++)
        g->rx[i] = g->tx[i] = 0;
}

static bool has_failed(const void *self, size_t fault) {
    const struct linux_gateway *g = self;
    switch (fault) {
    case DISK: return root_used(g) >= 0.999;
    case MEMORY: return memory_available(g) <= 0.005;
    case FAN: return g->chip_c > HOT_C;
    case CARD: return g->life_used > CARD_END;
    default: return false;
    }
}

static const struct specimen_fault faults[FAULTS] = {
    [DISK] = {"disk_fills", 8, 0, 50, "DiskFillsUp"},    [MEMORY] = {"memory_leak", 5, 0, 90, "MemoryLeaks"},
    [FAN] = {"fan", 30, 0, 170, "RunsWarmer"},           [LINK] = {"link_errors", 12, 0, 230, "LinkErrors"},
    [CARD] = {"flash_wear", 40, 0, 280, "FlashWornOut"},
};

const struct specimen_kind specimen_linux_gateway = {
    .model = "linux-gateway",
    .interval_s = STEP_S,
    .series = series,
    .series_count = SERIES,
    .faults = faults,
    .fault_count = FAULTS,
    .bytes = sizeof(struct linux_gateway),
    .init = init,
    .step = step,
    .read = read,
    .restart = restart,
    .has_failed = has_failed,
};
