/* When is a foreign acknowledgement proof of another machine? */
#include "rival.h"

#include <criterion/criterion.h>
#include <stdio.h>

static bool hear(struct rival *r, const char *stream, uint64_t seq) {
    struct ack_message ack = {.seq = seq};
    snprintf(ack.stream, sizeof ack.stream, "%s", stream);
    return rival_heard(r, &ack);
}

Test(rival, a_stream_that_stands_still_is_an_old_spool_of_ours) {
    struct rival r = {0};
    for (int i = 0; i < 5; i++) {
        cr_expect_not(hear(&r, "old", 17));
        cr_expect_not(hear(&r, "older", 3));
    }
    cr_expect_not(hear(&r, "old", 16), "nor one that goes back");
    cr_expect_not(r.is_there);
}

Test(rival, a_stream_that_moves_on_is_another_machine) {
    struct rival r = {0};
    cr_expect_not(hear(&r, "a", 1));
    cr_expect(hear(&r, "a", 2));
    cr_expect_not(hear(&r, "a", 3), "told once");
    cr_expect(r.is_there);
    rival_forget(&r);
    cr_expect_not(hear(&r, "a", 3));
    cr_expect(hear(&r, "a", 4));
}

Test(rival, many_old_streams_do_not_hide_it) {
    struct rival r = {0};
    char name[16];
    for (int i = 0; i < 50; i++) {
        snprintf(name, sizeof name, "s%d", i);
        cr_expect_not(hear(&r, name, 5));
    }
    cr_expect(hear(&r, "s49", 6));
}
