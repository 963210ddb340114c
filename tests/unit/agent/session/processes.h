/* How many processes have a word on their command line, this one not counted. */
#pragma once
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fieldline/number.h"

static inline size_t count_processes(const char *word) {
    size_t count = 0;
    DIR *entries = opendir("/proc");
    for (struct dirent *e; (e = readdir(entries)) != NULL;) {
        char path[300], line[512] = "";
        int64_t pid;
        if (!number_i64(e->d_name, strlen(e->d_name), 1, INT32_MAX, &pid)) {
            continue;
        }
        snprintf(path, sizeof path, "/proc/%s/cmdline", e->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, line, sizeof line - 1) : -1;
        count += n > 0 && memmem(line, (size_t)n, word, strlen(word)) != NULL && pid != getpid();
        if (fd >= 0) {
            close(fd);
        }
    }
    closedir(entries);
    return count;
}
