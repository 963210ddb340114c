/* After Drain (P. He, J. Zhu, Z. Zheng, M. Lyu: "Drain: an online log parsing approach with fixed depth tree", ICWS
 * 2017): a line is looked up by what cannot vary (how many words, which program, the first word that is not masked)
 * and compared with the few templates found there. Drain's tree is here a hash table of short chains, because its
 * depth is fixed anyway, and a template keeps hashes of words instead of words: 4 bytes a word, and comparing is
 * comparing integers. What a template says is not needed to know that a line is new; the line itself is at hand.
 *
 * Stricter than Drain (7 of 10 words instead of 4): a message that is new must not be taken for an old one that looks
 * alike ("disk full error", "disk read error"). More templates than need be cost a little memory only.
 *
 * Owned by a device's rule state, touched by the pipeline thread. */
#include "rules/logs/template_miner.h"

#include <stdlib.h>
#include <string.h>

enum { CHAINS = 256, NONE = UINT16_MAX, ALIKE_OF_TEN = 7, TEMPLATES_FIRST = 8, STATE_VERSION = 1 };

struct mined_template {
    uint64_t seen;
    uint32_t used;   /* when last: the miner's count of lines */
    uint32_t key;    /* what chain it is in, and more */
    uint16_t next;   /* in its chain */
    uint8_t count;   /* of its words */
    uint32_t *words; /* LOG_WORD_ANY: a gap */
};
struct template_miner {
    struct mined_template *items;
    size_t count, room;
    uint32_t lines;
    uint16_t chains[CHAINS];
};

struct template_miner *template_miner_new(void) {
    struct template_miner *m = mem_alloc(sizeof *m);
    memset(m->chains, 0xff, sizeof m->chains);
    return m;
}

void template_miner_free(struct template_miner *m) {
    if (!m)
        return;
    for (size_t i = 0; i < m->count; i++)
        free(m->items[i].words);
    free(m->items);
    free(m);
}

size_t template_miner_count(const struct template_miner *m) {
    return m->count;
}

static uint32_t mix(uint32_t h, uint32_t value) {
    h = (h ^ value) * 0x9e3779b1u;
    return h ^ h >> 15;
}

static uint32_t key_of(const char *app, const struct log_words *words) {
    const uint32_t h = hash_text(HASH_START, app);
    int first = 0;
    while (first < words->count && words->hashes[first] == LOG_WORD_ANY)
        first++;
    return mix(mix(h, (uint32_t)words->count), first < words->count ? words->hashes[first] : 0);
}

/* Of the words that neither side masks: are enough of them the same? */
static bool is_alike(const struct mined_template *t, const struct log_words *words) {
    int same = 0, other = 0;
    for (int i = 0; i < words->count; i++) {
        const bool is_gap = t->words[i] == LOG_WORD_ANY || words->hashes[i] == LOG_WORD_ANY;
        same += !is_gap && t->words[i] == words->hashes[i];
        other += !is_gap && t->words[i] != words->hashes[i];
    }
    return other == 0 || same * 10 >= (same + other) * ALIKE_OF_TEN;
}

static uint16_t find(const struct template_miner *m, uint32_t key, const struct log_words *words) {
    for (uint16_t at = m->chains[key % CHAINS]; at != NONE; at = m->items[at].next)
        if (m->items[at].key == key && m->items[at].count == words->count && is_alike(&m->items[at], words))
            return at;
    return NONE;
}

static void unchain(struct template_miner *m, uint16_t index) {
    uint16_t *at = &m->chains[m->items[index].key % CHAINS];
    while (*at != index)
        at = &m->items[*at].next;
    *at = m->items[index].next;
}

static void chain(struct template_miner *m, uint16_t index) {
    uint16_t *head = &m->chains[m->items[index].key % CHAINS];
    m->items[index].next = *head;
    *head = index;
}

/* A free place; the template that was not seen for longest gives up its own. */
static uint16_t take_place(struct template_miner *m) {
    if (m->count < TEMPLATES_MAX) {
        if (m->count == m->room) {
            m->room = m->room ? m->room * 2 : TEMPLATES_FIRST;
            m->items = mem_realloc(m->items, m->room * sizeof *m->items);
        }
        return (uint16_t)m->count++;
    }
    int oldest = 0;
    for (int i = 1; i < TEMPLATES_MAX; i++)
        if (m->lines - m->items[i].used > m->lines - m->items[oldest].used)
            oldest = i;
    unchain(m, (uint16_t)oldest);
    free(m->items[oldest].words);
    return (uint16_t)oldest;
}

