/* Who may have remote sessions, from the command line: qualifications, contracts, the kill switch. The gateway may run
 * meanwhile: it looks at the store twice a second and ends what has lost its ground. Each command is one transaction
 * with its entry in the audit log, by "operator". */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fieldline/clock.h"
#include "fieldline/number.h"
#include "ingest/csv.h"
#include "store/audit.h"
#include "store/contracts.h"
#include "store/kills.h"
#include "store/qualifications.h"
#include "store/users.h"

#define DAY_MS (24 * 3600 * INT64_C(1000))
enum { QUALIFIED_DAYS = 365 };
static const char operator_name[] = "operator";

/* ---- the store of the configuration, for one change or one look ---- */

struct visit {
    struct settings *settings;
    char *path;
    struct store *store;
    struct fault fault;
    int64_t now_ms;
};

static bool visit_open(struct visit *v, int *argc, char **argv) {
    *v = (struct visit){.settings = command_settings(argc, argv), .now_ms = clock_wall_ms()};
    if (!v->settings)
        return false;
    v->path = settings_path(v->settings, "gateway.db");
    if (store_open(v->path, &v->store, &v->fault) == RESULT_OK)
        return true;
    command_failed(&v->fault);
    free(v->path);
    settings_free(v->settings);
    return false;
}

/* `result`: of the work; what is open is rolled back when it failed. Returns the exit status. */
static int visit_close(struct visit *v, enum result result) {
    if (result != RESULT_OK) {
        if (v->fault.text[0] == '\0')
            fault_set(&v->fault, result, "%s: %s", v->path, store_error(v->store));
        command_failed(&v->fault);
    }
    store_close(v->store);
    free(v->path);
    settings_free(v->settings);
    return result == RESULT_OK ? 0 : 1;
}

static enum result note(struct visit *v, const char *what, const char *object, const char *detail) {
    const struct audit_row row = {.at_ms = v->now_ms,
                                  .who = operator_name,
                                  .what = what,
                                  .object = object,
                                  .result = "ok",
                                  .detail = detail,
                                  .address = ""};
    return audit_add(v->store, &row);
}

/* ---- qualifications ---- */

static enum result fill_qualification(struct visit *v, struct qualification *q, const char *capabilities,
                                      const char *from, const char *until) {
    struct user_row user;
    q->from_ms = q->given_ms = v->now_ms;
    q->until_ms = v->now_ms + QUALIFIED_DAYS * DAY_MS;
    snprintf(q->given_by, sizeof q->given_by, "%s", operator_name);
    enum result result = capabilities ? capabilities_parse(capabilities, &q->capabilities, &v->fault) : RESULT_OK;
    if (result == RESULT_OK && from && (result = contract_day(from, &q->from_ms, &v->fault)) == RESULT_OK)
        q->from_ms -= DAY_MS - 1;
    if (result == RESULT_OK && until)
        result = contract_day(until, &q->until_ms, &v->fault);
    if (result == RESULT_OK)
        result = qualification_check(q, &v->fault);
    if (result != RESULT_OK)
        return result;
    result = store_user_find(v->store, q->user, &user);
    wipe(user.password, sizeof user.password);
    if (result == RESULT_NOT_FOUND)
        return fault_set(&v->fault, result, "there is no user '%s'", q->user);
    if (result == RESULT_OK && user.role != ROLE_ENGINEER && user.role != ROLE_SUPERVISOR)
        return fault_set(&v->fault, RESULT_BAD_INPUT, "%s is %s; only engineers and supervisors hold sessions", q->user,
                         role_name(user.role));
    return result;
}

int command_user_qualify(int argc, char **argv) {
    const char *model = command_option(&argc, argv, "--model"),
               *capabilities = command_option(&argc, argv, "--capabilities"),
               *from = command_option(&argc, argv, "--from"), *until = command_option(&argc, argv, "--until");
    struct qualification q = {.may_break_glass = command_flag(&argc, argv, "--emergency")};
    struct visit v;
    char object[40];
    if (!visit_open(&v, &argc, argv))
        return 1;
    if (argc != 1 || strlen(argv[0]) > QUALIFICATION_WHO_BYTES || (model && strlen(model) > CAP_MODEL_BYTES)) {
        (void)visit_close(&v, RESULT_OK);
        return command_usage("user qualify NAME --capabilities LIST [--model MODEL] [--from DAY] [--until DAY] "
                             "[--emergency] [--config FILE]");
    }
    snprintf(q.user, sizeof q.user, "%s", argv[0]);
    snprintf(q.model, sizeof q.model, "%s", model ? model : "*");
    enum result result = fill_qualification(&v, &q, capabilities, from, until);
    if (result == RESULT_OK)
        result = store_begin(v.store);
    if (result == RESULT_OK)
        result = store_qualification_add(v.store, &q);
    snprintf(object, sizeof object, "qualification/%lld", (long long)q.id);
    if (result == RESULT_OK)
        result = note(&v, "qualification.give", object, q.user);
    if (result == RESULT_OK)
        result = store_commit(v.store);
    if (result == RESULT_OK)
        printf("%lld\n", (long long)q.id);
    return visit_close(&v, result);
}

