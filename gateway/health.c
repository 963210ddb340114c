/* The judgement is a table: what is wrong, how bad that is, and the words for a person. Ids are a contract, texts are
 * not.
 *
 * Two things that look like trouble are none. An idle gateway commits nothing for as long as nothing comes, but its
 * turns go round five times a second, and that is what is looked at. A store that fails makes the gateway unready and
 * not dead: it tries again by itself, and starting it anew would not make room on the disk.
 *
 * The edge thread is not judged here: whoever is answered was answered by it. (The watchdog looks at it.)
 *
 * Left: asking the pipeline thread a question and waiting for its answer. A stuck one does not answer, and whoever asks
 * would hang with it. */
#include "health.h"

#include "fieldline/json.h"

static bool pipeline_stuck(const struct health_facts *f) {
    return f->pipeline_silent_ms > HEALTH_PIPELINE_SILENT_MS;
}
static bool stopping(const struct health_facts *f) {
    return f->is_stopping;
}
static bool store_failed(const struct health_facts *f) {
    return f->is_store_failing;
}
static bool broker_disconnected(const struct health_facts *f) {
    return !f->is_broker_connected;
}
static bool disk_low(const struct health_facts *f) {
    return f->disk_free_bytes >= 0 && f->disk_free_bytes < f->disk_low_bytes;
}
static bool journal_late(const struct health_facts *f) {
    return f->journal_late_ms > HEALTH_JOURNAL_LATE_MS;
}
static bool crl_stale(const struct health_facts *f) {
    return f->is_crl_stale;
}

static const struct {
    bool (*is_so)(const struct health_facts *facts);
    enum health_state state;
    const char *id, *text;
} rows[HEALTH_REASONS] = {
    {pipeline_stuck, HEALTH_DEAD, "pipeline_stuck", "no turn of the pipeline has ended for more than 30 s"},
    {stopping, HEALTH_UNREADY, "stopping", "the gateway is being stopped"},
    {store_failed, HEALTH_UNREADY, "store_failed",
     "the last transaction could not be stored; it is tried again, and nothing is acknowledged meanwhile"},
    {broker_disconnected, HEALTH_UNREADY, "broker_disconnected", "there is no connection to the MQTT broker"},
    {disk_low, HEALTH_DEGRADED, "disk_low", "the disk of data_dir has less room than disk_low"},
    {journal_late, HEALTH_DEGRADED, "journal_late", "the journal is trimmed hours later than it could be"},
    {crl_stale, HEALTH_DEGRADED, "crl_stale",
     "the list of revoked certificates cannot be used or has expired; the last good one stays in force"},
};
static const char *const state_names[] = {"ok", "degraded", "unready", "dead"};

enum health_state health_judge(const struct health_facts *facts, struct health_reason reasons[HEALTH_REASONS],
                               size_t *count) {
    enum health_state worst = HEALTH_OK;
    *count = 0;
    for (size_t i = 0; i < HEALTH_REASONS; i++) {
        if (!rows[i].is_so(facts))
            continue;
        reasons[(*count)++] = (struct health_reason){rows[i].id, rows[i].text};
        worst = rows[i].state > worst ? rows[i].state : worst;
    }
    return worst;
}

static void print_age(struct json_out *j, const char *key, int64_t age_ms) {
    if (age_ms < 0)
        jo_null(j, key);
    else
        jo_int(j, key, age_ms);
}

static void print_facts(struct json_out *j, const struct health_facts *f) {
    jo_object(j, "checks");
    jo_bool(j, "broker_connected", f->is_broker_connected);
    jo_bool(j, "store_writable", !f->is_store_failing);
    print_age(j, "commit_age_ms", f->commit_age_ms);
    print_age(j, "turn_failed_age_ms", f->turn_failed_age_ms);
    jo_int(j, "pipeline_silent_ms", f->pipeline_silent_ms);
    jo_int(j, "journal_late_ms", f->journal_late_ms > 0 ? f->journal_late_ms : 0);
    jo_bool(j, "crl_current", !f->is_crl_stale);
    print_age(j, "disk_free_bytes", f->disk_free_bytes);
    jo_end(j);
}

int health_print(const struct health_facts *facts, bool only_live, bool is_detailed, struct buf *out) {
    struct health_reason reasons[HEALTH_REASONS];
    size_t count = 0;
    const enum health_state state = health_judge(facts, reasons, &count);
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "status", state_names[state]);
    jo_bool(&j, "live", state < HEALTH_DEAD);
    jo_bool(&j, "ready", state < HEALTH_UNREADY);
    jo_array(&j, "reasons");
    for (size_t i = 0; i < count; i++) {
        jo_object(&j, NULL);
        jo_str(&j, "id", reasons[i].id);
        jo_str(&j, "text", reasons[i].text);
        jo_end(&j);
    }
    jo_end(&j);
    if (is_detailed)
        print_facts(&j, facts);
    jo_end(&j);
    return state < (only_live ? HEALTH_DEAD : HEALTH_UNREADY) ? 200 : 503;
}
