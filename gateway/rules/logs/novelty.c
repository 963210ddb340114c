/* The score is a count turned round, not a probability: an author can say what 0.9 means (never seen before), 0.4 (seen
 * once) and 0.1 (seen nine times). A frequency was left: a message that comes once a year in a stream of millions is no
 * news the second time either. What other devices of the model have logged does not count (yet): their state would have
 * to be shared, and then a device's answers would depend on when the others spoke. */
#include "rules/logs/novelty.h"

#include <math.h>

#include "rules/state.h"

enum { LATEST_LINES = 250 };
static const double FRESH_WEIGHT = 5;

void novelty_init(struct novelty *n) {
    *n = (struct novelty){.miner = template_miner_new()};
}

void novelty_fini(struct novelty *n) {
    template_miner_free(n->miner);
    n->miner = NULL;
}

bool novelty_line(struct novelty *n, int64_t at_ms, const char *app, const char *line, size_t bytes, double *out) {
    const struct mined mined = template_miner_line(n->miner, app, line, bytes);
    if (n->lines++ == 0)
        n->first_ms = at_ms;
    const double fresh = n->fresh;
    n->fresh += ((mined.seen == 0 ? 1 : 0) - fresh) / LATEST_LINES;
    if (!n->has_learned) {
        n->has_learned = n->lines > NOVELTY_LEARN_LINES && at_ms - n->first_ms >= NOVELTY_LEARN_MS;
        if (!n->has_learned)
            return false;
    }
    *out = fmax(0, 1 - FRESH_WEIGHT * fresh) / (1 + (double)mined.seen);
    return true;
}

/* ---- state: first, lines, fresh, has_learned u8, the miner ---- */

void novelty_save(const struct novelty *n, struct buf *out) {
    state_put_time(out, n->first_ms);
    buf_add_varint(out, n->lines);
    state_put_double(out, n->fresh);
    buf_add_u8(out, n->has_learned);
    template_miner_save(n->miner, out);
}

bool novelty_load(struct novelty *n, struct cursor *in) {
    uint8_t learned;
    if (!state_get_time(in, &n->first_ms) || !cursor_varint(in, &n->lines) || !state_get_double(in, &n->fresh) ||
        !(n->fresh >= 0 && n->fresh <= 1) || !cursor_u8(in, &learned) || learned > 1)
        return false;
    n->has_learned = learned;
    return template_miner_load(n->miner, in);
}
