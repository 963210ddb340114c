/* The pack's life and the folder it comes from. Loading is all or nothing: a pack with any problem does not exist, and
 * a folder of packs with one bad pack is refused as a whole, so that a gateway never runs half of what its owner wrote.
 * Each file of the folder has its reader (pack_parts.h); here are the order, the folder walk and the look-ups. */
#include "rules/pack.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "rules/bundle.h"
#include "rules/detect/life_library.h"
#include "rules/folder.h"
#include "rules/pack_parts.h"
#include "rules/plan.h"
#include "rules/rule.h"

struct packs {
    struct pack **items;
    size_t count;
};

static const char *const severity_names[] = {"", "warning", "minor", "major", "critical"};

const char *alarm_severity_name(enum severity s) {
    return s >= SEVERITY_IS_WARNING && s <= SEVERITY_IS_CRITICAL ? severity_names[s] : "unknown";
}

bool alarm_severity_parse(const char *text, enum severity *out) {
    for (int s = SEVERITY_IS_WARNING; s <= SEVERITY_IS_CRITICAL; s++)
        if (strcmp(severity_names[s], text) == 0) {
            *out = (enum severity)s;
            return true;
        }
    return false;
}

/* ---- names ---- */

static bool all_in(const char *text, const char *more) {
    for (; *text; text++)
        if (!(*text >= 'a' && *text <= 'z') && !(*text >= '0' && *text <= '9') && !strchr(more, *text))
            return false;
    return true;
}
bool metric_name_valid(const char *text) {
    return *text && !(*text >= '0' && *text <= '9') && all_in(text, "_");
}
bool code_valid(const char *text) {
    return *text && !strchr("._-", *text) && all_in(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ._-");
}
bool word_valid(const char *text) {
    return *text && *text != '-' && all_in(text, "-");
}

/* ---- look-ups ---- */

static void index_metrics(struct pack *pack) {
    size_t room = 4;
    while (room < pack->metric_count * 2)
        room *= 2;
    pack->metric_index = mem_alloc(room * sizeof *pack->metric_index);
    pack->metric_index_room = room;
    for (size_t i = 0; i < pack->metric_count; i++) {
        size_t at = hash_text(HASH_START, pack->metrics[i].name) & (room - 1);
        while (pack->metric_index[at])
            at = (at + 1) & (room - 1);
        pack->metric_index[at] = (uint16_t)(i + 1);
    }
}

int pack_metric_find(const struct pack *pack, const char *name) {
    size_t mask = pack->metric_index_room - 1;
    for (size_t at = hash_text(HASH_START, name) & mask; pack->metric_index[at]; at = (at + 1) & mask) {
        int index = pack->metric_index[at] - 1;
        if (strcmp(pack->metrics[index].name, name) == 0)
            return index;
    }
    return -1;
}

const struct pack_fault *pack_fault_find(const struct pack *pack, const char *code) {
    for (size_t i = 0; i < pack->fault_count; i++)
        if (strcmp(pack->faults[i].code, code) == 0)
            return &pack->faults[i];
    return NULL;
}

bool pack_has_alert(const struct pack *pack, const char *name) {
    for (size_t i = 0; i < pack->rule_count; i++)
        if (strcmp(pack->rules[i]->alert, name) == 0)
            return true;
    return false;
}

/* ---- loading ---- */

static void read_article(struct pack *pack, const char *folder, char *name, struct problems *problems) {
    char *path = path_join(folder, name), *dot = strrchr(name, '.');
    struct buf text;
    buf_init(&text, DOCUMENT_BYTES_MAX);
    if (!dot || strcmp(dot, ".md") != 0) {
        problem(problems, path, 0, 0, "is not a Markdown file (.md), and nothing else belongs here");
    } else if (file_read(path, &text, problems)) {
        *dot = '\0';
        pack_read_article(pack, path, name, buf_text(&text), text.count, problems);
    }
    buf_fini(&text);
    free(path);
}

static void read_articles(struct pack *pack, const char *dir, struct problems *problems) {
    char *folder = path_join(dir, "knowledge");
    char **names = path_is_folder(folder) ? folder_entries(folder, problems) : NULL;
    for (char **name = names; name && *name; name++) {
        read_article(pack, folder, *name, problems);
        free(*name);
    }
    free(names);
    free(folder);
}

static void read_alerts(struct pack *pack, const char *dir, struct problems *problems) {
    char *path = path_join(dir, "alerts.yaml");
    struct document *doc = path_is_file(path) ? document_open(path, problems) : NULL;
    if (doc)
        pack_read_alerts(pack, doc, problems);
    document_free(doc);
    free(path);
}

static void read_lives(struct pack *pack, const char *dir, struct problems *problems) {
    char *folder = path_join(dir, "lives");
    if (pack->plan && path_is_folder(folder) && life_library_load(folder, &pack->plan->lives, problems) != RESULT_OK)
        pack->plan->lives = NULL;
    free(folder);
}

static void read_pack(struct pack *pack, const char *dir, struct problems *problems) {
    char *path = path_join(dir, "pack.yaml"), real[PATH_MAX];
    struct document *doc = document_open(path, problems);
    free(path);
    if (!doc)
        return;
    char *resolved = realpath(dir, real), *slash = resolved ? strrchr(resolved, '/') : NULL;
    pack_read_yaml(pack, doc, slash ? slash + 1 : dir, problems);
    document_free(doc);
    read_lives(pack, dir, problems);
    read_alerts(pack, dir, problems);
    read_articles(pack, dir, problems);
    index_metrics(pack);
}

static void digest_pack(struct pack *pack, const char *dir, struct problems *problems) {
    struct buf bytes;
    buf_init(&bytes, BUNDLE_BYTES_MAX);
    if (bundle_read(dir, &bytes, problems))
        sha256(bytes.data, bytes.count, pack->digest);
    buf_fini(&bytes);
}

bool pack_is_same(const struct pack *a, const struct pack *b) {
    return a && b && memcmp(a->digest, b->digest, sizeof a->digest) == 0;
}

enum result pack_load(const char *pack_dir, struct pack **out, struct buf *text) {
    struct problems problems = {.to = text};
    struct pack *pack = mem_alloc(sizeof *pack);
    read_pack(pack, pack_dir, &problems);
    if (problems.count == 0)
        digest_pack(pack, pack_dir, &problems);
    if (problems.count > PROBLEMS_MAX)
        buf_printf(text, "%s: %zu more problems\n", pack_dir, problems.count - PROBLEMS_MAX);
    if (problems.count > 0) {
        pack_free(pack);
        return RESULT_BAD_INPUT;
    }
    *out = pack;
    return RESULT_OK;
}

void pack_free(struct pack *pack) {
    if (!pack)
        return;
    for (size_t i = 0; i < pack->metric_count; i++) {
        free(pack->metrics[i].name);
        free(pack->metrics[i].title);
        free(pack->metrics[i].title_zh);
    }
    for (size_t i = 0; i < pack->fault_count; i++) {
        free(pack->faults[i].code);
        free(pack->faults[i].title);
        free(pack->faults[i].title_zh);
    }
    for (size_t i = 0; i < pack->diagnostic_count; i++) {
        free(pack->diagnostics[i].name);
        free(pack->diagnostics[i].title);
        free(pack->diagnostics[i].title_zh);
    }
    for (size_t i = 0; i < pack->article_count; i++)
        article_free(&pack->articles[i]);
    for (size_t i = 0; i < pack->rule_count; i++)
        rule_free(pack->rules[i]);
    free(pack->metrics);
    free(pack->faults);
    free(pack->diagnostics);
    free(pack->articles);
    free(pack->rules);
    free(pack->metric_index);
    plan_free(pack->plan);
    free(pack->model);
    free(pack->title);
    free(pack->title_zh);
    free(pack->maker);
    free(pack->kind);
    free(pack->sla_class);
    pack_parameters_fini(&pack->parameters);
    free(pack);
}

/* ---- all packs ---- */

enum result packs_load(const char *rules_dir, struct packs **out, struct buf *problems) {
    struct pack_folders folders;
    struct packs *packs = mem_alloc(sizeof *packs);
    enum result result = pack_folders_list(rules_dir, &folders, problems);
    packs->items = mem_alloc((folders.count + 1) * sizeof(struct pack *));
    for (size_t i = 0; i < folders.count; i++) {
        if (pack_load(folders.paths[i], &packs->items[packs->count], problems) == RESULT_OK)
            packs->count++;
        else
            result = RESULT_BAD_INPUT;
    }
    pack_folders_fini(&folders);
    if (result != RESULT_OK) {
        packs_free(packs);
        return result;
    }
    *out = packs;
    return RESULT_OK;
}

void packs_free(struct packs *packs) {
    if (!packs)
        return;
    for (size_t i = 0; i < packs->count; i++)
        pack_free(packs->items[i]);
    free(packs->items);
    free(packs);
}

size_t packs_count(const struct packs *packs) {
    return packs->count;
}

const struct pack *packs_at(const struct packs *packs, size_t index) {
    return packs->items[index];
}

const struct pack *packs_find(const struct packs *packs, const char *model) {
    for (size_t i = 0; i < packs->count; i++)
        if (strcmp(packs->items[i]->model, model) == 0)
            return packs->items[i];
    return NULL;
}
