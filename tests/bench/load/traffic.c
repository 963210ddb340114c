/* Phases: warming up, measuring, waiting for the last acknowledgements. Sending stops when measuring does; a run with a
 * number of messages measures from the first to the last acknowledgement instead.
 *
 * Two ways of pacing. As fast as the windows allow: that finds the receiver's limit. By a rate (of telemetry, events,
 * alarms): each device has its own place in the schedule, and what is late because of a full window is late, counted
 * from when it was due.
 *
 * A turn of the loop is one device's burst at most, so that an event waits behind few messages of the generator's own.
 * epoll is edge-triggered: input is read until there is none, output is tried until it does not go. */
#include "traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/log.h"

enum { BURST = 8, READY_MAX = 64, IDLE_MS = 1, STALL_US = 30 * 1000 * 1000, TICK_US = 100 * 1000 };
enum phase { PHASE_WARM, PHASE_MEASURE, PHASE_LAST, PHASE_OVER };

struct traffic {
    struct load_options o;
    struct fleet fleet;
    struct tally tally;
    struct device *devices;
    const volatile uint64_t *counter; /* of bench-count; NULL: acknowledgements */
    int poll_fd;
    bool is_input_over;
    enum phase phase;
    size_t next; /* device, round robin */
    uint64_t sent, events, alarms;
    int64_t begun_us, phase_us, moved_us, ticked_us;
};

/* ---- setting up ---- */

static void watch(struct traffic *t, int fd, uint32_t events, uint64_t tag) {
    struct epoll_event e = {.events = events, .data.u64 = tag};
    if (epoll_ctl(t->poll_fd, EPOLL_CTL_ADD, fd, &e) != 0 && fd != STDIN_FILENO) /* a file cannot be watched */
        die("bench.load", "epoll: %s", strerror(errno));
}

static void map_counter(struct traffic *t) {
    const int fd = open(t->o.counter, O_RDONLY | O_CLOEXEC);
    void *at = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(uint64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED)
        die("bench.load", "%s: %s", t->o.counter, strerror(errno));
    close(fd);
    t->counter = at;
}

struct traffic *traffic_new(const struct load_options *options) {
    struct traffic *t = mem_alloc(sizeof *t);
    t->o = *options;
    t->devices = mem_alloc(sizeof *t->devices * (size_t)t->o.devices);
    t->fleet.tally = &t->tally;
    tally_init(&t->tally);
    payloads_init(&t->fleet.payloads, t->o.samples);
    buf_init(&t->fleet.packet, CAP_PAYLOAD_BYTES * 2);
    buf_init(&t->fleet.body, CAP_PAYLOAD_BYTES);
    t->poll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (t->o.counter)
        map_counter(t);
    for (int64_t i = 0; i < t->o.devices; i++) {
        device_open(&t->devices[i], &t->fleet, t->o.first + i, t->counter ? WINDOW_MAX : (size_t)t->o.window,
                    (int)t->o.port, t->o.pki);
        if (t->o.history_s)
            t->devices[i].begin_ms = (clock_wall_ms() / 1000 - t->o.history_s) * 1000;
        watch(t, t->devices[i].connection.fd, EPOLLIN | EPOLLOUT | EPOLLET, (uint64_t)i);
    }
    watch(t, STDIN_FILENO, EPOLLIN, UINT64_MAX);
    return t;
}

void traffic_free(struct traffic *t) {
    for (int64_t i = 0; i < t->o.devices; i++)
        device_close(&t->devices[i]);
    payloads_fini(&t->fleet.payloads);
    buf_fini(&t->fleet.packet);
    buf_fini(&t->fleet.body);
    tally_fini(&t->tally);
    close(t->poll_fd);
    free(t->devices);
    free(t);
}

/* ---- who may send ---- */

static bool is_sending(const struct traffic *t) {
    return t->phase <= PHASE_MEASURE;
}

/* How many messages of a device the schedule has by now; devices are spread over the interval. */
static uint64_t due_count(const struct traffic *t, size_t device, int64_t now_us) {
    if (!t->o.rate)
        return UINT64_MAX;
    const double each = (double)t->o.rate / (double)t->o.devices / 1e6;
    return (uint64_t)((double)(now_us - t->begun_us) * each + (double)device / (double)t->o.devices);
}

