/* The list of the tables. */
#include "sessions/method.h"

#include <string.h>

static const struct methods *const tables[] = {&method_terminal, &method_diagnose, &method_observe,  &method_files,
                                               &method_forward,  &method_screen,   &method_configure};

const struct method *method_find(const char *name) {
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        for (size_t i = 0; i < tables[t]->count; i++) {
            if (strcmp(name, tables[t]->rows[i].name) == 0) {
                return &tables[t]->rows[i];
            }
        }
    }
    return NULL;
}
