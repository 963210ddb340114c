/* YAML through libyaml's loader: the whole document is composed once, then asked. Files are small (a cap refuses
 * others) and read at start or by `rules check`, on whatever thread loads packs; nothing here is shared afterwards.
 *
 * The loader keeps a mark for each node, which is all that "file:line:column" needs, but none inside a scalar. A
 * problem in the middle of an expression is placed by walking the raw text and the value together
 * (document_problem_inside). An event-driven reader for each schema was tried on paper: three times the code for the
 * same answers. Anchors and aliases work; a document that contains itself does no harm because schemas have a finite
 * depth. */
#include "rules/document.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yaml.h>

struct document {
    char *name;
    char *text;
    size_t bytes;
    yaml_document_t tree;
};

void problem(struct problems *problems, const char *file, int line, int column, const char *format, ...) {
    if (problems->count++ >= PROBLEMS_MAX)
        return;
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n >= (int)sizeof text)
        text[utf8_cut(text, sizeof text - 1)] = '\0';
    if (line > 0)
        buf_printf(problems->to, "%s:%d:%d: %s\n", file, line, column, text);
    else
        buf_printf(problems->to, "%s: %s\n", file, text);
}

static bool read_all(int fd, size_t size, struct buf *out) {
    uint8_t chunk[16384];
    while (size > 0) {
        ssize_t n = read(fd, chunk, size < sizeof chunk ? size : sizeof chunk);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n == 0;
        buf_add(out, chunk, (size_t)n);
        size -= (size_t)n;
    }
    return true;
}

bool file_read(const char *path, struct buf *out, struct problems *problems) {
    struct stat st;
    bool ok = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &st) != 0) {
        problem(problems, path, 0, 0, "cannot be opened: %s", strerror(errno));
        goto out;
    }
    if (!S_ISREG(st.st_mode)) {
        problem(problems, path, 0, 0, "is not a regular file");
        goto out;
    }
    if (st.st_size > DOCUMENT_BYTES_MAX) {
        problem(problems, path, 0, 0, "has %lld bytes, expected at most %d", (long long)st.st_size, DOCUMENT_BYTES_MAX);
        goto out;
    }
    if (!read_all(fd, (size_t)st.st_size, out)) {
        problem(problems, path, 0, 0, "cannot be read: %s", strerror(errno));
        goto out;
    }
    if (!utf8_valid(out->data, out->count)) {
        problem(problems, path, 0, 0, "is not valid UTF-8 text");
        goto out;
    }
    ok = true;
out:
    if (fd >= 0)
        close(fd);
    return ok;
}

static void problem_of_parser(const yaml_parser_t *parser, const char *name, struct problems *problems) {
    const yaml_mark_t *mark = &parser->problem_mark;
    const char *text = parser->problem ? parser->problem : "cannot be parsed";
    if (parser->context)
        problem(problems, name, (int)mark->line + 1, (int)mark->column + 1, "not YAML: %s %s", text, parser->context);
    else
        problem(problems, name, (int)mark->line + 1, (int)mark->column + 1, "not YAML: %s", text);
}

/* Nothing but white space and comments may follow the first document. */
static bool ends_here(yaml_parser_t *parser, const char *name, struct problems *problems) {
    yaml_document_t more;
    if (!yaml_parser_load(parser, &more)) {
        problem_of_parser(parser, name, problems);
        return false;
    }
    yaml_node_t *root = yaml_document_get_root_node(&more);
    if (root)
        problem(problems, name, (int)root->start_mark.line + 1, (int)root->start_mark.column + 1,
                "a second document begins here, expected one document a file");
    yaml_document_delete(&more);
    return root == NULL;
}

struct document *document_parse(const char *name, const char *text, size_t bytes, struct problems *problems) {
    if (bytes > DOCUMENT_BYTES_MAX) {
        problem(problems, name, 0, 0, "has %zu bytes, expected at most %d", bytes, DOCUMENT_BYTES_MAX);
        return NULL;
    }
    if (!utf8_valid(text, bytes)) {
        problem(problems, name, 0, 0, "is not valid UTF-8 text");
        return NULL;
    }
    yaml_parser_t parser;
    if (!yaml_parser_initialize(&parser)) {
        problem(problems, name, 0, 0, "out of memory");
        return NULL;
    }
    struct document *doc = mem_alloc(sizeof *doc);
    doc->name = mem_strdup(name);
    doc->text = mem_strndup(text, bytes);
    doc->bytes = bytes;
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)doc->text, bytes);
    bool is_loaded = yaml_parser_load(&parser, &doc->tree), ok = false;
    if (!is_loaded)
        problem_of_parser(&parser, name, problems);
    else if (!yaml_document_get_root_node(&doc->tree))
        problem(problems, name, 1, 1, "is empty, expected a YAML document");
    else
        ok = ends_here(&parser, name, problems);
    yaml_parser_delete(&parser);
    if (ok)
        return doc;
    if (is_loaded)
        yaml_document_delete(&doc->tree);
    free(doc->name);
    free(doc->text);
    free(doc);
    return NULL;
}