/* The id that is the only argument left. */
static bool read_id(int argc, char **argv, int64_t *id) {
    return argc == 1 && number_i64(argv[0], strlen(argv[0]), 1, INT64_MAX, id);
}

int command_user_disqualify(int argc, char **argv) {
    struct visit v;
    struct qualification q;
    int64_t id = 0;
    char object[40];
    if (!visit_open(&v, &argc, argv))
        return 1;
    if (!read_id(argc, argv, &id)) {
        (void)visit_close(&v, RESULT_OK);
        return command_usage("user disqualify ID [--config FILE]   (ID as 'user qualifications' shows it)");
    }
    enum result result = store_begin(v.store);
    if (result == RESULT_OK)
        result = store_qualification_find(v.store, id, &q);
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && q.is_revoked))
        result =
            fault_set(&v.fault, RESULT_NOT_FOUND, "there is no qualification %lld that is not revoked", (long long)id);
    if (result == RESULT_OK)
        result = store_qualification_revoke(v.store, id, operator_name, v.now_ms);
    snprintf(object, sizeof object, "qualification/%lld", (long long)id);
    if (result == RESULT_OK)
        result = note(&v, "qualification.revoke", object, q.user);
    if (result == RESULT_OK)
        result = store_commit(v.store);
    return visit_close(&v, result);
}

static void print_day(int64_t at_ms, char out[16]) {
    const time_t at = (time_t)(at_ms / 1000);
    struct tm tm;
    gmtime_r(&at, &tm);
    strftime(out, 16, "%Y-%m-%d", &tm);
}

static void print_qualification(void *self, const struct qualification *q) {
    const struct visit *v = self;
    struct buf names;
    char from[16], until[16];
    buf_init(&names, 256);
    capabilities_print(q->capabilities, &names);
    print_day(q->from_ms, from);
    print_day(q->until_ms, until);
    printf("%-6lld %-20s %-20s %s..%s %-8s %s%s\n", (long long)q->id, q->user, q->model, from, until,
           q->is_revoked             ? "revoked"
           : v->now_ms < q->from_ms  ? "later"
           : v->now_ms < q->until_ms ? "valid"
                                     : "over",
           buf_text(&names), q->may_break_glass ? " +emergency" : "");
    buf_fini(&names);
}

int command_user_qualifications(int argc, char **argv) {
    struct visit v;
    if (!visit_open(&v, &argc, argv))
        return 1;
    return visit_close(&v, store_qualifications(v.store, argc == 1 ? argv[0] : NULL, print_qualification, &v));
}

/* ---- contracts ---- */

/* One line; the first may be the heading. */
static enum result import_row(struct visit *v, const struct csv *csv, const struct csv_row *row, int64_t *count) {
    struct contract_cell cells[CONTRACT_CELLS];
    struct contract contract;
    struct fault fault;
    for (size_t i = 0; i < row->count && i < CONTRACT_CELLS; i++)
        cells[i] = (struct contract_cell){row->cells[i].text, row->cells[i].chars};
    if (row->line == 1 && row->count == CONTRACT_CELLS && cells[0].chars == 5 && memcmp(cells[0].text, "scope", 5) == 0)
        return RESULT_OK;
    if (contract_of_cells(cells, row->count, &contract, &fault) != RESULT_OK)
        return csv_fault(csv, row->line, 1, &v->fault, "%s", fault.text);
    contract.set_ms = v->now_ms;
    snprintf(contract.set_by, sizeof contract.set_by, "%s", operator_name);
    ++*count;
    return store_contract_put(v->store, &contract);
}

static enum result import_all(struct visit *v, struct csv *csv, int64_t *count) {
    struct csv_row row;
    enum result result;
    while ((result = csv_next(csv, &row, &v->fault)) == RESULT_OK)
        if ((result = import_row(v, csv, &row, count)) != RESULT_OK)
            return result;
    return result == RESULT_CLOSED ? RESULT_OK : result;
}

int command_contract_import(int argc, char **argv) {
    struct visit v;
    struct csv *csv = NULL;
    int64_t count = 0;
    char detail[40];
    if (!visit_open(&v, &argc, argv))
        return 1;
    if (argc != 1) {
        (void)visit_close(&v, RESULT_OK);
        return command_usage(
            "contract import FILE [--config FILE]   (lines: scope,target,customer,until,capabilities)");
    }
    enum result result = csv_open(argv[0], &csv, &v.fault);
    if (result == RESULT_OK)
        result = store_begin(v.store);
    if (result == RESULT_OK)
        result = import_all(&v, csv, &count);
    snprintf(detail, sizeof detail, "%lld contracts", (long long)count);
    if (result == RESULT_OK)
        result = note(&v, "contract.import", "contract", detail);
    if (result == RESULT_OK)
        result = store_commit(v.store);
    if (result == RESULT_OK)
        printf("%s\n", detail);
    csv_free(csv);
    return visit_close(&v, result);
}

