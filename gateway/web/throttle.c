/* The login throttle (see throttle.h). A table with a fixed number of rows keyed by a hash of what is counted, so that
 * names of any length cost the same and an attacker who invents names only pushes out the oldest rows; the row of his
 * address is touched with each attempt and stays. Used by the password pool's threads under one mutex.
 *
 * Left: locking an account whatever the address (that lets anyone lock a colleague out), and keeping the table across a
 * restart (a restart is rarer than five guesses). */
#include "web/throttle.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"

struct row {
    uint8_t key[SHA256_BYTES];
    int64_t failures, touched_ms, blocked_until_ms;
    uint64_t used; /* rises with each use of any row */
    bool is_used;
};
struct throttle {
    pthread_mutex_t mutex;
    uint8_t salt[16];
    uint64_t uses;
    struct row rows[THROTTLE_ENTRIES];
};

struct throttle *throttle_new(void) {
    struct throttle *throttle = mem_alloc(sizeof *throttle);
    pthread_mutex_init(&throttle->mutex, NULL);
    random_bytes(throttle->salt, sizeof throttle->salt);
    return throttle;
}

void throttle_free(struct throttle *throttle) {
    if (throttle == NULL) {
        return;
    }
    pthread_mutex_destroy(&throttle->mutex);
    free(throttle);
}

static void key_of(const struct throttle *throttle, const char *account, const char *address,
                   uint8_t out[SHA256_BYTES]) {
    struct buf text;
    buf_init(&text, 4096);
    buf_add(&text, throttle->salt, sizeof throttle->salt);
    buf_str(&text, address);
    buf_add_u8(&text, 0);
    buf_add(&text, account, strnlen(account, 512));
    sha256(text.data, text.count, out);
    buf_fini(&text);
}

/* The row of a key; a new one takes the place of the row that was not touched for longest. */
static struct row *row_of(struct throttle *throttle, const uint8_t key[SHA256_BYTES], int64_t mono_ms) {
    struct row *oldest = &throttle->rows[0];
    for (size_t i = 0; i < THROTTLE_ENTRIES; i++) {
        struct row *row = &throttle->rows[i];
        if (row->is_used && memcmp(row->key, key, SHA256_BYTES) == 0) {
            if (mono_ms - row->touched_ms > THROTTLE_FORGET_MS) {
                row->failures = 0;
                row->blocked_until_ms = 0;
            }
            row->used = ++throttle->uses;
            return row;
        }
        if (oldest->is_used && (!row->is_used || row->used < oldest->used)) {
            oldest = row;
        }
    }
    memset(oldest, 0, sizeof *oldest);
    memcpy(oldest->key, key, SHA256_BYTES);
    oldest->is_used = true;
    oldest->touched_ms = mono_ms;
    oldest->used = ++throttle->uses;
    return oldest;
}

static void count_failure(struct row *row, int64_t free_count, int64_t mono_ms) {
    row->failures++;
    row->touched_ms = mono_ms;
    if (row->failures < free_count) {
        return;
    }
    int64_t doublings = row->failures - free_count;
    int64_t delay = doublings > 20 ? THROTTLE_DELAY_MAX_MS : (int64_t)THROTTLE_DELAY_MS << doublings;
    row->blocked_until_ms = mono_ms + (delay > THROTTLE_DELAY_MAX_MS ? THROTTLE_DELAY_MAX_MS : delay);
}

int64_t throttle_try(struct throttle *throttle, const char *account, const char *address, int64_t mono_ms) {
    uint8_t pair_key[SHA256_BYTES], address_key[SHA256_BYTES];
    key_of(throttle, account, address, pair_key);
    key_of(throttle, "", address, address_key);
    pthread_mutex_lock(&throttle->mutex);
    struct row *by_address = row_of(throttle, address_key, mono_ms);
    struct row *by_pair = row_of(throttle, pair_key, mono_ms);
    int64_t until = by_pair->blocked_until_ms > by_address->blocked_until_ms ? by_pair->blocked_until_ms
                                                                             : by_address->blocked_until_ms;
    int64_t wait = until > mono_ms ? until - mono_ms : 0;
    if (wait == 0) {
        count_failure(by_pair, THROTTLE_FREE_PAIR, mono_ms);
        count_failure(by_address, THROTTLE_FREE_ADDRESS, mono_ms);
    }
    pthread_mutex_unlock(&throttle->mutex);
    return wait;
}

void throttle_was_right(struct throttle *throttle, const char *account, const char *address) {
    uint8_t pair_key[SHA256_BYTES], address_key[SHA256_BYTES];
    key_of(throttle, account, address, pair_key);
    key_of(throttle, "", address, address_key);
    pthread_mutex_lock(&throttle->mutex);
    for (size_t i = 0; i < THROTTLE_ENTRIES; i++) {
        struct row *row = &throttle->rows[i];
        if (row->is_used && memcmp(row->key, pair_key, SHA256_BYTES) == 0) {
            row->is_used = false;
        } else if (row->is_used && memcmp(row->key, address_key, SHA256_BYTES) == 0 && row->failures > 0) {
            row->failures--;
            if (row->failures < THROTTLE_FREE_ADDRESS) {
                row->blocked_until_ms = 0;
            }
        }
    }
    pthread_mutex_unlock(&throttle->mutex);
}