struct document *document_open(const char *path, struct problems *problems) {
    struct document *doc = NULL;
    struct buf text;
    buf_init(&text, DOCUMENT_BYTES_MAX);
    if (file_read(path, &text, problems))
        doc = document_parse(path, buf_text(&text), text.count, problems);
    buf_fini(&text);
    return doc;
}

void document_free(struct document *doc) {
    if (!doc)
        return;
    yaml_document_delete(&doc->tree);
    free(doc->name);
    free(doc->text);
    free(doc);
}

/* libyaml takes a pointer to a document that it does not change. */
static const yaml_node_t *node_of(const struct document *doc, yaml_at at) {
    return yaml_document_get_node((yaml_document_t *)&doc->tree, at);
}

yaml_at document_root(const struct document *doc) {
    (void)doc;
    return 1;
}

enum yaml_kind document_kind(const struct document *doc, yaml_at at) {
    switch (node_of(doc, at)->type) {
    case YAML_SEQUENCE_NODE: return YAML_IS_LIST;
    case YAML_MAPPING_NODE: return YAML_IS_MAP;
    case YAML_SCALAR_NODE:
    case YAML_NO_NODE: break;
    }
    return YAML_IS_TEXT;
}

const char *document_value(const struct document *doc, yaml_at text, size_t *bytes) {
    const yaml_node_t *node = node_of(doc, text);
    *bytes = node->data.scalar.length;
    return (const char *)node->data.scalar.value;
}

size_t document_count(const struct document *doc, yaml_at at) {
    const yaml_node_t *node = node_of(doc, at);
    if (node && node->type == YAML_SEQUENCE_NODE)
        return (size_t)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (node && node->type == YAML_MAPPING_NODE)
        return (size_t)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    return 0;
}

yaml_at document_item(const struct document *doc, yaml_at list, size_t index) {
    return node_of(doc, list)->data.sequence.items.start[index];
}

bool document_pair(const struct document *doc, yaml_at map, size_t index, const char **key, yaml_at *key_at,
                   yaml_at *value, struct problems *problems) {
    const yaml_node_pair_t *pair = node_of(doc, map)->data.mapping.pairs.start + index;
    *key_at = pair->key;
    *value = pair->value;
    return document_text(doc, pair->key, "key", 100, key, problems);
}

int document_line(const struct document *doc, yaml_at at) {
    return (int)node_of(doc, at)->start_mark.line + 1;
}

void document_problem(const struct document *doc, yaml_at at, struct problems *problems, const char *format, ...) {
    char text[512];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (n >= (int)sizeof text)
        text[utf8_cut(text, sizeof text - 1)] = '\0';
    const yaml_mark_t mark = node_of(doc, at)->start_mark;
    problem(problems, doc->name, (int)mark.line + 1, (int)mark.column + 1, "%s", text);
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* First byte of the value of a scalar: after a quote, or after the header line of a block. */
static size_t scalar_start(const struct document *doc, const yaml_node_t *node, int *line, int *column) {
    size_t at = 0;
    for (*line = 0; *line < (int)node->start_mark.line && at < doc->bytes; at++)
        *line += doc->text[at] == '\n';
    for (*column = 0; *column < (int)node->start_mark.column && at < doc->bytes; (*column)++)
        do
            at++;
        while (at < doc->bytes && ((uint8_t)doc->text[at] & 0xc0) == 0x80);
    yaml_scalar_style_t style = node->data.scalar.style;
    if (style == YAML_SINGLE_QUOTED_SCALAR_STYLE || style == YAML_DOUBLE_QUOTED_SCALAR_STYLE) {
        at++;
        ++*column;
    } else if (style == YAML_LITERAL_SCALAR_STYLE || style == YAML_FOLDED_SCALAR_STYLE) {
        while (at < doc->bytes && doc->text[at] != '\n')
            at++;
        at++;
        ++*line;
        *column = 0;
    }
    return at;
}

/* Folding and indentation change only white space, so the n-th visible byte of the value is the n-th visible byte of
 * the raw text. (Escapes in a double-quoted expression shift the column a little; the line stays right.) */
void document_problem_inside(const struct document *doc, yaml_at text, size_t offset, struct problems *problems,
                             const char *message) {
    const yaml_node_t *node = node_of(doc, text);
    const char *value = (const char *)node->data.scalar.value;
    size_t visible = 0;
    for (size_t i = 0; i < offset && i < node->data.scalar.length; i++)
        visible += !is_blank(value[i]);
    bool is_at_end = offset >= node->data.scalar.length; /* then right behind the last visible byte */
    if (is_at_end && visible > 0)
        visible--;
    int line, column;
    size_t at = scalar_start(doc, node, &line, &column);
    for (; at < doc->bytes; at++) {
        char c = doc->text[at];
        if (!is_blank(c) && visible-- == 0)
            break;
        if (c == '\n') {
            line++;
            column = 0;
        } else if (((uint8_t)c & 0xc0) != 0x80) {
            column++;
        }
    }
    problem(problems, doc->name, line + 1, column + 1 + (is_at_end ? 1 : 0), "%s", message);
}
