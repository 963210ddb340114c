/* Articles that name one of the ticket's alarms, the best first. */
#include "tickets/knowledge.h"

#include <criterion/criterion.h>
#include <string.h>

Test(knowledge, articles_by_what_they_name) {
    char *gas[] = {"LowGas", "Warm", NULL}, *door[] = {"DoorOpen", NULL}, *warm[] = {"Warm", "E17", NULL},
         *none[] = {NULL};
    struct pack_article articles[] = {{.id = "door", .codes = door},
                                      {.id = "warm", .codes = warm},
                                      {.id = "gas", .codes = gas},
                                      {.id = "general", .codes = none},
                                      {.id = "empty"}};
    const struct pack pack = {.articles = articles, .article_count = 5};
    static const struct {
        const char *alarms[3];
        size_t count, room;
        const char *want;
    } rows[] = {
        {{"Warm"}, 1, 5, "warm gas "},
        {{"Warm", "LowGas"}, 2, 5, "gas warm "}, /* names both */
        {{"Warm", "LowGas", "DoorOpen"}, 3, 5, "gas door warm "},
        {{"Warm", "LowGas", "DoorOpen"}, 3, 2, "gas door "},
        {{"E17"}, 1, 5, "warm "},
        {{"Unknown"}, 1, 5, ""},
        {{NULL}, 0, 5, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct pack_article *got[5];
        char list[100] = "";
        const size_t count = knowledge_for(&pack, rows[i].alarms, rows[i].count, got, rows[i].room);
        for (size_t n = 0; n < count; n++) {
            strcat(list, got[n]->id);
            strcat(list, " ");
        }
        cr_expect_str_eq(list, rows[i].want, "row %zu: %s", i, list);
    }
}
