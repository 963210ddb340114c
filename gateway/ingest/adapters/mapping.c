/* The mapping file's reader: sections and what must be in them; mapping_keys.c knows the keys. The shared INI reader
 * gives them with file and line. YAML was left: the file is written by operators, a line for each value, and our
 * configuration files are INI everywhere else. */
#include "ingest/adapters/mapping.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/config.h"
#include "ingest/adapters/mapping_inside.h"

enum { FILE_BYTES = 1024 * 1024 };

static const char *const kind_names[] = {
    [MAPPING_JSON] = "json", [MAPPING_SPARKPLUG] = "sparkplug", [MAPPING_THIN_EDGE] = "thin-edge"};

const char *mapping_kind_name(enum mapping_kind kind) {
    return kind_names[kind];
}

static struct mapping *section(struct mappings *all, enum mapping_kind kind, const char *name, struct fault *fault) {
    for (size_t i = 0; i < all->count; i++)
        if (all->items[i].kind == kind && strcmp(all->items[i].name, name) == 0)
            return &all->items[i];
    if (all->count == MAPPINGS_MAX) {
        fault_set(fault, RESULT_TOO_BIG, "more than %d sections", MAPPINGS_MAX);
        return NULL;
    }
    all->items = mem_realloc(all->items, (all->count + 1) * sizeof *all->items);
    struct mapping *m = &all->items[all->count++];
    *m = (struct mapping){.kind = kind, .offset_min = TIME_OFFSET_NONE};
    snprintf(m->name, sizeof m->name, "%s", name);
    snprintf(m->online_service, sizeof m->online_service, "tedge-agent");
    return m;
}

static enum result on_named(void *into, const char *kind, const char *name, const char *key, const char *value,
                            struct fault *fault) {
    for (size_t i = 0; i < sizeof kind_names / sizeof *kind_names; i++) {
        if (strcmp(kind_names[i], kind) != 0)
            continue;
        struct mapping *m = section(into, (enum mapping_kind)i, name, fault);
        if (!m)
            return RESULT_TOO_BIG;
        char *copy = mem_strdup(value);
        const enum result result =
            *copy ? mapping_set(m, key, copy, fault) : fault_set(fault, RESULT_BAD_INPUT, "no value");
        free(copy);
        return result;
    }
    return fault_set(fault, RESULT_BAD_INPUT, "unknown kind of section '%s': json, sparkplug or thin-edge", kind);
}

/* The line of "[kind name]", 0 when it cannot be found. */
static int line_of(const char *text, const struct mapping *m) {
    char head[128];
    int line = 1;
    const int chars = snprintf(head, sizeof head, "[%s %s]", kind_names[m->kind], m->name);
    for (const char *at = text; at; at = strchr(at, '\n'), at += at != NULL, line++)
        if (strncmp(at + strspn(at, " \t"), head, (size_t)chars) == 0)
            return line;
    return 0;
}

static void check_whole(const char *name, const char *text, const struct mapping *m, struct buf *problems) {
    const char *missing = NULL;
    if (!m->model[0] && !m->is_model_told)
        missing = "model";
    else if (m->kind == MAPPING_JSON && !m->has_topic)
        missing = "topic";
    else if (m->kind == MAPPING_JSON && !m->has_device)
        missing = "device";
    if (missing)
        buf_printf(problems, "%s:%d: [%s %s] %s is required\n", name, line_of(text, m), kind_names[m->kind], m->name,
                   missing);
}

enum result mappings_read_text(const char *name, const char *text, struct mappings **out, struct buf *problems) {
    static const struct config_schema schema = {.on_named = on_named};
    struct mappings *all = mem_alloc(sizeof *all);
    const size_t before = problems->count;
    enum result result = config_read_text(&schema, name, text, all, problems);
    for (size_t i = 0; i < all->count && result == RESULT_OK; i++)
        check_whole(name, text, &all->items[i], problems);
    if (result == RESULT_OK && all->count == 0)
        buf_printf(problems, "%s:1: no section: expected [json NAME], [sparkplug NAME] or [thin-edge NAME]\n", name);
    if (result == RESULT_OK && (problems->count > before || problems->overflow))
        result = RESULT_BAD_INPUT;
    if (result != RESULT_OK) {
        mappings_free(all);
        return result;
    }
    *out = all;
    return RESULT_OK;
}

static enum result read_file(const char *path, struct buf *out) {
    char piece[4096];
    size_t got;
    FILE *file = fopen(path, "re");
    if (!file)
        return RESULT_NOT_FOUND;
    while ((got = fread(piece, 1, sizeof piece, file)) > 0)
        buf_add(out, piece, got);
    const bool is_bad = ferror(file) != 0;
    fclose(file);
    return is_bad ? RESULT_IO : RESULT_OK;
}

enum result mappings_read(const char *path, struct mappings **out, struct buf *problems) {
    struct buf text;
    buf_init(&text, FILE_BYTES);
    enum result result = read_file(path, &text);
    if (result != RESULT_OK) {
        buf_printf(problems, "%s:0: cannot be read: %s\n", path, strerror(errno));
    } else if (text.overflow || strlen(buf_text(&text)) != text.count) {
        buf_printf(problems, "%s:0: the file has more than %d bytes, or a NUL byte\n", path, FILE_BYTES);
        result = RESULT_BAD_INPUT;
    } else {
        result = mappings_read_text(path, buf_text(&text), out, problems);
    }
    buf_fini(&text);
    return result;
}

void mappings_free(struct mappings *m) {
    if (!m)
        return;
    for (size_t i = 0; i < m->count; i++) {
        free(m->items[i].group);
        free(m->items[i].node);
        free(m->items[i].member);
        free(m->items[i].metrics);
        free(m->items[i].faults);
    }
    free(m->items);
    free(m);
}