struct mined template_miner_line(struct template_miner *m, const char *app, const char *line, size_t bytes) {
    struct log_words words;
    log_words_split(line, bytes, &words);
    const uint32_t key = key_of(app, &words);
    uint16_t at = find(m, key, &words);
    m->lines++;
    if (at == NONE) {
        const size_t size = (size_t)words.count * sizeof(uint32_t);
        at = take_place(m);
        m->items[at] = (struct mined_template){.key = key, .count = (uint8_t)words.count, .words = mem_alloc(size + 1)};
        memcpy(m->items[at].words, words.hashes, size);
        chain(m, at);
    }
    struct mined_template *t = &m->items[at];
    for (int i = 0; i < words.count; i++)
        if (t->words[i] != words.hashes[i])
            t->words[i] = LOG_WORD_ANY;
    t->used = m->lines;
    return (struct mined){.seen = t->seen++, .place = at};
}

void template_miner_text(const struct template_miner *m, int place, const char *line, size_t bytes, struct buf *out) {
    const struct mined_template *t = &m->items[place];
    struct log_words words;
    log_words_split(line, bytes, &words);
    for (int i = 0; i < words.count && i < t->count; i++) {
        if (i > 0)
            buf_add_u8(out, ' ');
        if (t->words[i] == LOG_WORD_ANY)
            buf_str(out, "<*>");
        else
            buf_add(out, line + words.starts[i], (size_t)(words.ends[i] - words.starts[i]));
    }
}

/* ---- state: version u8, lines, count, templates: chain by chain, each from its end, so that loading by putting them
 * before each other gives the same chains; places may differ ---- */

static void save_template(const struct mined_template *t, struct buf *out) {
    buf_add_u32be(out, t->key);
    buf_add_u32be(out, t->used);
    buf_add_varint(out, t->seen);
    buf_add_u8(out, t->count);
    for (int w = 0; w < t->count; w++)
        buf_add_u32be(out, t->words[w]);
}

void template_miner_save(const struct template_miner *m, struct buf *out) {
    buf_add_u8(out, STATE_VERSION);
    buf_add_u32be(out, m->lines);
    buf_add_varint(out, m->count);
    for (int c = 0; c < CHAINS; c++) {
        uint16_t places[TEMPLATES_MAX];
        int count = 0;
        for (uint16_t at = m->chains[c]; at != NONE; at = m->items[at].next)
            places[count++] = at;
        while (count > 0)
            save_template(&m->items[places[--count]], out);
    }
}

static bool load_template(struct template_miner *m, struct cursor *in) {
    struct mined_template t = {0};
    if (!cursor_u32be(in, &t.key) || !cursor_u32be(in, &t.used) || !cursor_varint(in, &t.seen) ||
        !cursor_u8(in, &t.count) || t.count > LOG_WORDS_MAX || in->left < t.count * sizeof(uint32_t))
        return false;
    t.words = mem_alloc(t.count * sizeof(uint32_t) + 1);
    for (int w = 0; w < t.count; w++)
        if (!cursor_u32be(in, &t.words[w])) {
            free(t.words);
            return false;
        }
    const uint16_t at = take_place(m);
    m->items[at] = t;
    chain(m, at);
    return true;
}

bool template_miner_load(struct template_miner *m, struct cursor *in) {
    uint8_t version;
    uint64_t count;
    if (!cursor_u8(in, &version) || version != STATE_VERSION || !cursor_u32be(in, &m->lines) ||
        !cursor_varint(in, &count) || count > TEMPLATES_MAX)
        return false;
    for (uint64_t i = 0; i < count; i++)
        if (!load_template(m, in))
            return false;
    return true;
}

size_t template_miner_bytes(const struct template_miner *m) {
    size_t bytes = sizeof *m + m->room * sizeof *m->items;
    for (size_t i = 0; i < m->count; i++)
        bytes += m->items[i].count * sizeof(uint32_t);
    return bytes;
}
