/* replay --store: rules over what a gateway has stored, beside it while it runs. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/clock.h"
#include "fieldline/number.h"
#include "rules/folder.h"
#include "trial.h"

enum { REPORT_BYTES_MAX = 4 * 1024 * 1024, PROBLEM_BYTES_MAX = 64 * 1024 };
#define DAY_MS (INT64_C(24) * 3600 * 1000)

struct packs *command_packs(const char *dir) {
    struct packs *packs = NULL;
    struct buf problems;
    buf_init(&problems, PROBLEM_BYTES_MAX);
    if (packs_load(dir, &packs, &problems) != RESULT_OK)
        fputs(buf_text(&problems), stderr);
    buf_fini(&problems);
    return packs;
}

static enum result run(const char *store, struct trial_options *options, struct fault *fault) {
    struct reader *reader = NULL;
    struct trial_verdict verdict;
    struct buf report;
    enum result result = reader_open(store, &reader, fault);
    buf_init(&report, REPORT_BYTES_MAX);
    if (result == RESULT_OK)
        result = trial_run(reader, options, &verdict, &report, fault);
    if (result == RESULT_OK)
        fputs(buf_text(&report), stdout);
    if (result == RESULT_OK && reader_damaged(reader) > 0)
        fprintf(stderr, "fieldline-gateway: %llu damaged rows were left out\n",
                (unsigned long long)reader_damaged(reader));
    buf_fini(&report);
    reader_close(reader);
    return result;
}

int command_replay_store(const struct command_store_replay *c) {
    struct trial_options options = {.past = {.model = c->model, .device = c->device}};
    struct packs *packs = NULL, *against = NULL;
    struct fault fault;
    int64_t since_ms = 30 * DAY_MS;
    int status = 1;
    char *store = c->data_dir ? path_join(c->data_dir, "gateway.db") : mem_strdup(c->store);
    if (c->since && !number_duration_ms(c->since, strlen(c->since), &since_ms)) {
        (void)fault_set(&fault, RESULT_BAD_INPUT, "--since is '%s', expected a duration such as 30d", c->since);
        status = command_failed(&fault);
        goto out;
    }
    options.past.to_ms = clock_wall_ms();
    options.past.from_ms = options.past.to_ms - since_ms;
    packs = command_packs(c->pack);
    against = packs && c->against ? command_packs(c->against) : NULL;
    if (!packs || (c->against && !against))
        goto out;
    options.packs = packs;
    options.against = against;
    options.alarms = c->alarms ? fopen(c->alarms, "we") : NULL;
    enum result result = RESULT_OK;
    if (c->alarms && !options.alarms)
        result = fault_set(&fault, RESULT_IO, "%s: %s", c->alarms, strerror(errno));
    else
        result = run(store, &options, &fault);
    if (options.alarms && fclose(options.alarms) != 0 && result == RESULT_OK)
        result = fault_set(&fault, RESULT_IO, "%s: cannot be written: %s", c->alarms, strerror(errno));
    status = result == RESULT_OK ? 0 : command_failed(&fault);
out:
    packs_free(packs);
    packs_free(against);
    free(store);
    return status;
}
