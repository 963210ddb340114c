#include "replay.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/topic.h"
#include "fixture.h"
#include "folders.h"
#include "trial.h"

static char *replayed_with(struct replay_options options, const char *csv, struct backtest *backtest) {
    char *text = NULL, *folder = folder_new(), *path = folder_file(folder, "box.csv", csv);
    size_t bytes;
    struct buf notes;
    struct fault fault;
    buf_init(&notes, 10000);
    options.scores = open_memstream(&text, &bytes);
    struct backtest *own = backtest ? backtest : backtest_new(NULL);
    const enum result result = replay_file(path, &options, own, &notes, &fault);
    fclose(options.scores);
    if (result != RESULT_OK) {
        free(text);
        const char *at = strstr(fault.text, "box.csv");
        text = strdup(at ? at : fault.text);
    }
    if (!backtest)
        backtest_free(own);
    buf_fini(&notes);
    free(path);
    free(folder);
    return text;
}

static char *replayed(const char *expr, const struct pack *pack, const char *csv, struct backtest *backtest) {
    return replayed_with((struct replay_options){.expr = expr, .pack = pack}, csv, backtest);
}

static const struct {
    const char *what, *expr, *csv, *is;
} scores[] = {
    {"a value for each row", "a + b", "time,a,b\n1,2,3\n2,4,5\n", "time,a,b,score\n1,2,3,5\n2,4,5,9\n"},
    {"the column has the outermost function's name", "abs(a)", "time,a\n1,-2\n", "time,a,abs\n1,-2,2\n"},
    {"not when something is around it", "abs(a) > 1", "time,a\n1,-2\n", "time,a,score\n1,-2,2\n"},
    {"what is filtered out is empty", "a > 3", "time,a\n1,2\n2,4\n", "time,a,score\n1,2,\n2,4,4\n"},
    {"and what is not known yet", "a + b", "time,a,b\n1,2,\n2,,3\n", "time,a,b,score\n1,2,,\n2,,3,5\n"},
    {"rows stay as they are", "a", "time;a;note\r\n1;02.0;\"x;y\"\r\n", "time;a;note;score\n1;02.0;\"x;y\";2\n"},
    {"a late row has no score and is in the windows", "sum_over_time(a[1m])", "time,a\n5,1\n4,2\n6,4\n",
     "time,a,sum_over_time\n5,1,1\n4,2,\n6,4,7\n"},
    {"each part has its column", "v * 2", "time,v{l},v{r}\n1,1,2\n2,,3\n",
     "time,v{l},v{r},score,score[l],score[r]\n1,1,2,,2,4\n2,,3,,2,6\n"},
    {"a series is missing after five intervals, however long these are", "a + b",
     "time,a,b\n3600,1,1\n7200,,2\n10800,,2\n14400,,2\n18000,,2\n21600,,2\n25200,,2\n",
     "time,a,b,score\n3600,1,1,2\n7200,,2,3\n10800,,2,3\n14400,,2,3\n18000,,2,3\n21600,,2,3\n25200,,2,\n"},
    {"names of the file", "volume_flow", "time,Volume Flow\n1,2\n", "time,Volume Flow,score\n1,2,2\n"},
    {"counters and gauges alike", "rate(a[1m]) + deriv(a[1m])", "time,a\n0,0\n10,10\n",
     "time,a,score\n0,0,\n10,10,1.1666666666666667\n"},
    {"an unknown name", "a + c", "time,a\n1,2\n", "--expr:5: 'c' is neither a metric of this pack nor a function"},
    {"a broken expression", "a +", "time,a\n1,2\n",
     "--expr:4: the expression ends here, expected a metric, a number, a function or '('"},
    {"a bad cell", "a", "time,a\n1,x\n", "box.csv:2:3: 'x' in the column 'a' is no number"},
    {"a bad cell that nobody asks for", "a", "time,a,b\n1,2,x\n", "time,a,b,score\n1,2,x,2\n"},
};

