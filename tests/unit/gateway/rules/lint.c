#include "rules/lint.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rules/check.h"

static const char pack_yaml[] = "model: MODEL\ntitle: T\nmaker: us\nkind: machine\ncapabilities: [observe]\nmetrics:\n"
                                "  - {name: fill, title: F, unit: /, min: 0, max: 1, interval: 1s}\n"
                                "  - {name: air, title: A, unit: Cel, min: -90, max: 60, interval: 1s}\n";

static void write_text(const char *dir, const char *name, const char *text) {
    char path[100];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    cr_assert(fputs(text, file) >= 0 && fclose(file) == 0);
}

static char *checked(const char *expr, const char *hold) {
    char parent[] = "/tmp/fl-lint-XXXXXX", dir[64], text[1000], *model = NULL;
    struct buf report;
    cr_assert_not_null(mkdtemp(parent));
    snprintf(dir, sizeof dir, "%s/box", parent);
    snprintf(text, sizeof text, "mkdir %s", dir);
    cr_assert_eq(system(text), 0);
    char *pack = strdup(pack_yaml);
    memcpy(strstr(pack, "MODEL"), "box  ", 5);
    write_text(dir, "pack.yaml", pack);
    snprintf(text, sizeof text,
             "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: %s\n    for: %s\n    labels: {severity: major}\n",
             expr, hold);
    write_text(dir, "alerts.yaml", text);
    buf_init(&report, 10000);
    cr_assert_eq(pack_check(dir, &report), RESULT_OK, "%s", buf_text(&report));
    model = strdup(buf_text(&report));
    buf_fini(&report);
    free(pack);
    snprintf(text, sizeof text, "rm -rf %s", parent);
    cr_assert_eq(system(text), 0);
    return model;
}

Test(lint, hints_at_what_was_probably_not_meant) {
    static const struct {
        const char *expr, *hold, *hint; /* NULL: none */
    } rows[] = {
        {"fill > 0.8", "1m", NULL},
        {"fill > 80", "1m",
         "alerts.yaml:4: hint: alert A: fill is 0 to 1 in '/', so it is never > 80: a ratio is 0 to 1"},
        {"air < -273", "1m", "air is -90 to 60 in 'Cel', so it is never < -273"},
        {"air > 300 or fill > 0.5", "1m", "so it is never > 300"},
        {"avg_over_time(fill[5m]) > 0.5", "0s", NULL},
        {"fill > 0.5", "0s", "one odd sample opens a ticket"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *report = checked(rows[i].expr, rows[i].hold);
        cr_expect_eq(strstr(report, "hint:") != NULL, rows[i].hint != NULL, "%s: %s", rows[i].expr, report);
        if (rows[i].hint)
            cr_expect_not_null(strstr(report, rows[i].hint), "%s: %s", rows[i].expr, report);
        free(report);
    }
}
