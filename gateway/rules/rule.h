/* An alerting rule of a pack, compiled. Read-only after loading. */
#pragma once
#include "rules/expression.h"
#include "rules/policy.h"
#include "rules/rules.h"
#include "rules/template.h"

struct rule_label {
    char *name, *value;
};
struct rule_annotation {
    char *name;
    struct template *text;
};
enum { RULE_DIGEST_BYTES = 8 };
struct rule {
    char *alert;
    size_t index;   /* in pack->rules */
    bool has_rungs; /* other rules have the same alert, with other severities: the highest that fires is the alarm's */
    uint8_t digest[RULE_DIGEST_BYTES]; /* of what decides when it fires: its state goes on after an edit of others */
    struct expression *expr;
    struct expression *recover; /* NULL: recovered when `expr` is known to be false */
    int64_t for_ms, keep_firing_ms;
    enum severity severity;
    bool opens_ticket;
    struct policy policy;
    struct rule_label *labels; /* all of them, severity and ticket too */
    size_t label_count;
    struct rule_annotation *annotations; /* all but recover_expr and silenced_by */
    size_t annotation_count;
    const struct template *summary, *description; /* among them; NULL when missing */
};
void rule_free(struct rule *rule);
/* It can be asked of a device that is silent: expression_compile says what of. */
bool rule_is_absence(const struct rule *rule);
/* Fills the digest. */
void rule_seal(struct rule *rule, const struct plan *plan);
/* How far back it looks: its longest range and the longer of its two holds. */
int64_t rule_reach_ms(const struct rule *rule);