Test(replay, expression_gives_a_score_for_each_row) {
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++) {
        char *is = replayed(scores[i].expr, NULL, scores[i].csv, NULL);
        cr_expect_str_eq(is, scores[i].is, "%s:\n%s", scores[i].what, is);
        free(is);
    }
}

static const char box[] = "model: vaccine-freezer\ntitle: Box\nmaker: us\nkind: machine\ncapabilities: [observe]\n"
                          "metrics:\n  - {name: air_temperature, title: A, unit: Cel, interval: 10s}\n"
                          "faults:\n  - {code: E17, title: Low pressure, severity: major}\n";

/* A pack with the rule `air_temperature > limit`. */
static char *write_box(int limit) {
    char alerts[400], *folder = folder_new(), *pack = folder_inner(folder, "vaccine-freezer");
    snprintf(alerts, sizeof alerts,
             "groups:\n- name: g\n  rules:\n  - alert: Warm\n    expr: air_temperature > %d\n    for: 1m\n"
             "    labels: {severity: major}\n    annotations: {summary: 'at {{ $value }}'}\n",
             limit);
    free(folder_file(pack, "pack.yaml", box));
    free(folder_file(pack, "alerts.yaml", alerts));
    free(pack);
    return folder;
}

static struct packs *load(char *folder) {
    struct packs *packs;
    struct buf problems;
    buf_init(&problems, 10000);
    cr_assert_eq(packs_load(folder, &packs, &problems), RESULT_OK, "%s", buf_text(&problems));
    buf_fini(&problems);
    free(folder);
    return packs;
}

Test(replay, pack_tells_alarms_and_tickets) {
    struct packs *packs = load(write_box(5));
    char *alarms;
    size_t bytes;
    FILE *to = open_memstream(&alarms, &bytes);
    struct backtest *b = backtest_new(to);
    struct buf summary;
    char *is = replayed(NULL, packs_at(packs, 0),
                        "time,air_temperature,other\n0,1,x\n10,9,x\n70,8,x\n80,7,x\n90,1,x\n86400,1,x\n", b);
    cr_expect_str_eq(is, "time,air_temperature,other,Warm\n0,1,x,0\n10,9,x,0\n70,8,x,1\n80,7,x,1\n90,1,x,0\n"
                         "86400,1,x,0\n");
    buf_init(&summary, 1000);
    backtest_summary(b, &summary);
    cr_expect_str_eq(buf_text(&summary), "1 alarm on 1 device in 1 day, 1 ticket\n");
    backtest_free(b);
    fclose(to);
    cr_expect_str_eq(alarms,
                     "time,device,alarm,part,severity,event,value,summary\n"
                     "1970-01-01T00:00:10.000Z,box,Warm,,major,raised,8,\"at 8\"\n"
                     "1970-01-01T00:01:30.000Z,box,Warm,,major,cleared,7,\"at 7\"\n",
                     "%s", alarms);
    buf_fini(&summary);
    free(alarms);
    free(is);
    packs_free(packs);
}

/* Six lives of 40 to 90 hours whose wear says how long is left; then a unit of 60 hours, and one that replaces it. */
static char *write_lives(int count) {
    char *folder = folder_new();
    for (int unit = 0; unit < count; unit++) {
        char text[4000], name[32];
        size_t at = (size_t)snprintf(text, sizeof text, "hours,wear\n");
        for (int hour = 0; hour <= 40 + 10 * unit; hour++)
            at += (size_t)snprintf(text + at, sizeof text - at, "%d,%d.%d\n", hour, 100 + hour - 10 * unit, hour % 3);
        snprintf(name, sizeof name, "unit-%d.csv", unit);
        free(folder_file(folder, name, text));
    }
    return folder;
}

