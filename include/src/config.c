/* Configuration files: inih splits the lines, the rows of the schema say what may stand there.
 *
 * Nothing is guessed and nothing is skipped: an unknown key is an error, because it is nearly always a misspelt one.
 * inih does not tell its handler the line, so the reader that feeds it counts; its limits (a section's name of 49
 * characters, cut without a word) are checked by that reader before inih sees the line. Its defaults of 200 characters
 * a line and Python-like continuation lines are switched off. YAML for configuration was left: it is the packs'
 * language, and an operator's file should not depend on indentation. One thread, at start and at reload: inih's options
 * are globals. */
#include "fieldline/config.h"

#include <errno.h>
#include <fcntl.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "src/config_value.h"

enum { LINE_BYTES = 4096, SECTION_CHARS = 49, FILE_BYTES = 1024 * 1024, NAMED_BYTES = 64 * 1024, ROWS_MAX = 512 };

struct reading {
    const struct config_schema *schema;
    const char *name;
    void *into;
    struct buf *problems;
    const char *rest; /* the text not yet read */
    int line;
    bool has_problem;
    bool seen[ROWS_MAX];
    struct buf named; /* "section\nkey\n" of every repeated section's key, to find doubles */
};

static FL_PRINTF(2, 3) void problem(struct reading *r, const char *format, ...) {
    char text[FAULT_TEXT_BYTES];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_printf(r->problems, "%s:%d: %s\n", r->name, r->line, text);
    r->has_problem = true;
}

/* inih would cut a longer section name and go on with another name. */
static bool section_is_too_long(const char *line, size_t chars) {
    while (chars > 0 && (*line == ' ' || *line == '\t'))
        line++, chars--;
    if (chars == 0 || *line != '[')
        return false;
    const char *end = memchr(line, ']', chars);
    return end && end - line - 1 > SECTION_CHARS;
}

/* Stands in for fgets: gives inih one line, or an empty one in place of a line that it would misread. */
static char *next_line(char *out, int room, void *self) {
    struct reading *r = self;
    if (!*r->rest)
        return NULL;
    size_t chars = strcspn(r->rest, "\n");
    const char *line = r->rest;
    r->rest += chars + (r->rest[chars] == '\n');
    r->line++;
    if (chars + 2 > (size_t)room || chars + 2 > LINE_BYTES)
        problem(r, "the line has more than %d characters", LINE_BYTES - 2);
    else if (!utf8_valid(line, chars))
        problem(r, "the line is not valid UTF-8");
    else if (section_is_too_long(line, chars))
        problem(r, "the section's name has more than %d characters", SECTION_CHARS);
    else {
        memcpy(out, line, chars);
        memcpy(out + chars, "\n", 2);
        return out;
    }
    memcpy(out, "\n", 2);
    return out;
}

static void unknown_key(struct reading *r, const char *section, const char *key) {
    struct buf known;
    buf_init(&known, FAULT_TEXT_BYTES / 2);
    for (size_t i = 0; i < r->schema->row_count; i++) {
        const struct config_row *row = &r->schema->rows[i];
        if (strcmp(row->section, section) == 0 && known.count + strlen(row->key) + 2 <= known.cap)
            buf_printf(&known, "%s%s", known.count > 0 ? ", " : "", row->key);
    }
    if (known.count > 0)
        problem(r, "[%s] has no key '%s'; it has: %s", section, key, buf_text(&known));
    else
        problem(r, "unknown section [%s]", section);
    buf_fini(&known);
}

static bool is_doubled(struct reading *r, const char *section, const char *key) {
    struct buf entry;
    buf_init(&entry, LINE_BYTES * 2);
    buf_printf(&entry, "\n%s\n%s\n", section, key);
    bool is_there = strstr(buf_text(&r->named), buf_text(&entry)) != NULL;
    buf_add(&r->named, entry.data, entry.count);
    buf_fini(&entry);
    return is_there;
}

/* Keys of "[kind name]" go to the caller; what else has no row is unknown. */
static void take_named(struct reading *r, const char *section, const char *key, const char *value) {
    size_t kind_chars = strcspn(section, " ");
    const char *name = section + kind_chars + strspn(section + kind_chars, " ");
    if (kind_chars == 0 || !*name || !r->schema->on_named) {
        unknown_key(r, section, key);
        return;
    }
    if (is_doubled(r, section, key) || r->named.overflow) {
        problem(r, r->named.overflow ? "[%s] %s: too many keys in repeated sections" : "[%s] %s is given twice",
                section, key);
        return;
    }
    char *kind = mem_strndup(section, kind_chars);
    struct fault fault = {"refused"};
    if (r->schema->on_named(r->into, kind, name, key, value, &fault))
        problem(r, "[%s] %s: %s", section, key, fault.text);
    free(kind);
}

