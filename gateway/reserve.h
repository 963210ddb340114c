/* Room on the disk that is kept for the hour when there is none: a file of its own, given up when the store cannot
 * write any more. Alarms, tickets, sessions and audit then go on in that room, telemetry and logs wait with their
 * products (nothing of it is acknowledged). When the disk has room again the file is made anew and everything is taken.
 *
 * Pipeline thread; core.is_short_of_disk tells the stages. */
#pragma once
#include "fieldline/bytes.h"

struct reserve;
/* Makes the file of `bytes` beside the store (0: no reserve). A disk without room for it now is a warning in the log,
 * not a reason to stay down: reserve_is_whole says so. */
struct reserve *reserve_open(const char *path, int64_t bytes);
void reserve_close(struct reserve *reserve); /* the file stays */
bool reserve_is_whole(const struct reserve *reserve);
/* Gives the room up; nothing happens when that was done before. */
void reserve_release(struct reserve *reserve);
/* Makes the file again, now and then, once the disk has room for it and RESERVE_MARGIN_BYTES more. True: it is whole.
 */
bool reserve_restore(struct reserve *reserve, int64_t now_mono_ms);
/* Bytes that the store's disk still has for us; -1: cannot be told. */
int64_t reserve_disk_free(const struct reserve *reserve);

enum { RESERVE_MARGIN_BYTES = 16 * 1024 * 1024, RESERVE_TRY_EVERY_MS = 2000 };
