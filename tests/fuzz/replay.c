/* Runs a fuzz target over files instead of under libFuzzer: every file of the folders (or single files) given as
 * arguments.
 *
 * This is how the corpus becomes a test on any compiler and under any sanitizer. A folder that is missing or empty is a
 * failure: a test that runs nothing must not pass. Each file is handed over in memory of exactly its size, so that
 * AddressSanitizer sees a read of one byte too many. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static int replay_file(const char *path) {
    FILE *file = fopen(path, "rbe");
    if (!file || fseek(file, 0, SEEK_END) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    long size = ftell(file);
    rewind(file);
    size_t count = size > 0 ? (size_t)size : 0;
    uint8_t *bytes = malloc(count ? count : 1);
    if (!bytes || fread(bytes, 1, count, file) != count) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    fclose(file);
    (void)LLVMFuzzerTestOneInput(bytes, count);
    free(bytes);
    return 1;
}

static int replay(const char *path) {
    DIR *folder = opendir(path);
    if (!folder)
        return replay_file(path);
    int files = 0;
    const struct dirent *entry;
    while ((entry = readdir(folder)) != NULL) {
        char name[4096];
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        files += replay_file(name);
    }
    closedir(folder);
    return files;
}

int main(int argc, char **argv) {
    int files = 0;
    for (int i = 1; i < argc; i++) {
        int here = replay(argv[i]);
        if (here == 0) {
            fprintf(stderr, "%s: no files\n", argv[i]);
            return EXIT_FAILURE;
        }
        files += here;
    }
    printf("%s: %d files replayed\n", argv[0], files);
    return files > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
