/* The running hash and the statement that is signed. */
#include "fieldline/session.h"

#include <criterion/criterion.h>
#include <string.h>

#define SESSION "0b5c1f3e-9d77-4a3b-8f00-0123456789ab"

static struct frame frame(uint8_t channel, const char *text) {
    return (struct frame){.channel = channel, .bytes = (const uint8_t *)text, .count = strlen(text)};
}

Test(chain, it_is_the_hash_that_the_contract_says) {
    struct chain c;
    uint8_t head[32], leaf[32], both[64];
    struct frame f = frame(CHANNEL_TERMINAL, "ls");
    chain_begin(&c, DIRECTION_DOWN, "s1");
    sha256("fieldline.session.1/down/s1", 27, head);
    cr_expect_eq(memcmp(c.head, head, 32), 0);
    chain_add(&c, &f);
    sha256("\x01ls", 3, leaf);
    memcpy(both, head, 32);
    memcpy(both + 32, leaf, 32);
    sha256(both, 64, head);
    cr_expect_eq(memcmp(c.head, head, 32), 0);
    cr_expect_eq(c.count, 1u);
}

Test(chain, a_leaf_stands_for_its_frame) {
    struct chain a, b;
    struct frame secret = frame(CHANNEL_TERMINAL_SECRET, "0123456789abcdefpw");
    uint8_t leaf[SHA256_BYTES];
    chain_begin(&a, DIRECTION_DOWN, SESSION);
    chain_begin(&b, DIRECTION_DOWN, SESSION);
    chain_add(&a, &secret);
    chain_leaf(&secret, leaf);
    chain_add_leaf(&b, leaf);
    cr_expect_eq(memcmp(&a, &b, sizeof a), 0);
}

Test(chain, any_change_changes_the_head) {
    const struct frame one = frame(1, "a"), two = frame(1, "b"), other_channel = frame(2, "a"), joined = frame(1, "ab"),
                       none = frame(1, "");
    const struct {
        const char *why;
        enum direction dir;
        const char *session;
        struct frame frames[3];
        size_t count;
    } rows[] = {
        {"as it was", DIRECTION_UP, "s", {one, two}, 2},
        {"the other order", DIRECTION_UP, "s", {two, one}, 2},
        {"one left out", DIRECTION_UP, "s", {one}, 1},
        {"another channel", DIRECTION_UP, "s", {other_channel, two}, 2},
        {"two joined", DIRECTION_UP, "s", {joined}, 1},
        {"an empty one more", DIRECTION_UP, "s", {one, two, none}, 3},
        {"the other direction", DIRECTION_DOWN, "s", {one, two}, 2},
        {"another session", DIRECTION_UP, "t", {one, two}, 2},
    };
    enum { ROWS = sizeof rows / sizeof rows[0] };
    struct chain heads[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        chain_begin(&heads[i], rows[i].dir, rows[i].session);
        for (size_t k = 0; k < rows[i].count; k++)
            chain_add(&heads[i], &rows[i].frames[k]);
        for (size_t before = 0; before < i; before++)
            cr_expect_neq(memcmp(heads[i].head, heads[before].head, SHA256_BYTES), 0, "%s / %s", rows[i].why,
                          rows[before].why);
    }
}

Test(chain, the_statement_goes_and_comes_back) {
    struct chain up, down, up_back, down_back;
    struct frame f = frame(1, "x");
    struct buf b;
    buf_init(&b, 1000);
    chain_begin(&up, DIRECTION_UP, SESSION);
    chain_begin(&down, DIRECTION_DOWN, SESSION);
    for (int i = 0; i < 12; i++)
        chain_add(&up, &f);
    chain_statement(SESSION, &up, &down, &b);
    cr_expect_eq(strncmp(buf_text(&b), "fieldline.session.1\n" SESSION "\nup 12 ", 63), 0, "%s", buf_text(&b));
    cr_assert_eq(chain_statement_parse(buf_text(&b), b.count, SESSION, &up_back, &down_back), RESULT_OK);
    cr_expect(up_back.count == 12 && memcmp(up_back.head, up.head, 32) == 0);
    cr_expect(down_back.count == 0 && memcmp(down_back.head, down.head, 32) == 0);
    buf_fini(&b);
}

Test(chain, other_statements_are_refused) {
    struct chain up, down, out = {.count = 99};
    struct buf b, changed;
    buf_init(&b, 1000);
    buf_init(&changed, 1000);
    chain_begin(&up, DIRECTION_UP, SESSION);
    chain_begin(&down, DIRECTION_DOWN, SESSION);
    chain_statement(SESSION, &up, &down, &b);
    for (size_t cut = 0; cut < b.count; cut++)
        cr_expect_eq(chain_statement_parse(buf_text(&b), cut, SESSION, &out, &out), RESULT_BAD_INPUT, "cut at %zu",
                     cut);
    cr_expect_eq(chain_statement_parse(buf_text(&b), b.count, "another", &out, &out), RESULT_BAD_INPUT);
    buf_add(&changed, b.data, b.count);
    buf_str(&changed, "\n");
    cr_expect_eq(chain_statement_parse(buf_text(&changed), changed.count, SESSION, &out, &out), RESULT_BAD_INPUT,
                 "a line more");
    static const struct {
        const char *why, *from, *to;
    } rows[] = {{"a zero before the count", "up 0 ", "up 00 "},
                {"a negative count", "up 0 ", "up -0 "},
                {"no count", "up 0 ", "up  "},
                {"a count that is no number", "up 0 ", "up x "},
                {"the directions swapped", "up 0 ", "down 0 "}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *at = strstr(buf_text(&b), rows[i].from);
        buf_reset(&changed);
        buf_add(&changed, b.data, (size_t)(at - buf_text(&b)));
        buf_str(&changed, rows[i].to);
        buf_str(&changed, at + strlen(rows[i].from));
        cr_expect_eq(chain_statement_parse(buf_text(&changed), changed.count, SESSION, &out, &out), RESULT_BAD_INPUT,
                     "%s", rows[i].why);
    }
    cr_expect_eq(out.count, 99u);
    buf_fini(&b);
    buf_fini(&changed);
}
