/* The row is the order: whoever wants other rules writes an activation, and the pipeline thread carries out the newest
 * one that it has not seen. A transaction that is rolled back takes its row along, and then the newest row is the one
 * before again, and that is carried out: nothing has to be undone by hand.
 *
 * A version is loaded from its content in the store and not from the folder, so that what was tried is what runs. */
#include "rule_versions.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "fieldline/clock.h"
#include "fieldline/log.h"
#include "rules/bundle.h"
#include "store/audit.h"
#include "store/versions.h"
#include "tickets/ticket.h"
#include "web/change.h"

#define META_FOLDER "rules_dir_digest"

/* ---- content ---- */

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

struct packs *rule_versions_load(const char *dir, const void *content, size_t bytes, struct buf *problems) {
    struct packs *packs = NULL;
    struct fault fault;
    struct buf path;
    buf_init(&path, 4096);
    buf_printf(&path, "%s/rules-XXXXXX", dir);
    char *made = mkdtemp((char *)path.data);
    if (!made)
        buf_printf(problems, "%s: %s\n", buf_text(&path), strerror(errno));
    else if (bundle_write(content, bytes, made, &fault) != RESULT_OK)
        buf_printf(problems, "%s\n", fault.text);
    else if (packs_load(made, &packs, problems) != RESULT_OK)
        packs = NULL;
    if (made)
        nftw(made, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    buf_fini(&path);
    return packs;
}

/* The folder as it is now, checked. NULL: problems say why. */
static struct packs *read_folder(const struct core *core, struct buf *content, struct buf *text) {
    struct problems problems = {.to = text};
    struct packs *packs = NULL;
    const char *dir = core->settings->rules_dir;
    if (packs_load(dir, &packs, text) != RESULT_OK)
        return NULL;
    if (bundle_read(dir, content, &problems))
        return packs;
    packs_free(packs);
    return NULL;
}

static void digest_text(const struct buf *content, char out[SHA256_HEX_BYTES]) {
    uint8_t digest[SHA256_BYTES];
    sha256(content->data, content->count, digest);
    hex_encode(digest, sizeof digest, out);
}

static struct activation ordered(const struct core *core, enum activation_how how, const char *who, int64_t version) {
    struct activation a = {.at_ms = core->now_ms, .how = how, .version = version};
    snprintf(a.who, sizeof a.who, "%s", who);
    return a;
}

static enum result note_folder(struct store *store, const struct buf *content) {
    char digest[SHA256_HEX_BYTES];
    digest_text(content, digest);
    return store_meta_put(store, META_FOLDER, digest);
}

enum result rule_versions_see_folder(struct store *store, const char *rules_dir) {
    struct buf content, text;
    buf_init(&content, BUNDLE_BYTES_MAX);
    buf_init(&text, RULE_VERSIONS_PROBLEM_BYTES);
    struct problems problems = {.to = &text};
    const bool is_read = bundle_read(rules_dir, &content, &problems);
    const enum result result = is_read ? note_folder(store, &content) : RESULT_OK; /* a start would say why not */
    buf_fini(&content);
    buf_fini(&text);
    return result;
}

/* ---- start ---- */

static void use(struct core *core, struct packs *packs, const struct activation *a) {
    core->packs = packs;
    core->holder = pack_holder_new();
    pack_holder_put(core->holder, packs);
    core->versions.newest = core->versions.running = a->id;
    core->figures.rules_version = a->version;
}

/* The packs of what ran last, when that is not what the folder has. NULL: the folder's are to run. */
static enum result last_version(struct core *core, const struct buf *folder, struct activation *a, struct packs **out) {
    char digest[SHA256_HEX_BYTES], *seen = NULL;
    struct buf content, problems;
    *out = NULL;
    enum result result = store_activation_newest(core->store, a);
    if (result == RESULT_OK)
        result = store_meta_get(core->store, META_FOLDER, &seen);
    digest_text(folder, digest);
    const bool is_same_folder = result == RESULT_OK && seen && strcmp(seen, digest) == 0;
    free(seen);
    if (result != RESULT_OK || !is_same_folder)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    buf_init(&content, BUNDLE_BYTES_MAX);
    buf_init(&problems, RULE_VERSIONS_PROBLEM_BYTES);
    if (store_version_content(core->store, a->version, &content) == RESULT_OK)
        *out = rule_versions_load(core->settings->data_dir, content.data, content.count, &problems);
    if (!*out)
        log_warn("gateway.rules", "version_unusable", "version=%lld reason=%s", (long long)a->version,
                 log_text(buf_text(&problems)));
    buf_fini(&content);
    buf_fini(&problems);
    return RESULT_OK;
}

static enum result start_in_transaction(struct core *core, struct packs *folder, const struct buf *content) {
    struct activation a;
    struct packs *packs;
    enum result result = last_version(core, content, &a, &packs);
    if (result == RESULT_OK && !packs) {
        a = ordered(core, ACTIVATED_AT_START, TICKET_BY_GATEWAY, 0);
        result = store_version_put(core->store, content->data, content->count, core->now_ms, &a.version);
        if (result == RESULT_OK)
            result = store_activation_add(core->store, &a);
        if (result == RESULT_OK)
            result = note_folder(core->store, content);
        packs = folder;
    }
    if (result == RESULT_OK && a.applied_ms == 0)
        result = store_activation_done(core->store, a.id, core->now_ms, "");
    if (result != RESULT_OK) {
        if (packs != folder)
            packs_free(packs);
        return result;
    }
    if (packs != folder)
        packs_free(folder);
    use(core, packs, &a);
    log_info("gateway.rules", "rules_in_use", "version=%lld packs=%zu", (long long)a.version, packs_count(packs));
    return RESULT_OK;
}

enum result rule_versions_start(struct core *core, struct fault *fault) {
    struct buf content, problems;
    buf_init(&content, BUNDLE_BYTES_MAX);
    buf_init(&problems, RULE_VERSIONS_PROBLEM_BYTES);
    core->now_ms = clock_wall_ms();
    struct packs *folder = read_folder(core, &content, &problems);
    enum result result = RESULT_OK;
    if (!folder) {
        fputs(buf_text(&problems), stderr);
        result = fault_set(fault, RESULT_BAD_INPUT, "product packs in %s have problems (listed above)",
                           core->settings->rules_dir);
        goto out;
    }
    result = store_begin(core->store);
    if (result == RESULT_OK)
        result = start_in_transaction(core, folder, &content);
    if (result == RESULT_OK)
        result = store_commit(core->store);
    else
        packs_free(folder);
    if (result != RESULT_OK) {
        fault_set(fault, result, "versions of the rules: %s", store_error(core->store));
        store_rollback(core->store);
    }
out:
    buf_fini(&content);
    buf_fini(&problems);
    return result;
}

/* ---- while it runs ---- */

static enum result apply(struct core *core, struct packs *packs, const struct activation *a) {
    log_info("gateway.rules", "rules_changed", "version=%lld how=%s by=%s packs=%zu", (long long)a->version,
             activation_how_name(a->how), log_text(a->who), packs_count(packs));
    const enum result result = reload_begin(core, packs);
    if (result != RESULT_OK)
        return result;
    core->versions.newest = core->versions.running = a->id;
    core->figures.rules_version = a->version;
    core->figures.rules_reloads++;
    return result == RESULT_OK ? store_activation_done(core->store, a->id, core->now_ms, "") : result;
}

static enum result refuse(struct core *core, const struct activation *a, struct buf *problems) {
    log_error("gateway.rules", "rules_refused", "version=%lld by=%s reason=%s", (long long)a->version, log_text(a->who),
              log_text(buf_text(problems)));
    core->figures.rules_refused++;
    core->versions.newest = a->id;
    buf_printf(problems, "refused; what ran before goes on\n");
    return store_activation_done(core->store, a->id, 0, buf_text(problems));
}

static enum result carry_out(struct core *core, const struct activation *a) {
    struct buf content, problems;
    struct packs *packs = NULL;
    buf_init(&content, BUNDLE_BYTES_MAX);
    buf_init(&problems, RULE_VERSIONS_PROBLEM_BYTES);
    enum result result = store_version_content(core->store, a->version, &content);
    if (result == RESULT_OK)
        packs = rule_versions_load(core->settings->data_dir, content.data, content.count, &problems);
    else if (result == RESULT_NOT_FOUND)
        buf_printf(&problems, "there is no version %lld any more\n", (long long)a->version);
    if (packs)
        result = apply(core, packs, a);
    else if (result == RESULT_OK || result == RESULT_NOT_FOUND)
        result = refuse(core, a, &problems);
    buf_fini(&content);
    buf_fini(&problems);
    return result;
}

static enum result look(struct core *core) {
    struct activation newest;
    if (core->now_mono_ms < core->versions.look_mono_ms)
        return RESULT_OK;
    core->versions.look_mono_ms = core->now_mono_ms + RULE_VERSIONS_LOOK_MS;
    const enum result result = store_activation_newest(core->store, &newest);
    if (result != RESULT_OK)
        return result == RESULT_NOT_FOUND ? RESULT_OK : result;
    return newest.id == core->versions.newest ? RESULT_OK : carry_out(core, &newest);
}

static enum result tell_done(struct core *core) {
    const struct reload_report *r = &core->reload.report;
    char text[200];
    snprintf(
        text, sizeof text,
        "%lld devices: %lld kept what their rules knew, %lld began anew; %lld alarms of rules that are gone cleared",
        (long long)r->devices, (long long)r->kept, (long long)r->anew, (long long)r->alarms_cleared);
    log_info("gateway.rules", "devices_changed_over", "devices=%lld kept=%lld anew=%lld alarms_cleared=%lld ms=%lld",
             (long long)r->devices, (long long)r->kept, (long long)r->anew, (long long)r->alarms_cleared,
             (long long)(core->now_mono_ms - core->reload.began_mono_ms));
    return store_activation_done(core->store, core->versions.running, core->now_ms, text);
}

enum result rule_versions_turn(struct core *core) {
    bool is_done = false;
    enum result result = look(core);
    if (result == RESULT_OK)
        result = reload_turn(core, &is_done);
    return result == RESULT_OK && is_done ? tell_done(core) : result;
}

/* ---- what people ask for ---- */

static enum result answer(struct core *core, struct change *change, const struct activation *a, bool is_changed) {
    struct json_out j = json_out(&change->reply);
    char object[40];
    change->status = 200;
    jo_object(&j, NULL);
    jo_bool(&j, "changed", is_changed);
    jo_int(&j, "version", a->version);
    jo_end(&j);
    snprintf(object, sizeof object, "rules/%lld", (long long)a->version);
    return audit_add(core->store,
                     &(struct audit_row){.at_ms = core->now_ms,
                                         .who = change->by.name,
                                         .what = a->how == ACTIVATED_BY_REVERT ? "rules.revert" : "rules.reload",
                                         .object = object,
                                         .result = "ok",
                                         .detail = is_changed ? "" : "nothing had changed",
                                         .address = change->by.address});
}

static enum result decline(struct core *core, struct change *change, const char *what, const char *why) {
    core->figures.rules_refused++;
    change_problem(change, 400, "bad_input", "%s", why);
    log_error("gateway.rules", "rules_refused", "version=0 by=%s reason=%s", log_text(change->by.name), log_text(why));
    return audit_add(core->store, &(struct audit_row){.at_ms = core->now_ms,
                                                      .who = change->by.name,
                                                      .what = what,
                                                      .object = "",
                                                      .result = "bad_input",
                                                      .detail = why,
                                                      .address = change->by.address});
}

/* The packs are taken over, or freed. */
static enum result take_folder(struct core *core, struct change *change, struct packs *packs,
                               const struct buf *content) {
    struct activation a = ordered(core, ACTIVATED_BY_RELOAD, change->by.name, 0);
    const int64_t running = core->figures.rules_version;
    enum result result = store_version_put(core->store, content->data, content->count, core->now_ms, &a.version);
    if (result == RESULT_OK)
        result = note_folder(core->store, content);
    if (result == RESULT_OK && a.version != running)
        result = store_activation_add(core->store, &a);
    if (result != RESULT_OK || a.version == running) {
        packs_free(packs);
        return result == RESULT_OK ? answer(core, change, &a, false) : result;
    }
    result = apply(core, packs, &a);
    return result == RESULT_OK ? answer(core, change, &a, true) : result;
}

static enum result reload(struct core *core, struct change *change) {
    struct buf content, problems;
    buf_init(&content, BUNDLE_BYTES_MAX);
    buf_init(&problems, RULE_VERSIONS_PROBLEM_BYTES);
    struct packs *packs = read_folder(core, &content, &problems);
    const enum result result =
        packs ? take_folder(core, change, packs, &content) : decline(core, change, "rules.reload", buf_text(&problems));
    buf_fini(&content);
    buf_fini(&problems);
    return result;
}

/* Where to: the version that was asked for, or the one that ran before. */
static enum result read_target(struct core *core, const struct change *change, int64_t *version, enum result *verdict,
                               struct fault *fault) {
    struct activation before;
    *verdict = RESULT_OK;
    if (change->body && json_get(change->body, "version")) {
        *verdict = json_integer(change->body, "version", 1, INT64_MAX, version, fault);
        return RESULT_OK;
    }
    const enum result result = store_activation_before(core->store, &before);
    if (result == RESULT_NOT_FOUND)
        *verdict = fault_set(fault, RESULT_NOT_FOUND, "There is no version before this one.");
    *version = before.version;
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}

static enum result revert(struct core *core, struct change *change) {
    struct fault fault;
    enum result verdict;
    int64_t version = 0;
    enum result result = read_target(core, change, &version, &verdict, &fault);
    if (result == RESULT_OK && verdict == RESULT_OK && !store_version_exists(core->store, version))
        verdict = fault_set(&fault, RESULT_NOT_FOUND, "There is no version %lld.", (long long)version);
    if (result != RESULT_OK || verdict != RESULT_OK)
        return result != RESULT_OK ? result : decline(core, change, "rules.revert", fault.text);
    struct activation a = ordered(core, ACTIVATED_BY_REVERT, change->by.name, version);
    result = store_activation_add(core->store, &a);
    if (result == RESULT_OK)
        result = rule_versions_see_folder(core->store, core->settings->rules_dir);
    if (result == RESULT_OK)
        result = carry_out(core, &a);
    if (result != RESULT_OK)
        return result;
    return core->versions.running == a.id ? answer(core, change, &a, true)
                                          : decline(core, change, "rules.revert", "That version cannot be used.");
}

enum result rule_versions_change(struct core *core, struct change *change) {
    return change->verb == CHANGE_RULES_REVERT ? revert(core, change) : reload(core, change);
}