static int take_key(void *self, const char *section, const char *key, const char *value) {
    struct reading *r = self;
    for (size_t i = 0; i < r->schema->row_count; i++) {
        const struct config_row *row = &r->schema->rows[i];
        if (strcmp(row->section, section) != 0 || strcmp(row->key, key) != 0)
            continue;
        struct fault fault;
        if (r->seen[i])
            problem(r, "[%s] %s is given twice", section, key);
        else if (config_value_set(row, value, r->into, &fault))
            problem(r, "[%s] %s: %s", section, key, fault.text);
        r->seen[i] = true;
        return 1;
    }
    take_named(r, section, key, value);
    return 1;
}

static void set_defaults(struct reading *r) {
    for (size_t i = 0; i < r->schema->row_count; i++) {
        const struct config_row *row = &r->schema->rows[i];
        struct fault fault;
        if (r->seen[i])
            continue;
        if (row->initial && config_value_set(row, row->initial, r->into, &fault))
            problem(r, "[%s] %s: its default is wrong: %s", row->section, row->key, fault.text);
        else if (!row->initial && row->is_required)
            problem(r, "[%s] %s is required", row->section, row->key);
    }
}

/* Debian's inih makes its compile-time options variables; the ones that would change what a line means are set here. */
static void inih_options(void) {
    ini_use_stack = false;
    ini_allow_realloc = false;
    ini_max_line = LINE_BYTES;
    ini_initial_alloc = LINE_BYTES;
    ini_allow_multiline = false;
}

enum result config_read_text(const struct config_schema *schema, const char *name, const char *text, void *into,
                             struct buf *problems) {
    struct reading r = {.schema = schema, .name = name, .into = into, .problems = problems, .rest = text};
    if (schema->row_count > ROWS_MAX) {
        problem(&r, "the schema has more than %d rows", ROWS_MAX);
        return RESULT_TOO_BIG;
    }
    buf_init(&r.named, NAMED_BYTES);
    inih_options();
    int wrong_line = ini_parse_stream(next_line, &r, take_key, &r);
    int last_line = r.line;
    if (wrong_line != 0) {
        r.line = wrong_line > 0 ? wrong_line : 0;
        problem(&r, "neither [section], nor key = value, nor a comment");
        r.line = last_line;
    }
    set_defaults(&r);
    buf_fini(&r.named);
    if (!r.has_problem)
        return RESULT_OK;
    config_free_strings(schema, into);
    return RESULT_BAD_INPUT;
}

static enum result file_read(const char *path, struct buf *out) {
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? RESULT_NOT_FOUND : RESULT_IO;
    char piece[LINE_BYTES];
    ssize_t got;
    while ((got = read(fd, piece, sizeof piece)) > 0)
        buf_add(out, piece, (size_t)got);
    int why = errno;
    close(fd);
    errno = why;
    return got < 0 ? RESULT_IO : RESULT_OK;
}

enum result config_read(const struct config_schema *schema, const char *path, void *into, struct buf *problems) {
    struct buf text;
    buf_init(&text, FILE_BYTES);
    enum result result = file_read(path, &text);
    if (result) {
        buf_printf(problems, "%s:0: cannot be read: %s\n", path, strerror(errno));
    } else if (text.overflow) {
        buf_printf(problems, "%s:0: the file has more than %d bytes\n", path, FILE_BYTES);
        result = RESULT_TOO_BIG;
    } else if (strlen(buf_text(&text)) != text.count) {
        buf_printf(problems, "%s:0: the file holds a NUL byte\n", path);
        result = RESULT_BAD_INPUT;
    } else {
        result = config_read_text(schema, path, buf_text(&text), into, problems);
    }
    buf_wipe(&text); /* a configuration may hold passwords */
    return result;
}

void config_free_strings(const struct config_schema *schema, void *from) {
    for (size_t i = 0; i < schema->row_count; i++) {
        if (schema->rows[i].type != CONFIG_STRING)
            continue;
        char **text = (char **)((char *)from + schema->rows[i].offset);
        free(*text);
        *text = NULL;
    }
}
