/* /proc/self/stat for time and memory, /proc/self/fd counted. The unit hides most of /proc (ProcSubset=pid), and with
 * it the time of boot, so the start is reckoned back from now. What cannot be read is left out rather than shown as 0.
 */
#include "process_figures.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "fieldline/exposition.h"

static double seconds_of(clockid_t clock) {
    struct timespec t = {0};
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Fields of proc(5) after the name, which may hold anything but ends with the last ')'. */
static bool read_stat(double *start_s, double *virtual_bytes, double *resident_bytes) {
    char text[1024];
    unsigned long long start = 0, virtual_size = 0;
    long long pages = 0;
    FILE *file = fopen("/proc/self/stat", "re");
    if (!file)
        return false;
    const size_t count = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[count] = 0;
    const char *after = strrchr(text, ')');
    if (!after || sscanf(after + 1,
                         " %*c %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
                         " %llu %llu %lld",
                         &start, &virtual_size, &pages) != 3)
        return false;
    *start_s = seconds_of(CLOCK_REALTIME) - seconds_of(CLOCK_BOOTTIME) + (double)start / (double)sysconf(_SC_CLK_TCK);
    *virtual_bytes = (double)virtual_size;
    *resident_bytes = (double)pages * (double)sysconf(_SC_PAGESIZE);
    return true;
}

/* -1: cannot be told */
static int count_descriptors(void) {
    DIR *dir = opendir("/proc/self/fd");
    if (!dir)
        return -1;
    int count = -1; /* not the one that reads */
    for (const struct dirent *entry; (entry = readdir(dir));)
        count += entry->d_name[0] != '.';
    closedir(dir);
    return count;
}

void process_figures_print(struct buf *out) {
    double start_s, virtual_bytes, resident_bytes;
    struct rlimit limit;
    const int descriptors = count_descriptors();
    expose_one(out, "process_cpu_seconds_total", EXPOSE_COUNTER, "User and system time spent.",
               seconds_of(CLOCK_PROCESS_CPUTIME_ID));
    if (read_stat(&start_s, &virtual_bytes, &resident_bytes)) {
        expose_one(out, "process_start_time_seconds", EXPOSE_GAUGE, "When the process was started, since 1970.",
                   start_s);
        expose_one(out, "process_virtual_memory_bytes", EXPOSE_GAUGE, "Address space.", virtual_bytes);
        expose_one(out, "process_resident_memory_bytes", EXPOSE_GAUGE, "Memory that is in RAM.", resident_bytes);
    }
    if (descriptors >= 0)
        expose_one(out, "process_open_fds", EXPOSE_GAUGE, "Open file descriptors.", descriptors);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        expose_one(out, "process_max_fds", EXPOSE_GAUGE, "Most file descriptors that may be open.",
                   (double)limit.rlim_cur);
}
