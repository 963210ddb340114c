/* What the host knows of Sparkplug edge nodes: who was born, with which metrics and aliases, at which sequence number.
 * In memory only: after a restart nodes are asked for their births again. Bounded; what is beyond is refused. */
#pragma once
#include <uthash.h>

#include "ingest/adapters/mapping.h"
#include "ingest/adapters/sparkplug_payload.h"

enum {
    SPARKPLUG_NODES_MAX = 10000,
    SPARKPLUG_MEMBERS_MAX = 500,        /* devices of one node */
    SPARKPLUG_ALL_METRICS_MAX = 200000, /* of all nodes and devices together: some 200 bytes each */
    SPARKPLUG_REBIRTH_EVERY_MS = 10000, /* a node is asked again no sooner */
    SPARKPLUG_REBIRTHS_PER_SECOND = 50  /* of all nodes together */
};

struct sp_known { /* a metric that a birth has named */
    char *name;
    uint64_t alias;
    uint32_t datatype;
    bool has_alias;
    char unit[CAP_UNIT_BYTES + 1];
    UT_hash_handle by_name, by_alias;
};
struct sp_member {                  /* the node itself, or a device of it */
    char name[CAP_TOPIC_BYTES + 1]; /* "": the node */
    char id[CAP_DEVICE_ID_BYTES + 1];
    const struct mapping *mapping; /* NULL: no section fits, nothing is said of it */
    bool is_born;
    bool was_born; /* before the node's newest birth */
    struct sp_known *names, *aliases;
    size_t known_count;
    UT_hash_handle hh;
};
struct sp_node {
    char key[CAP_TOPIC_BYTES + 1]; /* "group/node" */
    struct sp_member *members;
    bool is_born, has_bdseq;
    bool is_sure;    /* no message is missing since the birth: aliases mean what they meant */
    bool has_unborn; /* devices from before the birth have not come again yet */
    uint64_t bdseq;
    uint8_t seq;         /* of the newest message */
    int64_t ask_mono_ms; /* not asked for a birth before this */
    UT_hash_handle hh;
};
struct sp_nodes {
    struct sp_node *by_key;
    size_t known_count;
};

struct sp_node *sp_node_find(const struct sp_nodes *all, const char *key);
struct sp_node *sp_node_add(struct sp_nodes *all, const char *key); /* NULL: too many */
void sp_nodes_clear(struct sp_nodes *all);
struct sp_member *sp_member_find(const struct sp_node *node, const char *name);
struct sp_member *sp_member_add(struct sp_node *node, const char *name); /* NULL: too many */
/* Forgets the member's metrics. */
void sp_member_forget(struct sp_nodes *all, struct sp_member *member);
/* A metric of a birth; named twice it is replaced. RESULT_TOO_BIG: too many; RESULT_BAD_INPUT: an alias given twice. */
FL_CHECK enum result sp_member_learn(struct sp_nodes *all, struct sp_member *member, const struct sparkplug_metric *m,
                                     struct fault *fault);
/* What the birth said of it; NULL: not in the birth. Aliases are looked up only if asked to. */
const struct sp_known *sp_member_known(const struct sp_member *member, const struct sparkplug_metric *m,
                                       bool with_alias);
