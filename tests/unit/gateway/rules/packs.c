/* Folders: packs that are written for the test, and the packs that the product ships (the tests run from the top
 * folder). */
#include "rules/pack.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rules/check.h"
#include "rules/document.h"
#include "rules/rule.h"

static char folder[] = "/tmp/fieldline-packs-XXXXXX";

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
    (void)st, (void)type, (void)ftw;
    return remove(path);
}
static void set_up(void) {
    strcpy(folder, "/tmp/fieldline-packs-XXXXXX");
    cr_assert_not_null(mkdtemp(folder));
}
static void tear_down(void) {
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void put(const char *name, const char *text) {
    char path[300];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    for (char *slash = path + strlen(folder) + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = '\0';
        (void)mkdir(path, 0700);
        *slash = '/';
    }
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    fputs(text, file);
    fclose(file);
}

#define PACK(model)                                                                                                    \
    "model: " model "\ntitle: T\nmaker: us\nkind: machine\ncapabilities: [observe]\n"                                  \
    "metrics:\n- {name: a, title: A, unit: V, interval: 1s}\nfaults:\n- {code: E1, title: F, severity: major}\n"
#define ALERTS  "groups:\n- name: g\n  rules:\n  - {alert: X, expr: a > 5, labels: {severity: major}}\n"
#define ARTICLE "---\ntitle: How to\nlanguage: en\ncodes: [X, E1]\n---\n# Body\n"

TestSuite(packs, .init = set_up, .fini = tear_down);

Test(packs, a_folder_of_packs) {
    struct packs *packs = NULL;
    struct buf out;
    buf_init(&out, 10000);
    put("one/pack.yaml", PACK("one"));
    put("one/alerts.yaml", ALERTS);
    put("one/tests.yaml", "not read here: [");
    put("one/knowledge/b.md", ARTICLE);
    put("one/knowledge/a.zh.md", ARTICLE);
    put("two/pack.yaml", PACK("two"));
    put("README.md", "for people");
    cr_assert_eq(packs_load(folder, &packs, &out), RESULT_OK, "%s", buf_text(&out));
    cr_expect_eq(packs_count(packs), 2);
    const struct pack *one = packs_find(packs, "one");
    cr_assert_not_null(one);
    cr_expect_eq(one, packs_at(packs, 0));
    cr_expect_eq(one->rule_count, 1);
    cr_assert_eq(one->article_count, 2);
    cr_expect_str_eq(one->articles[0].id, "a.zh");
    cr_expect_str_eq(one->articles[1].id, "b");
    cr_expect_str_eq(one->articles[1].title, "How to");
    cr_expect_str_eq(one->articles[1].language, "en");
    cr_expect_str_eq(one->articles[1].codes[0], "X");
    cr_expect_str_eq(one->articles[1].codes[1], "E1");
    cr_expect_null(one->articles[1].codes[2]);
    cr_expect_str_eq(one->articles[1].body, "# Body\n");
    cr_expect_eq(pack_metric_find(one, "a"), 0);
    cr_expect_eq(pack_metric_find(one, "b"), -1);
    cr_expect_eq(pack_metric_find(one, ""), -1);
    cr_expect_null(packs_find(packs, "three"));
    packs_free(packs);
    buf_fini(&out);
}

/* One file of an otherwise sound pack is different; loading it, and the whole folder, is refused. */
Test(packs, one_bad_file_refuses_all) {
    static const struct {
        const char *name, *text, *says;
    } rows[] = {
        {"bad/pack.yaml", PACK("good"), "bad/pack.yaml:1:8: 'model' is \"good\", expected \"bad\""},
        {"bad/pack.yaml", "[", "bad/pack.yaml:2:1: not YAML"},
        {"bad/alerts.yaml", "groups: x", "bad/alerts.yaml:1:9: 'groups' is a text"},
        {"bad/knowledge/a.txt", "x", "bad/knowledge/a.txt: is not a Markdown file"},
        {"bad/knowledge/a.md", "# no front matter\n", "bad/knowledge/a.md:1:1: has no front matter"},
        {"bad/knowledge/a.md", "---\ntitle: x\n", "has no front matter"},
        {"bad/knowledge/a.md", "---\ntitle: x\ncodes: [E1]\n---\n",
         "a.md:2:1: 'language' is missing in the front matter"},
        {"bad/knowledge/a.md", "---\ntitle: x\nlanguage: en\ncodes: [E1, E2]\n---\n",
         "a.md:4:13: 'E2' is neither a fault code nor an alert of this pack"},
        {"bad/knowledge/a.md", "---\ntitle: x\nlanguage: en\ncodes: E1\n---\n", "'codes' is a text, expected a list"},
        {"bad/knowledge/a.md", "---\ntitle: x\nlanguage: English\ncodes: []\n---\n", "'language' is \"English\""},
        {"bad/knowledge/a.md", "---\ntitle: x\nlanguage: en\ncodes: []\nauthor: me\n---\n",
         "a.md:5:1: unknown key 'author'"},
        {"bad/knowledge/a b.md", ARTICLE, "the file's name has other characters"},
        {"bad/knowledge/a.md", "---\ntitle: \xff\n---\n", "a.md: is not valid UTF-8"},
        {"empty/other.txt", "x", "empty/pack.yaml: cannot be opened"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct packs *packs = NULL;
        struct pack *pack = NULL;
        struct buf out;
        char path[300];
        tear_down();
        set_up();
        buf_init(&out, 10000);
        put("good/pack.yaml", PACK("good"));
        put("bad/pack.yaml", PACK("bad"));
        put("bad/alerts.yaml", ALERTS);
        put(rows[i].name, rows[i].text);
        cr_expect_eq(packs_load(folder, &packs, &out), RESULT_BAD_INPUT, "row %zu was accepted", i);
        cr_expect_not_null(strstr(buf_text(&out), rows[i].says), "row %zu says \"%s\", expected \"%s\"", i,
                           buf_text(&out), rows[i].says);
        cr_expect_null(packs);
        buf_reset(&out);
        cr_expect_eq(pack_check(folder, &out), RESULT_BAD_INPUT);
        cr_expect_not_null(strstr(buf_text(&out), "good: ok: 1 metrics"), "the sound pack is told as well: %s",
                           buf_text(&out));
        snprintf(path, sizeof path, "%s/%.*s", folder, (int)(strchr(rows[i].name, '/') - rows[i].name), rows[i].name);
        cr_expect_eq(pack_load(path, &pack, &out), RESULT_BAD_INPUT);
        cr_expect_null(pack);
        buf_fini(&out);
    }
}

Test(packs, no_packs_at_all) {
    struct packs *packs = NULL;
    struct buf out;
    buf_init(&out, 10000);
    cr_expect_eq(packs_load(folder, &packs, &out), RESULT_NOT_FOUND);
    cr_expect_not_null(strstr(buf_text(&out), "has no packs in it"));
    cr_expect_eq(packs_load("/nowhere/at/all", &packs, &out), RESULT_NOT_FOUND);
    cr_expect_not_null(strstr(buf_text(&out), "/nowhere/at/all: cannot be read: No such file"));
    buf_fini(&out);
}

/* ---- the packs that we ship ---- */

Test(packs, shipped_packs_are_sound) {
    struct packs *packs = NULL;
    struct buf out;
    buf_init(&out, 1 << 20);
    cr_assert_eq(packs_load("rules", &packs, &out), RESULT_OK, "%s", buf_text(&out));
    cr_expect_geq(packs_count(packs), 3);
    for (size_t i = 0; i < packs_count(packs); i++) {
        const struct pack *pack = packs_at(packs, i);
        bool has_zh = false;
        const bool has_agent = pack->capabilities != 0; /* what comes through adapters has no sessions */
        cr_expect_geq(pack->rule_count, has_agent ? 5 : 2, "%s", pack->model);
        cr_expect_geq(pack->article_count, 2, "%s", pack->model);
        cr_expect_geq(pack->diagnostic_count, has_agent ? 3 : 0, "%s", pack->model);
        cr_expect_geq(pack->fault_count, has_agent ? 3 : 2, "%s", pack->model);
        cr_expect(!has_agent || pack->capabilities & CAPABILITY_BIT(CAPABILITY_DIAGNOSE));
        for (size_t m = 0; m < pack->metric_count; m++)
            cr_expect_not_null(pack->metrics[m].title_zh, "%s: %s", pack->model, pack->metrics[m].name);
        for (size_t r = 0; r < pack->rule_count; r++)
            cr_expect_not_null(pack->rules[r]->summary, "%s: %s", pack->model, pack->rules[r]->alert);
        for (size_t a = 0; a < pack->article_count; a++)
            has_zh |= strcmp(pack->articles[a].language, "zh") == 0;
        cr_expect(has_zh, "%s has an article in Chinese", pack->model);
    }
    packs_free(packs);
    buf_fini(&out);
}

Test(packs, shipped_packs_pass_their_own_tests) {
    struct buf out;
    int passed = 0, failed = 0;
    buf_init(&out, 1 << 20);
    cr_expect_eq(rules_test("rules", &out, &passed, &failed), RESULT_OK);
    cr_expect_eq(failed, 0, "%s", buf_text(&out));
    cr_expect_geq(passed, 60);
    buf_fini(&out);
}

Test(packs, the_author_s_guide_names_every_function) {
    struct buf guide, out;
    struct problems problems = {.to = &out};
    buf_init(&guide, DOCUMENT_BYTES_MAX);
    buf_init(&out, 10000);
    cr_assert(file_read("rules/README.md", &guide, &problems), "%s", buf_text(&out));
    for (size_t i = 0; i < function_row_count; i++)
        cr_expect_not_null(strstr(buf_text(&guide), function_rows[i].name), "%s is missing", function_rows[i].name);
    buf_fini(&guide);
    buf_fini(&out);
}