/* Number of a device's newest message that may be sent now, as far as time and number of messages go. */
static uint64_t newest(const struct traffic *t, size_t device, int64_t now_us) {
    if (!is_sending(t))
        return t->devices[device].bulk.window.highest_sent;
    const uint64_t due = due_count(t, device, now_us), most = (uint64_t)t->o.messages;
    return most && most < due ? most : due;
}

/* The counting subscriber has no windows; the same number of messages may be under way in all. */
static bool is_counter_full(const struct traffic *t) {
    return t->counter && t->sent - t->tally.acked >= (uint64_t)(t->o.window * t->o.devices);
}

static bool send_burst(struct traffic *t, size_t device, int64_t now_us) {
    struct device *d = &t->devices[device];
    const uint64_t last = newest(t, device, now_us);
    int count = 0;
    for (; count < BURST && !is_counter_full(t) && device_may_send(d, last); count++) {
        t->sent += device_is_ahead(d);
        device_send_tele(d, &t->fleet);
        if (t->counter)
            device_assume_acked(d);
    }
    return count > 0;
}

/* The next of a round robin that may send one (an alarm: has none under way); NULL: none may. */
static struct device *free_device(struct traffic *t, uint64_t from, bool is_alarm) {
    for (int64_t i = 0; i < t->o.devices; i++) {
        struct device *d = &t->devices[(from + (uint64_t)i) % (uint64_t)t->o.devices];
        if (is_alarm ? !d->alarm_seq && device_is_ahead(d) && device_may_send(d, UINT64_MAX) : device_may_send_event(d))
            return d;
    }
    return NULL;
}

static bool send_due(struct traffic *t, int64_t rate, uint64_t *count, bool is_alarm, int64_t now_us) {
    if (!rate || !is_sending(t))
        return false;
    const int64_t due_us = t->begun_us + (int64_t)(*count * 1000000 / (uint64_t)rate);
    struct device *d = due_us > now_us ? NULL : free_device(t, *count, is_alarm);
    if (!d)
        return false;
    (*count)++;
    if (is_alarm)
        device_send_alarm(d, &t->fleet, due_us);
    else
        device_send_event(d, &t->fleet, due_us);
    t->sent += is_alarm;
    return true;
}

/* One device's burst, of those that may send. */
static bool send_next(struct traffic *t, int64_t now_us) {
    bool any = send_due(t, t->o.events, &t->events, false, now_us);
    any |= send_due(t, t->o.alarms, &t->alarms, true, now_us);
    for (int64_t i = 0; i < t->o.devices; i++) {
        const size_t device = (t->next + (size_t)i) % (size_t)t->o.devices;
        if (send_burst(t, device, now_us)) {
            t->next = device + 1;
            return true;
        }
    }
    return any;
}

/* ---- waiting ---- */

/* Full windows, or a broker that does not read, are all that holds the devices back. */
static bool is_blocked(const struct traffic *t, int64_t now_us) {
    for (int64_t i = 0; i < t->o.devices; i++)
        if (!device_has_work(&t->devices[i], newest(t, (size_t)i, now_us)))
            return false;
    return true;
}

static void take_input(struct traffic *t, int64_t timeout_ms) {
    struct epoll_event ready[READY_MAX];
    const int count = epoll_wait(t->poll_fd, ready, READY_MAX, (int)timeout_ms);
    for (int i = 0; i < count; i++) {
        if (ready[i].data.u64 == UINT64_MAX) {
            char ignored[256];
            t->is_input_over |= read(STDIN_FILENO, ignored, sizeof ignored) <= 0;
            if (t->is_input_over)
                epoll_ctl(t->poll_fd, EPOLL_CTL_DEL, STDIN_FILENO, NULL);
            continue;
        }
        struct device *d = &t->devices[ready[i].data.u64];
        connection_flush(&d->connection);
        if (device_receive(d, &t->fleet))
            t->moved_us = clock_mono_us();
    }
    if (t->counter && *t->counter != t->tally.acked) {
        t->tally.acked = *t->counter;
        t->moved_us = clock_mono_us();
    }
}