Test(replay, lives_beside_an_expression) {
    char csv[6000], *folder = write_lives(6);
    size_t at = (size_t)snprintf(csv, sizeof csv, "time,hours,wear\n");
    for (int i = 0; i < 75; i++)
        at += (size_t)snprintf(csv + at, sizeof csv - at, "%d,%d,%d.%d\n", i, i % 60, 80 + i % 60, i % 3);
    const struct replay_options options = {.expr = "rul(wear, hours, 100)", .lives = folder};
    char *is = replayed_with(options, csv, NULL), *row = is;
    for (int i = -1; i < 59; i++)
        row = strchr(row, '\n') + 1;
    double hour, wear, left = -1;
    cr_assert_eq(sscanf(row, "59,%lf,%lf,%lf", &hour, &wear, &left), 3, "%.30s", row);
    cr_expect(left < 10, "%g hours left at the end", left);
    row = strchr(row, '\n') + 1;
    cr_expect_eq(strncmp(row, "60,0,80.0,\n", 11), 0, "the new unit: %.12s", row);
    free(is);
    free(folder);
}

Test(replay, lives_that_are_not_sound_are_refused) {
    static const struct {
        int count;
        const char *expr, *says;
    } rows[] = {
        {3, "rul(wear, hours)", "has 3 lives, expected at least 5"},
        {6, "rul(colour, hours)", "--expr:1: rul(): the recorded lives have no column 'colour'"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *folder = write_lives(rows[i].count);
        const struct replay_options options = {.expr = rows[i].expr, .lives = folder};
        char *is = replayed_with(options, "time,hours,wear,colour\n1,2,3,4\n", NULL);
        cr_expect_not_null(strstr(is, rows[i].says), "'%s' in '%s'", rows[i].says, is);
        free(is);
        free(folder);
    }
}

Test(replay, file_without_a_metric_of_the_pack_is_refused) {
    struct packs *packs = load(write_box(5));
    char *is = replayed(NULL, packs_at(packs, 0), "time,a\n1,2\n", NULL);
    cr_expect_str_eq(is, "box.csv:1:1: no column is a metric of vaccine-freezer");
    free(is);
    packs_free(packs);
}

/* ---- the stored past ---- */

static void tele(struct fixture *f, uint64_t seq, int64_t event_ms, double value) {
    char topic[CAP_TOPIC_BYTES + 1], payload[200];
    topic_format("freezer-7", TOPIC_UP_TELE, topic);
    snprintf(payload, sizeof payload, "[{\"n\":\"air_temperature\",\"u\":\"Cel\",\"t\":%.3f,\"v\":%g}]",
             (double)event_ms / 1000, value);
    fixture_feed(f, topic, payload, strlen(payload), fixture_bulk, seq, 0);
}

static void fault_code(struct fixture *f, uint64_t seq, int64_t event_ms) {
    char topic[CAP_TOPIC_BYTES + 1];
    struct buf payload;
    struct event_message e = {.event_ms = event_ms, .kind = EVENT_FAULT, .code = "E17", .active = true, .severity = 3};
    topic_format("freezer-7", TOPIC_UP_EVENT, topic);
    buf_init(&payload, CAP_PAYLOAD_BYTES);
    event_encode(&e, &payload);
    fixture_feed(f, topic, payload.data, payload.count, fixture_urgent, seq, 0);
    buf_fini(&payload);
}

/* Two hours: below, then for ten minutes at 8, then for ten minutes at 12, below. Half of it is in chunks. */
static struct fixture *stored_past(int64_t *from_ms) {
    struct fixture *f = fixture_new();
    fixture_birth(f, "freezer-7", "vaccine-freezer");
    *from_ms = clock_wall_ms() - 2 * 3600 * 1000;
    for (int i = 0; i < 720; i++) {
        tele(f, (uint64_t)i + 1, *from_ms + i * 10000, i >= 200 && i < 260 ? 8 : i >= 400 && i < 460 ? 12 : 1);
        if (i != 300)
            continue;
        cr_assert_eq(store_begin(f->core.store), RESULT_OK);
        cr_assert_eq(history_flush(f->core.history), RESULT_OK);
        cr_assert_eq(store_commit(f->core.store), RESULT_OK);
    }
    return f;
}

static struct trial_verdict tried(struct fixture *f, struct packs *packs, struct packs *against, int64_t from_ms,
                                  struct buf *report) {
    const struct trial_options options = {
        .packs = packs, .against = against, .past = {.from_ms = from_ms, .to_ms = clock_wall_ms()}};
    struct trial_verdict verdict;
    struct fault fault;
    cr_assert_eq(trial_run(f->reader, &options, &verdict, report, &fault), RESULT_OK, "%s", fault.text);
    return verdict;
}

Test(trial, stored_past_through_rules_and_beside_those_in_use) {
    int64_t from_ms;
    struct fixture *f = stored_past(&from_ms);
    struct packs *low = load(write_box(5)), *high = load(write_box(10)), *none = load(write_box(20));
    struct buf report;
    buf_init(&report, 100000);
    struct trial_verdict v = tried(f, low, NULL, from_ms, &report);
    cr_expect_eq(v.tickets, 1, "the second is the first one's repeat");
    cr_expect_eq(v.devices, 1);
    cr_expect_eq(v.samples, 720, "what is in chunks and what is in the journal, once each: %lld", (long long)v.samples);
    cr_expect(strstr(buf_text(&report), "would have opened 1 ticket on 1 device in 2 hours (2 alarms; "), "%s",
              buf_text(&report));
    v = tried(f, none, high, from_ms, &report);
    cr_expect_eq(v.tickets, 0);
    cr_expect_eq(v.diff.vanish, 1);
    cr_expect_eq(v.diff.appear, 0);
    cr_expect(strstr(buf_text(&report), "freezer-7 Warm: at 12"), "%s", buf_text(&report));
    v = tried(f, low, none, from_ms, &report);
    cr_expect_eq(v.diff.appear, 1);
    cr_expect_eq(v.diff.vanish, 0);
    v = tried(f, low, high, from_ms, &report);
    cr_expect_eq(v.diff.stay, 1, "within a day: the same ticket");
    buf_fini(&report);
    packs_free(low);
    packs_free(high);
    packs_free(none);
    fixture_free(f);
}

Test(trial, what_was_before_counts_for_nothing_and_is_known) {
    int64_t from_ms;
    struct fixture *f = stored_past(&from_ms);
    struct packs *packs = load(write_box(5));
    struct buf report;
    buf_init(&report, 100000);
    /* Counting begins in the middle of the second warm time: its `for` has been running, its alarm raised. */
    struct trial_verdict v = tried(f, packs, NULL, from_ms + 430 * 10000, &report);
    cr_expect_eq(v.tickets, 0, "%s", buf_text(&report));
    cr_expect_lt(v.samples, 720);
    buf_fini(&report);
    packs_free(packs);
    fixture_free(f);
}

Test(trial, fault_codes_are_part_of_the_past) {
    int64_t from_ms;
    struct fixture *f = stored_past(&from_ms);
    struct packs *packs = load(write_box(20));
    struct buf report;
    buf_init(&report, 100000);
    fault_code(f, 2, from_ms + 3600 * 1000);
    const struct trial_verdict v = tried(f, packs, NULL, from_ms, &report);
    cr_expect_eq(v.tickets, 1, "%s", buf_text(&report));
    cr_expect(strstr(buf_text(&report), "E17"), "%s", buf_text(&report));
    buf_fini(&report);
    packs_free(packs);
    fixture_free(f);
}

Test(trial, device_that_is_not_there_is_said) {
    struct fixture *f = fixture_new();
    struct packs *packs = load(write_box(5));
    const struct trial_options options = {.packs = packs, .past = {.device = "nobody-1", .to_ms = 1000}};
    struct trial_verdict verdict;
    struct fault fault;
    struct buf report;
    buf_init(&report, 1000);
    cr_expect_eq(trial_run(f->reader, &options, &verdict, &report, &fault), RESULT_NOT_FOUND);
    cr_expect_str_eq(fault.text, "there is no device 'nobody-1' in the store");
    buf_fini(&report);
    packs_free(packs);
    fixture_free(f);
}
