/* Life and death of a rule; what it does is in condition.c, what it says in template.c. Made by alerts_yaml.c, owned by
 * the pack. */
#include "rules/rule.h"

#include <stdlib.h>

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

int64_t rule_reach_ms(const struct rule *rule) {
    int64_t range_ms = rule->expr->longest_range_ms;
    if (rule->recover && rule->recover->longest_range_ms > range_ms)
        range_ms = rule->recover->longest_range_ms;
    return range_ms + (rule->for_ms > rule->keep_firing_ms ? rule->for_ms : rule->keep_firing_ms);
}