static void print_contract(void *self, const struct contract *c) {
    const struct visit *v = self;
    struct buf names;
    char until[16];
    buf_init(&names, 256);
    capabilities_print(c->capabilities, &names);
    print_day(c->until_ms, until);
    printf("%-7s %-30s %-24s %s %-6s %s\n", contract_scope_name(c->scope), c->target, c->customer, until,
           v->now_ms <= c->until_ms ? "" : "over", c->capabilities ? buf_text(&names) : "-");
    buf_fini(&names);
}

int command_contract_list(int argc, char **argv) {
    struct visit v;
    if (!visit_open(&v, &argc, argv))
        return 1;
    return visit_close(&v, store_contracts(v.store, print_contract, &v));
}

/* ---- the kill switch ---- */

/* A misspelt name would stop nobody. */
static enum result check_target(struct visit *v, const struct kill *kill) {
    struct user_row user;
    enum result result = RESULT_OK;
    if (kill->scope == KILL_USER) {
        result = store_user_find(v->store, kill->target, &user);
        wipe(user.password, sizeof user.password);
    } else if (kill->scope == KILL_DEVICE) {
        result = store_kill_knows(v->store, kill->target);
    }
    return result == RESULT_NOT_FOUND
               ? fault_set(&v->fault, result, "there is no %s '%s'", kill_scope_name(kill->scope), kill->target)
               : result;
}

int command_kill_on(int argc, char **argv) {
    const char *scope = command_option(&argc, argv, "--scope"), *target = command_option(&argc, argv, "--target"),
               *reason = command_option(&argc, argv, "--reason");
    struct kill kill = {0};
    struct visit v;
    char object[40];
    if (!visit_open(&v, &argc, argv))
        return 1;
    enum result result = argc == 0 ? kill_make(scope, target, reason, &kill, &v.fault) : RESULT_BAD_INPUT;
    if (argc != 0) {
        (void)visit_close(&v, RESULT_OK);
        return command_usage("kill-switch on --scope all|device|user [--target NAME] --reason TEXT [--config FILE]");
    }
    if (result == RESULT_OK)
        result = check_target(&v, &kill);
    kill.at_ms = v.now_ms;
    snprintf(kill.by, sizeof kill.by, "%s", operator_name);
    if (result == RESULT_OK)
        result = store_begin(v.store);
    if (result == RESULT_OK)
        result = store_kill_put(v.store, &kill);
    snprintf(object, sizeof object, "kill/%lld", (long long)kill.id);
    if (result == RESULT_OK)
        result = note(&v, "kill.on", object, kill.reason);
    if (result == RESULT_OK)
        result = store_commit(v.store);
    if (result == RESULT_OK)
        printf("%lld\n", (long long)kill.id);
    return visit_close(&v, result);
}

int command_kill_off(int argc, char **argv) {
    struct kill kill;
    struct visit v;
    int64_t id = 0;
    char object[40];
    if (!visit_open(&v, &argc, argv))
        return 1;
    if (!read_id(argc, argv, &id)) {
        (void)visit_close(&v, RESULT_OK);
        return command_usage("kill-switch off ID [--config FILE]   (ID as 'kill-switch list' shows it)");
    }
    enum result result = store_begin(v.store);
    if (result == RESULT_OK)
        result = store_kill_find(v.store, id, &kill);
    if (result == RESULT_NOT_FOUND || (result == RESULT_OK && kill.is_lifted))
        result = fault_set(&v.fault, RESULT_NOT_FOUND, "there is no kill switch %lld that is on", (long long)id);
    if (result == RESULT_OK) {
        kill.is_lifted = true;
        kill.lifted_ms = v.now_ms;
        snprintf(kill.lifted_by, sizeof kill.lifted_by, "%s", operator_name);
        result = store_kill_put(v.store, &kill);
    }
    snprintf(object, sizeof object, "kill/%lld", (long long)id);
    if (result == RESULT_OK)
        result = note(&v, "kill.lift", object, kill.reason);
    if (result == RESULT_OK)
        result = store_commit(v.store);
    return visit_close(&v, result);
}

static void print_kill(void *self, const struct kill *kill) {
    char day[16];
    (void)self;
    print_day(kill->at_ms, day);
    printf("%-6lld %-7s %-30s %s %-16s %s\n", (long long)kill->id, kill_scope_name(kill->scope), kill->target, day,
           kill->by, kill->reason);
}

int command_kill_list(int argc, char **argv) {
    struct visit v;
    if (!visit_open(&v, &argc, argv))
        return 1;
    return visit_close(&v, store_kills(v.store, print_kill, &v));
}
