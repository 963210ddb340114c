/* The collectors together, as far as an observer changes anything: he sees more, the gateway gets the same. */
#include "collect/collectors.h"

#include <criterion/criterion.h>
#include <string.h>

#include "../scratch.h"
#include "../turn.h"

struct seen {
    size_t samples, live;
};
static void on_sample(void *self, const struct senml_record *record) {
    (void)record;
    ((struct seen *)self)->samples++;
}
static void on_raw(void *self, const struct senml_record *record) {
    (void)self, (void)record;
}
static void on_live(void *self, const struct senml_record *record) {
    (void)record;
    ((struct seen *)self)->live++;
}
static bool has_live(void *self) {
    return ((struct seen *)self)->live > 20;
}
static bool has_more(void *self) {
    return ((struct seen *)self)->live > 200;
}

Test(collectors, an_observer_sees_more_and_the_gateway_gets_the_same) {
    static char *mounts[] = {(char *)"/", NULL};
    struct agent_config config = {.data_dir = (char *)scratch_make(),
                                  .host_enabled = true,
                                  .host_interval_ms = 3600 * 1000,
                                  .host_mounts = mounts,
                                  .statsd_flush_ms = 10000};
    struct seen seen = {0};
    struct sink sink = {.self = &seen, .sample = on_sample, .raw = on_raw, .live = on_live};
    struct tail_spool spool = {.stream = "", .found_seq = 0};
    struct collectors *collectors;
    struct wall wall;
    struct fault fault = {""};
    struct loop *loop = loop_new();
    wall_init(&wall, wall_machine(), 0);
    cr_assert_eq(collectors_new(loop, &config, &wall, &sink, &spool, &collectors, &fault), RESULT_OK, "%s", fault.text);
    cr_expect_not(turn_until(loop, has_live, &seen, 50));
    size_t samples = seen.samples;
    cr_expect_gt(samples, 0, "the usual measurement");
    cr_expect_eq(seen.live, 0);
    collectors_watch(collectors, 100);
    cr_assert(turn_until(loop, has_live, &seen, 5000));
    cr_expect_eq(seen.samples, samples, "nothing more goes to the gateway");
    collectors_watch(collectors, 0);
    size_t live = seen.live;
    cr_expect_not(turn_until(loop, has_more, &seen, 300));
    cr_expect_eq(seen.live, live, "and it is over when nobody looks");
    collectors_free(collectors);
    loop_free(loop);
    scratch_remove();
}
