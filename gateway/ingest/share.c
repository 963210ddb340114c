/* Two buckets of tokens a place, and a penalty. The penalty is what keeps a flood of stamped messages away from the
 * pipeline: taking the waiting ones of a flooder in every batch would cost the others as much as the flood is wide.
 * It begins only after as much was dropped within a second as may wait at all, so a device that resends its window in
 * vain a few times (the gateway stood still) does not get it.
 *
 * A list of devices was left: topics are made up by who sends them, and remembering names is what must not grow. */
#include "ingest/share.h"

#include <string.h>

#include "fieldline/bytes.h"

enum { SHARE_BITS = 18, SHARE_COUNT = 1 << SHARE_BITS, PENALTY_MS = 1000 };

struct share {
    uint32_t waiting, bytes;
    int64_t filled_ms; /* when the buckets were filled last; 0: never, they are full */
    int64_t any_milli, state_milli;
    int64_t second_ms; /* the second in which `excess` messages were dropped and `waste` came in vain */
    int64_t penalty_until_ms;
    uint32_t excess, waste;
};
struct shares {
    struct share *places; /* [SHARE_COUNT + 1]: the last is for those that nobody holds back; a page that nobody hashes
                             to costs nothing */
    uint64_t secret;
    size_t bytes_max;
    int64_t rate;
    struct inbox_flood floods[INBOX_FLOODS_KEPT];
    size_t flood_count;
};

struct shares *shares_new(size_t device_bytes_max, int64_t unstamped_per_second) {
    struct shares *s = mem_alloc(sizeof *s);
    s->places = mem_alloc((SHARE_COUNT + 1) * sizeof *s->places);
    s->bytes_max = device_bytes_max;
    s->rate = unstamped_per_second;
    random_bytes(&s->secret, sizeof s->secret);
    return s;
}

void shares_free(struct shares *s) {
    if (!s)
        return;
    free(s->places);
    free(s);
}

/* The device's part of one of our topics (fl/1/<shard>/<device>/...), or the whole topic of a stranger. */
static const char *owner_of(const struct inbound *m, size_t *chars) {
    const size_t kept = m->topic_bytes <= CAP_TOPIC_BYTES ? m->topic_bytes : CAP_TOPIC_BYTES;
    enum { DEVICE_AT = 8 };
    if (kept > DEVICE_AT && memcmp(m->topic, "fl/1/", 5) == 0 && m->topic[7] == '/') {
        const char *device = m->topic + DEVICE_AT, *end = memchr(device, '/', kept - DEVICE_AT);
        *chars = end ? (size_t)(end - device) : kept - DEVICE_AT;
        return device;
    }
    *chars = kept;
    return m->topic;
}

static uint32_t place_of(const struct shares *s, const char *owner, size_t chars) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ s->secret; /* FNV-1a, then MurmurHash3's finish */
    for (size_t i = 0; i < chars; i++)
        hash = (hash ^ (uint8_t)owner[i]) * UINT64_C(0x100000001b3);
    hash = (hash ^ (hash >> 33) ^ s->secret) * UINT64_C(0xff51afd7ed558ccd);
    return (uint32_t)((hash ^ (hash >> 33)) & (SHARE_COUNT - 1));
}

static void fill_one(int64_t *milli, int64_t passed_ms, int64_t rate) {
    const int64_t most = rate * 1000;
    *milli = passed_ms >= 1000 ? most : *milli + passed_ms * rate;
    if (*milli > most)
        *milli = most;
}

static void fill(const struct shares *s, struct share *place, int64_t now_ms) {
    const int64_t passed_ms = place->filled_ms == 0 ? 1000 : now_ms - place->filled_ms;
    if (passed_ms <= 0 && place->filled_ms != 0)
        return;
    fill_one(&place->any_milli, passed_ms, s->rate);
    fill_one(&place->state_milli, passed_ms, INBOX_STATES_PER_SECOND);
    place->filled_ms = now_ms;
}

static bool spend(int64_t *milli) {
    if (*milli < 1000)
        return false;
    *milli -= 1000;
    return true;
}

static void begin_second(struct share *place, int64_t now_ms) {
    if (now_ms - place->second_ms < 1000)
        return;
    place->second_ms = now_ms;
    place->excess = place->waste = 0;
}

static void note_drop(struct shares *s, struct share *place, const char *owner, size_t chars, int64_t now_ms) {
    begin_second(place, now_ms);
    if (++place->excess > INBOX_DEVICE_MESSAGES)
        place->penalty_until_ms = now_ms + PENALTY_MS;
    if (chars > CAP_DEVICE_ID_BYTES)
        chars = CAP_DEVICE_ID_BYTES;
    for (size_t i = 0; i < s->flood_count; i++)
        if (strlen(s->floods[i].device) == chars && memcmp(s->floods[i].device, owner, chars) == 0) {
            s->floods[i].dropped++;
            return;
        }
    if (s->flood_count == INBOX_FLOODS_KEPT || memchr(owner, 0, chars))
        return; /* counted in total */
    struct inbox_flood *flood = &s->floods[s->flood_count++];
    memcpy(flood->device, owner, chars);
    flood->device[chars] = '\0';
    flood->dropped = 1;
}

bool shares_admit(struct shares *s, struct inbound *m, size_t weight) {
    const int64_t now_ms = m->recv_mono_us / 1000;
    size_t chars;
    const char *owner = owner_of(m, &chars);
    if (s->rate == 0) {
        m->share = SHARE_COUNT;
        return true;
    }
    m->share = place_of(s, owner, chars);
    struct share *place = &s->places[m->share];
    fill(s, place, now_ms);
    const bool has_room =
        place->waiting < INBOX_DEVICE_MESSAGES && (place->waiting == 0 || place->bytes + weight <= s->bytes_max);
    const bool is_rated = !m->has_stamp || now_ms < place->penalty_until_ms;
    if (has_room && (!is_rated || spend(m->is_state ? &place->state_milli : &place->any_milli)))
        return true;
    note_drop(s, place, owner, chars, now_ms);
    return false;
}

void shares_put(struct shares *s, const struct inbound *m, size_t weight) {
    s->places[m->share].waiting++;
    s->places[m->share].bytes += (uint32_t)weight;
}

void shares_took(struct shares *s, const struct inbound *m, size_t weight) {
    s->places[m->share].waiting--;
    s->places[m->share].bytes -= (uint32_t)weight;
}

void shares_waste(struct shares *s, const struct inbound *m) {
    struct share *place = &s->places[m->share];
    const int64_t now_ms = m->recv_mono_us / 1000;
    if (m->share == SHARE_COUNT)
        return;
    begin_second(place, now_ms);
    if (++place->waste > INBOX_DEVICE_WASTE && place->penalty_until_ms < now_ms + PENALTY_MS)
        place->penalty_until_ms = now_ms + PENALTY_MS;
}

size_t shares_take_floods(struct shares *s, struct inbox_flood out[INBOX_FLOODS_KEPT]) {
    const size_t count = s->flood_count;
    memcpy(out, s->floods, count * sizeof *out);
    s->flood_count = 0;
    return count;
}
