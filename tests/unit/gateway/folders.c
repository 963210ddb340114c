#include "folders.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char made[16][32];
static int made_count;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw) {
    (void)st;
    (void)kind;
    (void)ftw;
    return remove(path);
}

static void remove_all(void) {
    for (int i = 0; i < made_count; i++)
        nftw(made[i], remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

char *folder_new(void) {
    cr_assert_lt(made_count, 16, "one test makes fewer folders");
    if (made_count == 0)
        atexit(remove_all);
    strcpy(made[made_count], "/tmp/fl-folder-XXXXXX");
    cr_assert_not_null(mkdtemp(made[made_count]));
    return strdup(made[made_count++]);
}

static char *join(const char *folder, const char *name) {
    char *path = malloc(strlen(folder) + strlen(name) + 2);
    sprintf(path, "%s/%s", folder, name);
    return path;
}

char *folder_inner(const char *folder, const char *name) {
    char *path = join(folder, name);
    cr_assert_eq(mkdir(path, 0700), 0);
    return path;
}

char *folder_file(const char *folder, const char *name, const char *text) {
    char *path = join(folder, name);
    FILE *file = fopen(path, "we");
    cr_assert_not_null(file);
    cr_assert(fputs(text, file) >= 0 && fclose(file) == 0);
    return path;
}
