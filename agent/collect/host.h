/* The machine itself as a source of samples. Names, units and parts are those of rules/linux-gateway/pack.yaml:
 * cpu_busy_ratio load_1m memory_available_ratio disk_used_ratio/MOUNT temperature/ZONE network_rx_bytes/IF
 * network_tx_bytes/IF network_rx_errors/IF storage_errors/DEVICE storage_life_used/CARD uptime_seconds. What the machine does not have is not reported. */
#pragma once
#include "collect/sink.h"

struct host;
/* `root` stands before /proc and /sys ("" outside tests); mounts ends with NULL and lives longer than the host. */
struct host *host_new(const char *root, char *const *mounts);
void host_free(struct host *host);
/* Everything that is due; disks, storage and uptime at most once a minute. The CPU's share is the one since the last call. */
void host_measure(struct host *host, int64_t mono_ms, int64_t wall_ms, const struct sink *sink);
