#include "rules/nearest.h"

#include <criterion/criterion.h>
#include <string.h>

Test(nearest, names_what_was_probably_meant_and_nothing_else) {
    static const struct {
        const char *name, *best;
    } rows[] = {
        {"air_temperatur", "air_temperature"},
        {"air_tempreature", "air_temperature"},
        {"fro", "for"},
        {"ear_temperature", "air_temperature"},
        {"rate", "rate"},
        {"rat", "rate"},
        {"summry", "summary"},
        {"x", NULL},
        {"pressure", NULL},
        {"", NULL},
        {"temperature", NULL},
        {"an_awfully_long_name_of_more_than_sixty_four_letters_is_not_compared_at_all", NULL},
    };
    static const char *const candidates[] = {"air_temperature", "for", "rate", "summary"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct nearest n = nearest_to(rows[i].name, strlen(rows[i].name));
        char text[100];
        for (size_t k = 0; k < sizeof candidates / sizeof *candidates; k++)
            nearest_offer(&n, candidates[k]);
        cr_expect_eq(n.best != NULL, rows[i].best != NULL, "%s: %s", rows[i].name, n.best ? n.best : "none");
        if (n.best && rows[i].best)
            cr_expect_str_eq(n.best, rows[i].best, "%s", rows[i].name);
        cr_expect_eq(nearest_hint(&n, text, sizeof text)[0] != '\0', rows[i].best != NULL);
    }
}
