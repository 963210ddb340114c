/* A disk that forgets what was not synced, below one folder: what a power cut leaves.
 *
 * Replaces open, pwrite, ftruncate, fdatasync, fsync and unlink of this test program at link time. Files are written
 * for real; beside them it keeps what the disk would have. Between two syncs the kernel writes back when and what it
 * likes, sector by sector, and so does power_write_back. */
#pragma once
#include <stdint.h>

void power_begin(const char *folder, unsigned seed);
void power_end(void);
/* The kernel writes back some sectors of some files, and some entries of folders. */
void power_write_back(void);
/* Whoever had files open has let go of them: now each file becomes what the disk has, with a random part of what was
 * on the way. */
void power_cut(void);
/* The next calls that would change or sync a file fail with `error` (ENOSPC, EROFS, EIO); 0: all is well again. */
void power_fail(int error);
uint64_t power_sync_count(void);
