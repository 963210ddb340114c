/* Two clocks, never mixed: mono_ms for waiting, wall_ms for showing. `event_ms` in other headers is the wall time at
 * which a product measured; it comes from messages, never from here. All are milliseconds; wall is since 1970 UTC. */
#pragma once
#include <stdint.h>

int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
int64_t clock_wall_ms(void);
/* Like mono_ms, and goes on while the machine sleeps: the one to compare with the wall clock. */
int64_t clock_since_boot_ms(void);
/* "2026-11-22T01:05:49.123Z" */
void clock_print(int64_t wall_ms, char out[32]);
/* This boot of this machine, as a UUID text (Linux: /proc/sys/kernel/random/boot_id). */
void clock_boot_id(char out[37]);