static void tick(struct traffic *t, int64_t now_us) {
    if (t->counter || now_us - t->ticked_us < TICK_US)
        return;
    t->ticked_us = now_us;
    for (int64_t i = 0; i < t->o.devices; i++)
        device_tick(&t->devices[i], &t->fleet);
}

/* ---- phases ---- */

static bool all_sent(const struct traffic *t) {
    return t->o.messages && t->sent >= (uint64_t)(t->o.messages * t->o.devices);
}

static bool all_acked(const struct traffic *t) {
    if (t->tally.acked < t->sent)
        return false;
    for (int64_t i = 0; i < t->o.devices; i++)
        if (t->devices[i].urgent.window.acked < t->devices[i].urgent.window.highest_sent && !t->counter)
            return false;
    return true;
}

static bool is_measured(const struct traffic *t, int64_t now_us) {
    if (t->is_input_over)
        return true;
    if (t->o.messages)
        return all_sent(t) && t->tally.acked >= t->sent;
    return t->o.seconds && now_us - t->phase_us >= t->o.seconds * 1000000;
}

static void move_phase(struct traffic *t, int64_t now_us) {
    if (t->phase == PHASE_WARM && now_us - t->phase_us >= t->o.warm_ms * 1000) {
        tally_begin(&t->tally);
        t->phase = PHASE_MEASURE;
        t->phase_us = now_us;
    } else if (t->phase == PHASE_MEASURE && is_measured(t, now_us)) {
        for (int64_t i = 0; i < t->o.devices && t->o.rate; i++)
            t->tally.offered += due_count(t, (size_t)i, now_us);
        tally_end(&t->tally);
        t->phase = PHASE_LAST;
    } else if (t->phase == PHASE_LAST && all_acked(t)) {
        t->phase = PHASE_OVER;
    }
}

/* Connecting takes a while, and the first devices have their answers long before the last. */
static void wait_for_births(struct traffic *t) {
    const int64_t until_us = clock_mono_us() + STALL_US;
    while (!all_acked(t)) {
        take_input(t, IDLE_MS);
        if (clock_mono_us() > until_us)
            die("bench.load", "not every device's birth is acknowledged");
    }
}

static void wait_for_begin(const struct traffic *t) {
    const struct timespec at = {.tv_sec = t->o.begin_mono_ms / 1000, .tv_nsec = t->o.begin_mono_ms % 1000 * 1000000};
    if (t->o.begin_mono_ms)
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

void traffic_run(struct traffic *t) {
    wait_for_births(t);
    wait_for_begin(t);
    t->begun_us = t->phase_us = t->moved_us = clock_mono_us();
    while (t->phase != PHASE_OVER) {
        const int64_t now_us = clock_mono_us();
        move_phase(t, now_us);
        tick(t, now_us);
        if (send_next(t, now_us)) {
            take_input(t, 0);
            continue;
        }
        const bool blocked = is_blocked(t, now_us);
        take_input(t, IDLE_MS);
        if (blocked)
            t->tally.blocked_us += clock_mono_us() - now_us;
        if (t->tally.acked < t->sent && now_us - t->moved_us > STALL_US)
            die("bench.load", "stalled at %llu of %llu messages", (unsigned long long)t->tally.acked,
                (unsigned long long)t->sent);
    }
}

void traffic_report(struct traffic *t) {
    uint64_t changes = 0;
    for (int64_t i = 0; i < t->o.devices; i++) {
        const struct device *d = &t->devices[i];
        t->tally.resent += d->bulk.window.resent_count + d->urgent.window.resent_count;
        changes += d->alarm_count > 0 ? d->alarm_count - 1 : 0; /* the first is what the next is compared with */
    }
    printf("alarms_sent %llu\nalarm_changes %llu\n", (unsigned long long)t->alarms, (unsigned long long)changes);
    tally_report(&t->tally, t->sent, connection_protocol(&t->devices[0].connection));
}
