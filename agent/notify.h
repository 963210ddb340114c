/* Tells systemd how we are, when it asked to be told (NOTIFY_SOCKET). */
#pragma once
#include <stdint.h>

/* "READY=1", "STOPPING=1", "WATCHDOG=1", ... Does nothing without a socket. */
void notify_send(const char *state);
/* How often WATCHDOG=1 is due, half of what systemd allows; 0: it does not watch. */
int64_t notify_watchdog_ms(void);
