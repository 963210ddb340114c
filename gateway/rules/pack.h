/* A product pack: one folder tells the gateway all it needs about a model (rules/README.md is the author's guide).
 * Read-only after loading; shared by every device of the model and every thread. */
#pragma once
#include "fieldline/bytes.h"
#include "fieldline/session.h"
#include "rules/pack_parameters.h"

/* X.733 */
enum severity { SEVERITY_IS_WARNING = 1, SEVERITY_IS_MINOR, SEVERITY_IS_MAJOR, SEVERITY_IS_CRITICAL };
const char *alarm_severity_name(enum severity s); /* "warning" ... "critical" */
FL_CHECK bool alarm_severity_parse(const char *text, enum severity *out);

enum metric_kind { METRIC_GAUGE, METRIC_COUNTER };
struct pack_metric {
    char *name, *title, *title_zh;
    char unit[CAP_UNIT_BYTES + 1]; /* SenML registry (RFC 8428 12.1, RFC 8798); "" for none */
    enum metric_kind kind;
    bool has_min, has_max;
    double min, max;     /* what a working sensor can report; outside is quarantined */
    int64_t interval_ms; /* how often it is expected */
    bool is_charted;     /* shown on the device page without asking */
};
struct pack_fault {
    char *code, *title, *title_zh;
    enum severity severity;
    bool opens_ticket;
};
struct pack_diagnostic {
    char *name, *title, *title_zh;
};
struct pack_article {
    char *id, *title, *language; /* id: file name without .md */
    char **codes;                /* alarm names and fault codes it helps with, NULL at the end */
    char *body;                  /* Markdown */
};
/* What a session that uses a capability needs besides the grant; nothing when all is zero. */
struct pack_session_rule {
    bool needs_approval;  /* of a second person */
    bool needs_moderator; /* in the session, all the time */
    int64_t max_minutes;  /* 0: as long as the gateway allows */
};
struct rule; /* rules/rule.h */
struct plan; /* rules/plan.h */
struct pack {
    char *model, *title, *title_zh, *maker, *kind; /* kind: "appliance", "machine", ... */
    struct pack_metric *metrics;
    size_t metric_count;
    struct pack_fault *faults;
    size_t fault_count;
    struct pack_diagnostic *diagnostics;
    size_t diagnostic_count;
    uint32_t capabilities; /* what a session on this model may be granted at most */
    struct pack_session_rule sessions[CAPABILITY_COUNT];
    int64_t history_ms; /* retention of telemetry as it was measured */
    int64_t trends_ms;  /* of its minutes, ten minutes and hours; not shorter */
    int64_t logs_ms, events_ms;
    int64_t evidence_before_ms, evidence_after_ms; /* of an alarm's raise; before 0: no evidence is pulled */
    struct pack_parameters parameters;
    char *sla_class;
    struct pack_article *articles;
    size_t article_count;
    struct rule **rules;
    size_t rule_count;
    bool has_absence;          /* some rule can be asked of a silent device */
    int64_t longest_window_ms; /* how far back its rules look, holds included */
    uint16_t *metric_index;    /* hash table behind pack_metric_find */
    size_t metric_index_room;
    uint8_t digest[SHA256_BYTES]; /* of the bytes of all its files (rules/bundle.h) */
    struct plan *plan;            /* what the rules need of a device's data; for the rule engine only */
};

/* Problems found while loading: "file:line:column: what, expected what" lines. */
struct packs;
FL_CHECK enum result packs_load(const char *rules_dir, struct packs **out, struct buf *problems);
/* One folder, for `rules check DIR`. */
FL_CHECK enum result pack_load(const char *pack_dir, struct pack **out, struct buf *problems);
/* Both are there, and made of the same files. */
bool pack_is_same(const struct pack *a, const struct pack *b);
void pack_free(struct pack *pack);
void packs_free(struct packs *packs);
size_t packs_count(const struct packs *packs);
const struct pack *packs_at(const struct packs *packs, size_t index);
const struct pack *packs_find(const struct packs *packs, const char *model); /* NULL: unknown model */
int pack_metric_find(const struct pack *pack, const char *name);             /* index, or -1 */
bool pack_has_alert(const struct pack *pack, const char *name);
const struct pack_fault *pack_fault_find(const struct pack *pack, const char *code);
