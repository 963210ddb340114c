/* Log lines and events as a device's rules see them: the feed (logs/feed.h) makes samples of them, which are then taken
 * like any others. Made with the first line or code that a rule could ask for; other devices hold nothing.
 *
 * Owned by the device's rule state, touched by the pipeline thread only. */
#include "rules/device_state.h"
#include "rules/logs/feed.h"

enum { MOMENT_MAX = LOG_WATCHES_MAX };

bool pack_reads_logs(const struct pack *pack) {
    return pack->plan->logs->has_lines || pack->plan->logs->has_novelty;
}

bool pack_reads_codes(const struct pack *pack) {
    return pack->plan->logs->has_codes;
}

const char *pack_pattern_off(const struct pack *pack) {
    const struct log_watch *watch = log_watches_switched_off(pack->plan->logs);
    return watch ? watch->text : NULL;
}

static struct feed *feed_of(struct rule_device *d) {
    if (!d->set.feed)
        d->set.feed = feed_new(d->pack->plan->logs);
    return d->set.feed;
}

/* ---- what waits ---- */

int64_t rule_device_waiting_ms(const struct rule_device *d) {
    return d->set.feed ? feed_next_ms(d->set.feed) : INT64_MAX;
}

void device_flush(struct rule_device *d, int64_t until_ms, struct firings *out) {
    struct sample moment[MOMENT_MAX];
    while (rule_device_waiting_ms(d) <= until_ms) {
        const int64_t at_ms = feed_next_ms(d->set.feed);
        size_t count = 0;
        while (count < MOMENT_MAX && feed_take(d->set.feed, at_ms, &moment[count]))
            count++;
        device_moment(d, moment, count, out);
    }
}

int64_t rule_device_pass(struct rule_device *d, struct firings *out) {
    device_flush(d, INT64_MAX - 1, out);
    return d->evaluated_ms;
}

/* What is not newer than what was evaluated has nothing to wait for; nor has what finds no room to wait in. */
static void settle(struct rule_device *d, struct firings *out) {
    struct sample spilt;
    device_flush(d, d->evaluated_ms, out);
    while (feed_spill(d->set.feed, &spilt))
        series_add(&d->set, &spilt);
}

void rule_device_log(struct rule_device *d, const struct log_record *line, struct firings *out) {
    if (!pack_reads_logs(d->pack))
        return;
    feed_line(feed_of(d), line);
    settle(d, out);
}

void rule_device_code(struct rule_device *d, const char *code, int64_t event_ms, struct firings *out) {
    if (!pack_reads_codes(d->pack))
        return;
    feed_event(feed_of(d), code, event_ms);
    settle(d, out);
}

/* ---- a restart ---- */

/* A feed of its own: the device's, if a state brought one, has seen these lines and will not see them again. */
static struct feed *warm_feed(struct rule_device *d) {
    if (!d->warm_feed)
        d->warm_feed = feed_new(d->pack->plan->logs);
    return d->warm_feed;
}

static void warm(struct rule_device *d) {
    struct sample sample;
    while (feed_take(d->warm_feed, INT64_MAX - 1, &sample))
        series_add_to(&d->set, &sample, d->cold);
}

void rule_device_warm_end(struct rule_device *d) {
    if (!d->set.feed)
        d->set.feed = d->warm_feed;
    else
        feed_free(d->warm_feed);
    d->warm_feed = NULL;
}

bool rule_device_logs_are_cold(const struct rule_device *d) {
    const struct plan *plan = d->pack->plan;
    for (size_t w = 0; w < plan->window_count; w++) {
        const struct derived *derived = plan->metrics[plan->windows[w].metric].derived;
        if ((d->cold[w / 64] >> (w % 64) & 1) && derived && derived->watch)
            return true;
    }
    return false;
}

void rule_device_warm_log(struct rule_device *d, const struct log_record *line) {
    if (!pack_reads_logs(d->pack))
        return;
    feed_line(warm_feed(d), line);
    warm(d);
}

void rule_device_warm_code(struct rule_device *d, const char *code, int64_t event_ms) {
    if (!pack_reads_codes(d->pack))
        return;
    feed_event(warm_feed(d), code, event_ms);
    warm(d);
}

/* has_feed u8, the feed */
void device_feed_save(const struct rule_device *d, struct buf *out) {
    buf_add_u8(out, d->set.feed != NULL);
    if (d->set.feed)
        feed_save(d->set.feed, out);
}

bool device_feed_load(struct rule_device *d, struct cursor *in) {
    uint8_t has_feed;
    if (!cursor_u8(in, &has_feed) || has_feed > 1)
        return false;
    return !has_feed || feed_load(feed_of(d), in);
}
