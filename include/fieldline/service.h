/* Tells the service manager how we are (systemd's sd_notify protocol: a datagram to $NOTIFY_SOCKET). */
#pragma once

/* "READY=1", "STOPPING=1", "WATCHDOG=1", "STATUS=...". Does nothing when nobody wants to know; never fails. */
void service_notify(const char *state);
/* Milliseconds between WATCHDOG=1 that the manager expects ($WATCHDOG_USEC, half of it); 0: it expects none. */
long service_watchdog_ms(void);
