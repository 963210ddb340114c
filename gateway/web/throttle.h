/* Slows password guessing down: attempts are counted by account and address together, and by address alone. A fixed
 * amount of memory, whatever comes. Thread safe. */
#pragma once
#include <stdint.h>

enum {
    THROTTLE_FREE_PAIR = 5,     /* wrong attempts on one account from one address before waiting begins */
    THROTTLE_FREE_ADDRESS = 30, /* on any accounts from one address */
    THROTTLE_DELAY_MS = 1000,   /* the first wait; each wrong attempt more doubles it */
    THROTTLE_DELAY_MAX_MS = 5 * 60 * 1000,
    THROTTLE_FORGET_MS = 15 * 60 * 1000, /* quiet for this long: forgotten */
    THROTTLE_ENTRIES = 4096              /* the one not touched for longest gives way */
};
struct throttle;
struct throttle *throttle_new(void);
void throttle_free(struct throttle *throttle);
/* May this attempt be made? 0: yes, and it counts as wrong until throttle_was_right, so that attempts made at the same
 * moment cannot outrun the count. Otherwise: milliseconds to wait; nothing is counted. */
int64_t throttle_try(struct throttle *throttle, const char *account, const char *address, int64_t mono_ms);
/* The attempt was right: forgets the account's wrong ones from this address, and takes this one back from the address.
 */
void throttle_was_right(struct throttle *throttle, const char *account, const char *address);
