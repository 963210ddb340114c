/* A knowledge article: Markdown whose first lines are YAML between two `---` lines. The front matter says what the
 * article is about; the body is not looked into here. Every code it names must be one of the pack: an article that no
 * alarm can lead to helps nobody, and is a typing mistake nearly always. */
#include "rules/pack_parts.h"

#include <stdlib.h>
#include <string.h>

#include "rules/rule.h"

enum { CODES_MAX = 50, LANGUAGE_BYTES = 16 };

void article_free(struct pack_article *article) {
    free(article->id);
    free(article->title);
    free(article->language);
    for (char **code = article->codes; code && *code; code++)
        free(*code);
    free(article->codes);
    free(article->body);
}

static bool is_alarm(const struct pack *pack, const char *code) {
    if (pack_fault_find(pack, code))
        return true;
    for (size_t i = 0; i < pack->rule_count; i++)
        if (strcmp(pack->rules[i]->alert, code) == 0)
            return true;
    return false;
}

static void read_codes(const struct pack *pack, const struct document *doc, yaml_at at, struct pack_article *article,
                       struct problems *problems) {
    size_t count = 0, kept = 0;
    if (!document_list(doc, at, "codes", CODES_MAX, &count, problems))
        return;
    article->codes = mem_alloc((count + 1) * sizeof(char *));
    for (size_t i = 0; i < count; i++) {
        yaml_at item = document_item(doc, at, i);
        const char *code;
        if (!document_text(doc, item, "codes", PACK_ALERT_BYTES, &code, problems))
            continue;
        if (!is_alarm(pack, code))
            document_problem(doc, item, problems, "'%s' is neither a fault code nor an alert of this pack", code);
        article->codes[kept++] = mem_strdup(code);
    }
}

static void read_front(const struct pack *pack, const struct document *doc, struct pack_article *article,
                       struct problems *problems) {
    enum { TITLE, LANGUAGE, CODES, FIELDS };
    struct yaml_field f[FIELDS] = {{"title", true, 0}, {"language", true, 0}, {"codes", true, 0}};
    const char *text;
    if (!document_fields(doc, document_root(doc), "the front matter", f, FIELDS, problems))
        return;
    if (f[TITLE].at && document_text(doc, f[TITLE].at, "title", PACK_TITLE_BYTES, &text, problems))
        article->title = mem_strdup(text);
    if (f[LANGUAGE].at && document_text(doc, f[LANGUAGE].at, "language", LANGUAGE_BYTES, &text, problems)) {
        if (!word_valid(text))
            document_problem(doc, f[LANGUAGE].at, problems, "'language' is \"%s\", expected a tag such as en or zh",
                             text);
        article->language = mem_strdup(text);
    }
    if (f[CODES].at)
        read_codes(pack, doc, f[CODES].at, article, problems);
}

void pack_read_article(struct pack *pack, const char *path, const char *id, const char *text, size_t bytes,
                       struct problems *problems) {
    const char *end = bytes >= 4 && strncmp(text, "---\n", 4) == 0 ? strstr(text + 3, "\n---\n") : NULL;
    if (!end) {
        problem(problems, path, 1, 1, "has no front matter, expected YAML between two lines of ---");
        return;
    }
    if (pack->article_count == PACK_ARTICLES_MAX) {
        problem(problems, path, 0, 0, "is one article too many: a pack may have %d", PACK_ARTICLES_MAX);
        return;
    }
    struct pack_article article = {.id = mem_strdup(id), .body = mem_strdup(end + 5)};
    if (!code_valid(id))
        problem(problems, path, 0, 0, "the file's name has other characters than letters, digits, '.', '_' and '-'");
    /* The opening --- is YAML's own start of a document, so that lines count as in the file. */
    struct document *doc = document_parse(path, text, (size_t)(end + 1 - text), problems);
    if (doc)
        read_front(pack, doc, &article, problems);
    document_free(doc);
    pack->articles = mem_realloc(pack->articles, (pack->article_count + 1) * sizeof *pack->articles);
    pack->articles[pack->article_count++] = article;
}
