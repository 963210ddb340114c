/* Devices whose rules hold log lines or events back until telemetry has reached their time (rule_device_waiting_ms).
 * When no telemetry comes for LOG_WAIT_MS, none of before is to be expected and they are evaluated. A backlog that is
 * still coming in is waited for, however long. */
#pragma once
#include <stdint.h>

#include "fieldline/result.h"
#include "normalize/device.h"

enum { LOG_WAIT_MS = 5000 };
struct core;
struct log_wait {
    struct device *first; /* through device->log_wait.next */
};
/* Lines or events have come, or were read back: puts the device on the list when some wait. */
void log_wait_note(struct log_wait *wait, struct device *device, int64_t now_mono_ms);
/* In a transaction, about once a second. */
FL_CHECK enum result log_wait_tick(struct core *core);
