/* Life and death of a rule; what it does is in condition.c, what it says in template.c. Made by alerts_yaml.c, owned by
 * the pack. */
#include "rules/rule.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"
#include "rules/derived.h"

void rule_free(struct rule *rule) {
    if (!rule)
        return;
    free(rule->alert);
    expression_free(rule->expr);
    expression_free(rule->recover);
    policy_fini(&rule->policy);
    for (size_t i = 0; i < rule->label_count; i++) {
        free(rule->labels[i].name);
        free(rule->labels[i].value);
    }
    free(rule->labels);
    for (size_t i = 0; i < rule->annotation_count; i++) {
        free(rule->annotations[i].name);
        template_free(rule->annotations[i].text);
    }
    free(rule->annotations);
    free(rule);
}

bool rule_is_absence(const struct rule *rule) {
    return rule->expr->is_absence && (!rule->recover || rule->recover->is_absence);
}

void rule_seal(struct rule *rule, const struct plan *plan) {
    uint8_t digest[SHA256_BYTES];
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_printf(&text, "%s\n%d\n%s\n%s\n%lld\n%lld", rule->alert, (int)rule->severity, rule->expr->source,
               rule->recover ? rule->recover->source : "", (long long)rule->for_ms, (long long)rule->keep_firing_ms);
    for (size_t m = 0; m < plan->metric_count; m++) /* what is derived says itself what of */
        if (plan->metrics[m].derived && expression_reads(rule->expr, m))
            buf_printf(&text, "\n%s", plan->metrics[m].derived->key);
    sha256(text.data, text.count, digest);
    memcpy(rule->digest, digest, RULE_DIGEST_BYTES);
    buf_fini(&text);
}

int64_t rule_reach_ms(const struct rule *rule) {
    int64_t range_ms = rule->expr->longest_range_ms;
    if (rule->recover && rule->recover->longest_range_ms > range_ms)
        range_ms = rule->recover->longest_range_ms;
    return range_ms + (rule->for_ms > rule->keep_firing_ms ? rule->for_ms : rule->keep_firing_ms);
}
