/* SQLite's file system with one failure: the Nth call that can fail does, once, and everything after it works again.
 * Registered as the default, so that the store under test opens its files through it. One thread. */
#pragma once

enum {
    FAILING_DISK_IO,  /* any call, with an error of its own */
    FAILING_DISK_FULL /* a write, for want of room; only writes count */
};

void failing_disk_install(void);
/* nth 1: the next call. 0: nothing fails. */
void failing_disk_arm(int nth, int how);
int failing_disk_calls(void); /* since it was armed */
