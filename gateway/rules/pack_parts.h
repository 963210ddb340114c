/* The files of a pack folder, each read by one function. They fill what they find and write down every problem; whether
 * the pack is sound is asked of `problems` at the end. */
#pragma once
#include "rules/document.h"
#include "rules/pack.h"

enum {
    PACK_FAULTS_MAX = 500,
    PACK_DIAGNOSTICS_MAX = 32,
    PACK_ARTICLES_MAX = 200,
    PACK_TITLE_BYTES = 120,
    PACK_ALERT_BYTES = 100,
    PACK_EVIDENCE_BEFORE_MS = 30 * 60 * 1000, /* longest */
    PACK_EVIDENCE_AFTER_MS = 4 * 60 * 1000    /* the same; products refuse more than five */
};

/* pack.yaml. `model` is what the folder says. Makes pack->plan. */
void pack_read_yaml(struct pack *pack, const struct document *doc, const char *model, struct problems *problems);
/* `parameters` and `configure` of pack.yaml; nodes 0: missing. After the capabilities and the metrics. */
void pack_read_parameters(struct pack *pack, const struct document *doc, yaml_at list, yaml_at limits,
                          struct problems *problems);
/* The section `sessions` of pack.yaml; 0: there is none. After the capabilities. */
void pack_read_sessions(struct pack *pack, const struct document *doc, yaml_at at, struct problems *problems);
/* alerts.yaml; after pack.yaml, whose metrics and fault codes its rules speak of. */
void pack_read_alerts(struct pack *pack, const struct document *doc, struct problems *problems);
/* One Markdown file with front matter; after alerts.yaml, whose alerts it may name. */
void pack_read_article(struct pack *pack, const char *path, const char *id, const char *text, size_t bytes,
                       struct problems *problems);
void article_free(struct pack_article *article);

/* Names. The classes are those of caps.h. */
bool metric_name_valid(const char *text);
bool code_valid(const char *text);
bool word_valid(const char *text); /* [a-z0-9][a-z0-9-]* */
