/* rules activate, history, revert: versions of the rules from the command line, beside a running gateway. Everything is
 * tried on the stored past before it is activated; the row that activates it is the order, and the gateway carries it
 * out within a fraction of a second. */
#include "command.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "fieldline/number.h"
#include "rule_versions.h"
#include "rules/bundle.h"
#include "store/audit.h"
#include "store/versions.h"
#include "trial.h"

enum { PROBLEM_BYTES_MAX = 64 * 1024, REPORT_BYTES_MAX = 4 * 1024 * 1024, APPLIED_WITHIN_MS = 5000, LOOK_MS = 20 };
#define DAY_MS (INT64_C(24) * 3600 * 1000)

struct ordering {
    struct settings *settings;
    char *store_path;
    struct reader *reader;
    struct activation a;
};

static enum result order_open(struct ordering *o, int *argc, char **argv, struct fault *fault) {
    *o = (struct ordering){.settings = command_settings(argc, argv)};
    if (!o->settings)
        return fault_set(fault, RESULT_BAD_INPUT, "the configuration has problems");
    o->store_path = settings_path(o->settings, "gateway.db");
    return reader_open(o->store_path, &o->reader, fault);
}

static void order_close(struct ordering *o) {
    reader_close(o->reader);
    free(o->store_path);
    settings_free(o->settings);
}

/* Who types: the name that the system knows, for the history. */
static void name_of_user(char out[VERSION_WHO_BYTES + 1]) {
    const char *sudo = getenv("SUDO_USER");
    const struct passwd *user = sudo ? NULL : getpwuid(getuid());
    snprintf(out, VERSION_WHO_BYTES + 1, "%s", sudo ? sudo : user ? user->pw_name : "?");
}

static void take_newest(void *self, const struct activation *a, const struct rule_version *v) {
    struct activation *out = self;
    (void)v;
    if (out->id == 0 && a->applied_ms > 0)
        *out = *a;
    out->report = out->outcome = "";
}

/* ---- trying ---- */

static struct packs *packs_in_use(struct ordering *o) {
    struct activation running = {0};
    struct rule_version version;
    struct buf content, problems;
    struct packs *packs = NULL;
    buf_init(&content, BUNDLE_BYTES_MAX);
    buf_init(&problems, PROBLEM_BYTES_MAX);
    if (reader_activations(o->reader, 200, take_newest, &running) == RESULT_OK && running.id != 0 &&
        reader_version(o->reader, running.version, &version, &content) == RESULT_OK)
        packs = rule_versions_load(o->settings->data_dir, content.data, content.count, &problems);
    buf_fini(&content);
    buf_fini(&problems);
    return packs;
}

static enum result dry_run(struct ordering *o, struct packs *fresh, int64_t since_ms, struct buf *report,
                           struct fault *fault) {
    struct trial_verdict verdict;
    struct packs *in_use = packs_in_use(o);
    const int64_t now_ms = clock_wall_ms();
    const struct trial_options options = {.packs = fresh,
                                          .against = in_use,
                                          .past = {.from_ms = now_ms - since_ms, .to_ms = now_ms},
                                          .changed_only = true};
    if (!in_use)
        buf_printf(report, "nothing to compare with: no version is in use yet\n");
    const enum result result = trial_run(o->reader, &options, &verdict, report, fault);
    packs_free(in_use);
    return result;
}

/* ---- ordering ---- */

static enum result audit(struct store *store, const struct activation *a, const char *what) {
    char object[40];
    snprintf(object, sizeof object, "rules/%lld", (long long)a->version);
    return audit_add(store, &(struct audit_row){.at_ms = a->at_ms,
                                                .who = a->who,
                                                .what = what,
                                                .object = object,
                                                .result = "ok",
                                                .detail = "from the command line",
                                                .address = ""});
}

/* `content` NULL: the version is there already. */
static enum result place_order(struct ordering *o, const struct buf *content, const char *what, struct fault *fault) {
    struct store *store = NULL;
    enum result result = store_open(o->store_path, &store, fault);
    if (result != RESULT_OK)
        return result;
    o->a.at_ms = clock_wall_ms();
    name_of_user(o->a.who);
    result = store_begin(store);
    if (result == RESULT_OK && content)
        result = store_version_put(store, content->data, content->count, o->a.at_ms, &o->a.version);
    if (result == RESULT_OK)
        result = store_activation_add(store, &o->a);
    if (result == RESULT_OK)
        result = rule_versions_see_folder(store, o->settings->rules_dir);
    if (result == RESULT_OK)
        result = audit(store, &o->a, what);
    if (result == RESULT_OK)
        result = store_commit(store);
    if (result != RESULT_OK) {
        fault_set(fault, result, "%s: %s", o->store_path, store_error(store));
        store_rollback(store);
    }
    store_close(store);
    return result;
}

struct waiting {
    int64_t id;
    bool is_applied, is_refused;
};

static void look(void *self, const struct activation *a, const struct rule_version *v) {
    struct waiting *w = self;
    (void)v;
    if (a->id != w->id)
        return;
    w->is_applied = a->applied_ms > 0;
    w->is_refused = !w->is_applied && a->outcome[0];
    if (w->is_refused)
        fprintf(stderr, "%s", a->outcome);
}

/* Exit status of the command. */
static int wait_applied(const struct ordering *o) {
    const int64_t began_ms = clock_mono_ms();
    struct waiting w = {.id = o->a.id};
    while (clock_mono_ms() - began_ms < APPLIED_WITHIN_MS) {
        if (reader_activations(o->reader, 10, look, &w) != RESULT_OK || w.is_applied || w.is_refused)
            break;
        nanosleep(&(struct timespec){.tv_nsec = LOOK_MS * 1000000L}, NULL);
    }
    if (w.is_applied)
        printf("version %lld is in use\n", (long long)o->a.version);
    else if (!w.is_refused)
        printf("version %lld is ordered; no gateway runs here: it will be in use from its start on\n",
               (long long)o->a.version);
    return w.is_refused ? 1 : 0;
}

