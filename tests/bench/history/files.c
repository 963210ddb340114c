/* Recorded data as series: any text file whose rows are numbers, separated by commas, semicolons or blanks. Nothing of
 * it is part of the project; a path is given or the sets are left out. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "series.h"

enum { COLUMNS_MAX = 40, LINE_BYTES = 4096 };
#define START_S INT64_C(1760000000)

static bool is_date(const char *text, int64_t *event_ms) {
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
    if (end == NULL)
        return false;
    *event_ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

static int split(char *line, char *fields[COLUMNS_MAX]) {
    const char *separators = strchr(line, ';') ? ";\r\n" : strchr(line, ',') ? ",\r\n" : " \t\r\n";
    char *rest = NULL;
    int count = 0;
    for (char *at = strtok_r(line, separators, &rest); at != NULL && count < COLUMNS_MAX;
         at = strtok_r(NULL, separators, &rest))
        fields[count++] = at;
    return count;
}

static void read_file(struct series_list *list, const char *set, const char *path, const char *name) {
    FILE *file = fopen(path, "re");
    char line[LINE_BYTES], title[96], *fields[COLUMNS_MAX];
    size_t first = 0;
    int columns = 0;
    int64_t row = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const int count = split(line, fields);
        int64_t event_ms = (START_S + row) * 1000;
        const bool has_date = count > 0 && is_date(fields[0], &event_ms);
        char *end = NULL;
        if (count == 0 || (!has_date && (strtod(fields[0], &end), *end != '\0')))
            continue; /* a heading */
        if (columns == 0) {
            first = list->count;
            columns = count;
            for (int i = 0; i < columns; i++) {
                snprintf(title, sizeof title, "%.80s %d", name, i);
                series_new(list, set, title, false);
            }
        }
        for (int i = has_date; i < count && i < columns; i++) {
            const double value = strtod(fields[i], &end);
            if (*end == '\0')
                series_add(&list->items[first + (size_t)i], event_ms, value);
        }
        row++;
    }
    if (file != NULL)
        fclose(file);
}

static bool read_folder(struct series_list *list, const char *set, const char *folder) {
    struct dirent **names = NULL;
    const int count = scandir(folder, &names, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        char path[4096];
        struct stat st;
        const char *name = names[i]->d_name, *dot = strrchr(name, '.');
        if (name[0] != '.' && snprintf(path, sizeof path, "%s/%s", folder, name) < (int)sizeof path &&
            stat(path, &st) == 0) {
            if (S_ISDIR(st.st_mode))
                (void)read_folder(list, set != NULL ? set : name, path);
            else if (set != NULL && dot != NULL && (strcmp(dot, ".csv") == 0 || strcmp(dot, ".txt") == 0) &&
                     strncmp(name, "readme", 6) != 0)
                read_file(list, set, path, name);
        }
        free(names[i]);
    }
    free(names);
    return count >= 0;
}

bool series_files(struct series_list *list, const char *folder) {
    return read_folder(list, NULL, folder);
}
