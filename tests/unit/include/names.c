/* The spelling of names. */
#include "src/names.h"

#include <criterion/criterion.h>
#include <string.h>

struct row {
    const char *text;
    bool metric, part, unit, code, model;
};

Test(names, each_kind_has_its_spelling) {
    static const struct row rows[] = {
        {"temperature", true, true, true, true, true},
        {"_private", true, true, true, false, false},
        {"disk_used", true, true, true, true, false},
        {"9lives", false, true, true, true, true},
        {"Cel", false, true, true, true, false},
        {"%RH", false, false, true, false, false},
        {"m/s2", false, false, true, false, false},
        {"eth0:1", false, true, true, false, false},
        {"E-17.b", false, true, true, true, false},
        {"-x", false, true, true, false, false},
        {".x", false, true, true, false, false},
        {"a b", false, false, false, false, false},
        {"a\"b", false, false, false, false, false},
        {"a\\b", false, false, false, false, false},
        {"\xc2\xb0"
         "C",
         false, false, false, false, false},
        {"a\n", false, false, false, false, false},
        {"", false, false, true, false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        size_t chars = strlen(r->text);
        cr_expect_eq(name_is_metric(r->text, chars), r->metric, "metric '%s'", r->text);
        cr_expect_eq(name_is_part(r->text, chars), r->part, "part '%s'", r->text);
        cr_expect_eq(name_is_unit(r->text, chars), r->unit, "unit '%s'", r->text);
        cr_expect_eq(name_is_code(r->text, chars), r->code, "code '%s'", r->text);
        cr_expect_eq(name_is_model(r->text, chars), r->model, "model '%s'", r->text);
    }
}

Test(names, lengths_are_bounded) {
    char text[128];
    memset(text, 'a', sizeof text);
    cr_expect(name_is_metric(text, 63) && !name_is_metric(text, 64));
    cr_expect(name_is_part(text, 63) && !name_is_part(text, 64));
    cr_expect(name_is_unit(text, 15) && !name_is_unit(text, 16));
    cr_expect(name_is_code(text, 31) && !name_is_code(text, 32));
    cr_expect(name_is_model(text, 63) && !name_is_model(text, 64));
}

Test(names, labels_have_no_control_characters) {
    cr_expect(name_is_label("SN 0042 \xe5\x86\xb0", 11));
    cr_expect(name_is_label("", 0));
    cr_expect_not(name_is_label("a\nb", 3));
    cr_expect_not(name_is_label("a\x7f", 2));
}
