/* Scratch folders for the agent's unit tests: mkdtemp below TMPDIR, removed file by file (no shell). */
#include "scratch.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FOLDER_BYTES = 256 };
static char folder[FOLDER_BYTES];

const char *scratch_make(void) {
    const char *base = getenv("TMPDIR");
    snprintf(folder, sizeof folder, "%s/fieldline-XXXXXX", base == NULL ? "/tmp" : base);
    cr_assert_not_null(mkdtemp(folder));
    return folder;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at) {
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

void scratch_remove(void) {
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *scratch_path(const char *name) {
    static char paths[4][2 * FOLDER_BYTES];
    static unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, sizeof paths[0], "%s/%.200s", folder, name);
    return path;
}

static void put(const char *name, const char *text, const char *mode) {
    FILE *file = fopen(scratch_path(name), mode);
    cr_assert_not_null(file);
    fwrite(text, 1, strlen(text), file);
    fclose(file);
}

void scratch_write(const char *name, const char *text) {
    put(name, text, "w");
}

void scratch_append(const char *name, const char *text) {
    put(name, text, "a");
}
