/* Tables of tables, all with a cap: nodes by "group/node", their devices by name, a device's metrics by name and by
 * alias. An alias is looked up in the table of the device that used it; Sparkplug wants aliases unique for the whole
 * node, and with one table each it does no harm when a client is sloppy about that. */
#include "ingest/adapters/sparkplug_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sp_node *sp_node_find(const struct sp_nodes *all, const char *key) {
    struct sp_node *node;
    HASH_FIND_STR(all->by_key, key, node);
    return node;
}

struct sp_node *sp_node_add(struct sp_nodes *all, const char *key) {
    if (HASH_COUNT(all->by_key) >= SPARKPLUG_NODES_MAX)
        return NULL;
    struct sp_node *node = mem_alloc(sizeof *node);
    snprintf(node->key, sizeof node->key, "%s", key);
    HASH_ADD_STR(all->by_key, key, node);
    return node;
}

struct sp_member *sp_member_find(const struct sp_node *node, const char *name) {
    struct sp_member *member;
    HASH_FIND_STR(node->members, name, member);
    return member;
}

struct sp_member *sp_member_add(struct sp_node *node, const char *name) {
    if (HASH_COUNT(node->members) > SPARKPLUG_MEMBERS_MAX) /* the node itself is one more */
        return NULL;
    struct sp_member *member = mem_alloc(sizeof *member);
    snprintf(member->name, sizeof member->name, "%s", name);
    HASH_ADD_STR(node->members, name, member);
    return member;
}

void sp_member_forget(struct sp_nodes *all, struct sp_member *member) {
    struct sp_known *known, *next;
    HASH_CLEAR(by_alias, member->aliases);
    HASH_ITER(by_name, member->names, known, next) {
        HASH_DELETE(by_name, member->names, known);
        free(known->name);
        free(known);
    }
    all->known_count -= member->known_count;
    member->known_count = 0;
}

void sp_nodes_clear(struct sp_nodes *all) {
    struct sp_node *node, *next_node;
    HASH_ITER(hh, all->by_key, node, next_node) {
        struct sp_member *member, *next;
        HASH_ITER(hh, node->members, member, next) {
            sp_member_forget(all, member);
            HASH_DEL(node->members, member);
            free(member);
        }
        HASH_DEL(all->by_key, node);
        free(node);
    }
}

static struct sp_known *by_alias(const struct sp_member *member, uint64_t alias) {
    struct sp_known *known;
    HASH_FIND(by_alias, member->aliases, &alias, sizeof alias, known);
    return known;
}

static struct sp_known *by_name(const struct sp_member *member, const char *name) {
    struct sp_known *known;
    HASH_FIND(by_name, member->names, name, strlen(name), known);
    return known;
}

enum result sp_member_learn(struct sp_nodes *all, struct sp_member *member, const struct sparkplug_metric *m,
                            struct fault *fault) {
    if (!m->name || !m->name[0])
        return fault_set(fault, RESULT_BAD_INPUT, "a birth has a metric without a name");
    struct sp_known *known = by_name(member, m->name);
    const struct sp_known *other = m->has_alias ? by_alias(member, m->alias) : NULL;
    if (other && other != known)
        return fault_set(fault, RESULT_BAD_INPUT, "alias %llu stands for two metrics, '%s' and '%s'",
                         (unsigned long long)m->alias, other->name, m->name);
    if (!known) {
        if (member->known_count >= SPARKPLUG_METRICS_MAX || all->known_count >= SPARKPLUG_ALL_METRICS_MAX)
            return fault_set(fault, RESULT_TOO_BIG, "more than %d metrics of one device, or %d of all",
                             SPARKPLUG_METRICS_MAX, SPARKPLUG_ALL_METRICS_MAX);
        known = mem_alloc(sizeof *known);
        known->name = mem_strdup(m->name);
        HASH_ADD_KEYPTR(by_name, member->names, known->name, strlen(known->name), known);
        member->known_count++;
        all->known_count++;
    } else if (known->has_alias) {
        HASH_DELETE(by_alias, member->aliases, known);
    }
    known->datatype = m->datatype;
    known->has_alias = m->has_alias;
    known->alias = m->alias;
    foreign_unit(m->unit ? m->unit : "", m->unit ? strlen(m->unit) : 0, known->unit);
    if (known->has_alias)
        HASH_ADD(by_alias, member->aliases, alias, sizeof known->alias, known);
    return RESULT_OK;
}

const struct sp_known *sp_member_known(const struct sp_member *member, const struct sparkplug_metric *m,
                                       bool with_alias) {
    if (m->name && m->name[0])
        return by_name(member, m->name);
    return m->has_alias && with_alias ? by_alias(member, m->alias) : NULL;
}
