/* The machine's two clocks and its boot id.
 *
 * Not a time library: no zones, no calendars (tickets have their own, from their calendars' files). Waiting is measured
 * on CLOCK_MONOTONIC, which no operator and no NTP step can move. CLOCK_BOOTTIME was left for that: the agent's
 * machines may sleep, and a deadline that passed during sleep is better noticed a moment later than all at once by
 * every timer. */
#include "fieldline/clock.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fieldline/bytes.h"

static int64_t clock_us(clockid_t id) {
    struct timespec now = {0};
    clock_gettime(id, &now); /* cannot fail for these clocks */
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t clock_mono_us(void) {
    return clock_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void) {
    return clock_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_since_boot_ms(void) {
    return clock_us(CLOCK_BOOTTIME) / 1000;
}

int64_t clock_wall_ms(void) {
    return clock_us(CLOCK_REALTIME) / 1000;
}

void clock_print(int64_t wall_ms, char out[32]) {
    int64_t seconds = wall_ms / 1000, ms = wall_ms % 1000;
    if (ms < 0) {
        ms += 1000;
        seconds--;
    }
    time_t when = (time_t)seconds;
    struct tm utc;
    if (!gmtime_r(&when, &utc) || utc.tm_year > 8099 || utc.tm_year < -900) {
        snprintf(out, 32, "%lld", (long long)wall_ms); /* no calendar date of four digits: the number itself */
        return;
    }
    char date[24];
    strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &utc);
    snprintf(out, 32, "%s.%03dZ", date, (int)ms);
}

static char boot_id[37];

/* Where the kernel does not tell (a container without /proc), an id made now: a restart then looks like a reboot, which
 * is the safe mistake, because no monotonic time is carried over. */
static void boot_id_read(void) {
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    char text[37] = "";
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof text - 1);
    if (fd >= 0)
        close(fd);
    if (got == 36 && uuid_valid(text))
        memcpy(boot_id, text, sizeof boot_id);
    else
        uuid_make(boot_id);
}

void clock_boot_id(char out[37]) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, boot_id_read);
    memcpy(out, boot_id, sizeof boot_id);
}
