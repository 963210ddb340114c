#include "rules/bundle.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules/pack_holder.h"

static enum result count_file(void *self, const struct bundle_file *file) {
    (void)file;
    ++*(int *)self;
    return RESULT_OK;
}

Test(bundle, same_files_are_the_same_bytes_and_come_back) {
    struct buf first, second, text;
    char dir[] = "/tmp/fl-bundle-XXXXXX", command[100];
    struct fault fault;
    int files = 0;
    buf_init(&first, BUNDLE_BYTES_MAX);
    buf_init(&second, BUNDLE_BYTES_MAX);
    buf_init(&text, 10000);
    struct problems problems = {.to = &text};
    cr_assert(bundle_read("rules", &first, &problems), "%s", buf_text(&text));
    cr_assert_eq(bundle_each(first.data, first.count, count_file, &files), RESULT_OK);
    cr_expect_gt(files, 10);
    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(bundle_write(first.data, first.count, dir, &fault), RESULT_OK, "%s", fault.text);
    cr_assert(bundle_read(dir, &second, &problems), "%s", buf_text(&text));
    cr_assert_eq(first.count, second.count);
    cr_expect_eq(memcmp(first.data, second.data, first.count), 0);
    snprintf(command, sizeof command, "rm -rf %s", dir);
    cr_assert_eq(system(command), 0);
    buf_fini(&first);
    buf_fini(&second);
    buf_fini(&text);
}

static void put_file(struct buf *out, const char *path) {
    buf_add_varint(out, strlen(path));
    buf_str(out, path);
    buf_add_varint(out, 1);
    buf_str(out, "x");
}

Test(bundle, paths_that_lead_elsewhere_are_refused) {
    static const struct {
        const char *path;
        bool is_good;
    } rows[] = {{"m/alerts.yaml", true}, {"a", true},   {"../a", false}, {"m/../../a", false}, {"/etc/a", false},
                {"m//a", false},         {"m/", false}, {".", false},    {"", false},          {"m/.hidden", false},
                {"m/\xff", false}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf bytes;
        int files = 0;
        buf_init(&bytes, 1000);
        buf_add_u8(&bytes, 1);
        buf_add_varint(&bytes, 1);
        put_file(&bytes, rows[i].path);
        const enum result result = bundle_each(bytes.data, bytes.count, count_file, &files);
        cr_expect_eq(result, rows[i].is_good ? RESULT_OK : RESULT_CORRUPT, "'%s'", rows[i].path);
        for (size_t cut = 0; cut < bytes.count; cut++)
            cr_expect_eq(bundle_each(bytes.data, cut, count_file, &files), RESULT_CORRUPT, "cut at %zu", cut);
        buf_fini(&bytes);
    }
}

static struct packs *load(void) {
    struct packs *packs;
    struct buf text;
    buf_init(&text, 10000);
    cr_assert_eq(packs_load("rules/room-sensor", &packs, &text), RESULT_OK, "%s", buf_text(&text));
    buf_fini(&text);
    return packs;
}

/* Address sanitizer sees a use after free, the leak check what is never freed. */
Test(pack_holder, packs_live_as_long_as_their_last_reader) {
    struct pack_holder *holder = pack_holder_new();
    cr_expect_null(pack_holder_take(holder));
    struct packs *first = load(), *second = load();
    pack_holder_put(holder, first);
    const struct packs *a = pack_holder_take(holder), *b = pack_holder_take(holder);
    pack_holder_put(holder, second);
    cr_expect_eq(pack_holder_take(holder), second);
    cr_expect_eq(packs_count(a), 1);
    pack_holder_return(holder, a);
    cr_expect_eq(packs_count(b), 1, "one reader is left");
    pack_holder_return(holder, b);
    pack_holder_return(holder, second);
    cr_expect_eq(packs_count(second), 1, "the newest stays without readers");
    pack_holder_free(holder);
}