/* ---- commands ---- */

static enum result activate(struct ordering *o, const char *dir, int64_t since_ms, bool is_dry, bool *is_ordered,
                            struct fault *fault) {
    struct packs *packs = command_packs(dir);
    struct buf content, report, text;
    *is_ordered = false;
    if (!packs)
        return fault_set(fault, RESULT_BAD_INPUT, "%s: nothing was changed", dir);
    buf_init(&content, BUNDLE_BYTES_MAX);
    buf_init(&report, REPORT_BYTES_MAX);
    buf_init(&text, PROBLEM_BYTES_MAX);
    struct problems problems = {.to = &text};
    enum result result = bundle_read(dir, &content, &problems) ? RESULT_OK : RESULT_BAD_INPUT;
    if (result != RESULT_OK)
        fault_set(fault, result, "%s", buf_text(&text));
    if (result == RESULT_OK)
        result = dry_run(o, packs, since_ms, &report, fault);
    if (result == RESULT_OK)
        fputs(buf_text(&report), stdout);
    if (result == RESULT_OK && !is_dry) {
        if (report.count > VERSION_REPORT_BYTES)
            report.data[utf8_cut(report.data, VERSION_REPORT_BYTES)] = '\0';
        o->a = (struct activation){.how = ACTIVATED_BY_COMMAND, .report = buf_text(&report)};
        result = place_order(o, &content, "rules.activate", fault);
        *is_ordered = result == RESULT_OK;
    }
    buf_fini(&content);
    buf_fini(&report);
    buf_fini(&text);
    packs_free(packs);
    return result;
}

int command_rules_activate(int argc, char **argv) {
    struct ordering o;
    struct fault fault;
    int64_t since_ms = 7 * DAY_MS;
    bool is_ordered = false;
    const char *since = command_option(&argc, argv, "--since");
    const bool is_dry = command_flag(&argc, argv, "--dry-run");
    if (since && !number_duration_ms(since, strlen(since), &since_ms)) {
        (void)fault_set(&fault, RESULT_BAD_INPUT, "--since is '%s', expected a duration such as 7d", since);
        return command_failed(&fault);
    }
    enum result result = order_open(&o, &argc, argv, &fault);
    if (result == RESULT_OK && argc != 1) {
        order_close(&o);
        return command_usage("rules activate DIR [--dry-run] [--since 7d] [--config FILE]");
    }
    if (result == RESULT_OK)
        result = activate(&o, argv[0], since_ms, is_dry, &is_ordered, &fault);
    const int status = result != RESULT_OK ? command_failed(&fault) : is_ordered ? wait_applied(&o) : 0;
    order_close(&o);
    return status;
}

static void print_activation(void *self, const struct activation *a, const struct rule_version *v) {
    char at[32], digest[SHA256_HEX_BYTES] = "";
    bool *has_any = self;
    clock_print(a->at_ms, at);
    hex_encode(v->digest, sizeof v->digest, digest);
    printf("%4lld  %s  %-8s  %-16s  %.12s  %s\n", (long long)a->version, at, activation_how_name(a->how), a->who,
           v->id ? digest : "(forgotten)",
           a->applied_ms   ? (*has_any ? "" : "in use")
           : a->outcome[0] ? "refused"
                           : "ordered");
    if (a->applied_ms)
        *has_any = true;
}

int command_rules_history(int argc, char **argv) {
    struct ordering o;
    struct fault fault;
    bool has_any = false;
    enum result result = order_open(&o, &argc, argv, &fault);
    if (result == RESULT_OK && argc != 0) {
        order_close(&o);
        return command_usage("rules history [--config FILE]");
    }
    if (result == RESULT_OK)
        result = reader_activations(o.reader, 100, print_activation, &has_any);
    order_close(&o);
    return result == RESULT_OK ? 0 : command_failed(&fault);
}

struct revert_target {
    int64_t wanted, running, found;
};

static void take_target(void *self, const struct activation *a, const struct rule_version *v) {
    struct revert_target *t = self;
    if (t->running == 0 && a->applied_ms > 0)
        t->running = a->version;
    const bool fits = t->wanted ? a->version == t->wanted : a->applied_ms > 0 && a->version != t->running;
    if (t->found == 0 && v->id != 0 && fits)
        t->found = a->version;
}

int command_rules_revert(int argc, char **argv) {
    struct ordering o;
    struct fault fault;
    struct revert_target target = {0};
    enum result result = order_open(&o, &argc, argv, &fault);
    if (result == RESULT_OK &&
        (argc > 1 || (argc == 1 && !number_i64(argv[0], strlen(argv[0]), 1, INT64_MAX, &target.wanted)))) {
        order_close(&o);
        return command_usage("rules revert [VERSION] [--config FILE]");
    }
    if (result == RESULT_OK)
        result = reader_activations(o.reader, 500, take_target, &target);
    if (result == RESULT_OK && target.found == 0)
        result = fault_set(&fault, RESULT_NOT_FOUND, "there is no such version to go back to; see 'rules history'");
    o.a = (struct activation){.how = ACTIVATED_BY_REVERT, .version = target.found};
    if (result == RESULT_OK)
        result = place_order(&o, NULL, "rules.revert", &fault);
    const int status = result == RESULT_OK ? wait_applied(&o) : command_failed(&fault);
    order_close(&o);
    return status;
}
