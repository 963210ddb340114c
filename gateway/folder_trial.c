/* The command line tries all devices (command_rules.c); here a person waits for a page, so a few of each model stand
 * for the fleet, and only packs that were edited are tried. */
#include "folder_trial.h"

#include "fieldline/clock.h"

enum { PROBLEM_BYTES_MAX = 64 * 1024, REPORT_BYTES_MAX = 256 * 1024 };

static bool is_changed(const struct packs *folder, const struct packs *in_use) {
    bool is_same = packs_count(folder) == packs_count(in_use);
    for (size_t i = 0; i < packs_count(folder); i++) {
        const struct pack *pack = packs_at(folder, i);
        is_same = is_same && pack_is_same(pack, packs_find(in_use, pack->model));
    }
    return !is_same;
}

static enum result try(struct packs *folder, struct reader *reader, const struct packs *in_use, struct json_out *out,
                       struct fault *fault) {
    const int64_t now_ms = clock_wall_ms();
    const struct trial_options options = {
        .packs = folder,
        .against = in_use,
        .past = {.devices_max = FOLDER_TRIAL_DEVICES, .from_ms = now_ms - FOLDER_TRIAL_MS, .to_ms = now_ms},
        .changed_only = true};
    struct trial_verdict v;
    struct buf report;
    buf_init(&report, REPORT_BYTES_MAX);
    const enum result result = trial_run(reader, &options, &v, &report, fault);
    if (result == RESULT_OK) {
        jo_int(out, "tickets", v.tickets);
        jo_int(out, "devices", v.devices);
        jo_int(out, "samples", v.samples);
        jo_int(out, "appear", v.diff.appear);
        jo_int(out, "vanish", v.diff.vanish);
        jo_int(out, "stay", v.diff.stay);
        jo_str(out, "report", buf_text(&report));
    }
    buf_fini(&report);
    return result;
}

enum result folder_trial(const char *rules_dir, struct reader *reader, const struct packs *in_use, struct json_out *out,
                         struct fault *fault) {
    struct packs *folder = NULL;
    struct buf problems;
    buf_init(&problems, PROBLEM_BYTES_MAX);
    enum result result = packs_load(rules_dir, &folder, &problems);
    const bool is_sound = result == RESULT_OK;
    jo_object(out, NULL);
    jo_bool(out, "sound", is_sound);
    jo_str(out, "problems", buf_text(&problems));
    const bool has_changes = is_sound && is_changed(folder, in_use);
    jo_bool(out, "changed", has_changes);
    result = has_changes ? try(folder, reader, in_use, out, fault) : RESULT_OK;
    jo_end(out);
    buf_fini(&problems);
    packs_free(folder);
    return result;
}
