/* `rules check DIR`: what an author runs before a gateway sees the pack. DIR is one pack, or a folder of packs; each
 * pack is loaded exactly as the gateway would load it and judged by itself, so that one run shows the problems of all.
 */
#include "rules/check.h"

#include <stdlib.h>

#include "rules/folder.h"
#include "rules/lint.h"
#include "rules/rule.h"

static enum result check_one(const char *dir, struct buf *report) {
    struct pack *pack;
    if (pack_load(dir, &pack, report) != RESULT_OK)
        return RESULT_BAD_INPUT;
    buf_printf(report, "%s: ok: %zu metrics, %zu rules, %zu windows, %zu faults, %zu diagnostics, %zu articles\n",
               pack->model, pack->metric_count, pack->rule_count, pack->plan->window_count, pack->fault_count,
               pack->diagnostic_count, pack->article_count);
    char *path = path_join(dir, "alerts.yaml");
    struct problems problems = {.to = report};
    struct document *doc = path_is_file(path) ? document_open(path, &problems) : NULL;
    if (doc)
        pack_lint(pack, doc, path, report);
    document_free(doc);
    free(path);
    pack_free(pack);
    return RESULT_OK;
}

enum result pack_check(const char *dir, struct buf *report) {
    struct pack_folders folders;
    enum result result = pack_folders_list(dir, &folders, report);
    for (size_t i = 0; i < folders.count; i++)
        if (check_one(folders.paths[i], report) != RESULT_OK)
            result = RESULT_BAD_INPUT;
    pack_folders_fini(&folders);
    return result;
}
