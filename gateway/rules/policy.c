/* Three labels and an annotation, read strictly: a misspelt name in silenced_by would silence nothing and nobody would
 * see it, so names that the pack does not have are errors when it is loaded.
 *
 * Asked by the alarm's name: several rules may share one (of different severity), and what one of them says holds for
 * the alarm. Alarms are rare, a pack has at most 256 rules: walking them needs no index.
 *
 * Left: deriving "contact" from the use of absent() in the expression. absent() of one sensor says that the sensor is
 * broken, and that is no less true behind a dead router. The author says which it is. */
#include "rules/policy.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "rules/pack_parts.h"
#include "rules/rule.h"

static const struct {
    const char *label;
    size_t at;
} labels[] = {
    {"latched", offsetof(struct policy, latches)},
    {"isolates", offsetof(struct policy, isolates)},
    {"contact", offsetof(struct policy, is_contact)},
};

void policy_fini(struct policy *policy) {
    for (size_t i = 0; policy->silencers && policy->silencers[i]; i++)
        free(policy->silencers[i]);
    free(policy->silencers);
    policy->silencers = NULL;
}

bool policy_label(struct policy *policy, const struct document *doc, const char *name, yaml_at at,
                  struct problems *problems) {
    for (size_t i = 0; i < sizeof labels / sizeof *labels; i++) {
        if (strcmp(labels[i].label, name) != 0)
            continue;
        bool *flag = (bool *)((char *)policy + labels[i].at);
        if (!document_bool(doc, at, name, flag, problems))
            *flag = false;
        return true;
    }
    return false;
}

static void add_silencer(struct policy *policy, const struct document *doc, yaml_at at, const char *name, size_t chars,
                         struct problems *problems) {
    size_t count = 0;
    for (; policy->silencers && policy->silencers[count]; count++)
        if (strlen(policy->silencers[count]) == chars && memcmp(policy->silencers[count], name, chars) == 0) {
            document_problem(doc, at, problems, "'silenced_by' names %.*s twice", (int)chars, name);
            return;
        }
    if (count == POLICY_SILENCERS_MAX) {
        document_problem(doc, at, problems, "'silenced_by' names more than %d alarms", POLICY_SILENCERS_MAX);
        return;
    }
    policy->silencers = mem_realloc(policy->silencers, (count + 2) * sizeof *policy->silencers);
    policy->silencers[count] = mem_strndup(name, chars);
    policy->silencers[count + 1] = NULL;
}

void policy_silencers(struct policy *policy, const struct document *doc, yaml_at at, struct problems *problems) {
    enum { TEXT_BYTES = POLICY_SILENCERS_MAX * (PACK_ALERT_BYTES + 2) };
    const char *text;
    if (!document_text(doc, at, "silenced_by", TEXT_BYTES, &text, problems))
        return;
    policy->silencers_at = at;
    for (const char *from = text; *from;) {
        from += strspn(from, " ,\t\n");
        const size_t chars = strcspn(from, " ,\t\n");
        if (chars > 0)
            add_silencer(policy, doc, at, from, chars, problems);
        from += chars;
    }
    if (!policy->silencers)
        document_problem(doc, at, problems, "'silenced_by' names no alarm");
}

static void check_rule(const struct pack *pack, const struct rule *rule, const struct document *doc,
                       struct problems *problems) {
    char *const *names = rule->policy.silencers;
    for (size_t i = 0; names && names[i]; i++) {
        if (strcmp(names[i], rule->alert) == 0)
            document_problem(doc, rule->policy.silencers_at, problems, "'silenced_by' of %s names itself", rule->alert);
        else if (!pack_has_alert(pack, names[i]) && !pack_fault_find(pack, names[i]))
            document_problem(doc, rule->policy.silencers_at, problems,
                             "'silenced_by' of %s names '%s', which is no alert and no fault code of this pack",
                             rule->alert, names[i]);
    }
}

/* Does `alarm` stay silent for `by`, directly or through others? Two that explain each other would silence each other
 * for good. */
static bool is_silenced_by(const struct pack *pack, const char *alarm, const char *by, int depth) {
    const char *name;
    for (size_t i = 0; depth > 0 && (name = policy_silencer(pack, alarm, i)) != NULL; i++)
        if (strcmp(name, by) == 0 || is_silenced_by(pack, name, by, depth - 1))
            return true;
    return false;
}

static void check_circle(const struct pack *pack, const struct rule *rule, const struct document *doc,
                         struct problems *problems) {
    char *const *names = rule->policy.silencers;
    for (size_t i = 0; names && names[i]; i++)
        if (strcmp(names[i], rule->alert) != 0 && is_silenced_by(pack, names[i], rule->alert, POLICY_DEPTH_MAX))
            document_problem(doc, rule->policy.silencers_at, problems,
                             "'silenced_by' of %s names '%s', which stays silent for %s itself: both would, for good",
                             rule->alert, names[i], rule->alert);
}

void policy_check(const struct pack *pack, const struct document *doc, struct problems *problems) {
    for (size_t i = 0; i < pack->rule_count; i++) {
        check_rule(pack, pack->rules[i], doc, problems);
        check_circle(pack, pack->rules[i], doc, problems);
    }
}

static bool any(const struct pack *pack, const char *alarm, size_t flag_at) {
    for (size_t i = 0; pack && i < pack->rule_count; i++)
        if (pack->rules[i]->alert && strcmp(pack->rules[i]->alert, alarm) == 0 &&
            *(const bool *)((const char *)&pack->rules[i]->policy + flag_at))
            return true;
    return false;
}

bool policy_latches(const struct pack *pack, const char *alarm) {
    return any(pack, alarm, offsetof(struct policy, latches));
}

bool policy_isolates(const struct pack *pack, const char *alarm) {
    return any(pack, alarm, offsetof(struct policy, isolates));
}

bool policy_is_contact(const struct pack *pack, const char *alarm) {
    return any(pack, alarm, offsetof(struct policy, is_contact));
}

const char *policy_silencer(const struct pack *pack, const char *alarm, size_t index) {
    for (size_t i = 0; pack && i < pack->rule_count; i++) {
        const struct rule *rule = pack->rules[i];
        if (!rule->alert || strcmp(rule->alert, alarm) != 0)
            continue;
        for (size_t k = 0; rule->policy.silencers && rule->policy.silencers[k]; k++)
            if (index-- == 0)
                return rule->policy.silencers[k];
    }
    return NULL;
}
