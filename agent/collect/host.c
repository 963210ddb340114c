/* The host collector: /proc, /sys and statvfs, one function a source in a table of rows.
 *
 * Everything is read afresh each time: these files cost microseconds, and an interface or a sensor may come and go. A
 * file that cannot be read or does not look as expected gives no sample; that is a gap, and a gap is not a fault. CPU
 * busy is the share of jiffies since the last call that were neither idle nor waiting for a disk. The loop-back
 * interface is left out. Two thermal zones may call themselves alike; the second is named by its folder. Loop thread;
 * statvfs may block on a dead network mount, so only the mounts named in the configuration are asked. */
#include "collect/host.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "fieldline/bytes.h"
#include "fieldline/number.h"
#include "file.h"

enum { SLOW_MS = 60 * 1000, FILE_BYTES = 64 * 1024, PATH_BYTES = 512, PARTS_MAX = 32 };

struct host {
    char *root;
    char *const *mounts;
    uint64_t busy, total; /* jiffies of the last call */
    bool has_slow;
    int64_t slow_mono_ms;
};

struct measuring {
    struct host *host;
    int64_t wall_ms;
    const struct sink *sink;
    struct buf text; /* of the file under way */
    size_t zone_count;
    char zones[PARTS_MAX][CAP_PART_BYTES + 1]; /* parts that a temperature was reported for */
};

struct host *host_new(const char *root, char *const *mounts) {
    struct host *host = mem_alloc(sizeof *host);
    *host = (struct host){.root = mem_strdup(root), .mounts = mounts};
    return host;
}

void host_free(struct host *host) {
    if (host != NULL) {
        free(host->root);
        free(host);
    }
}

static void emit(struct measuring *m, const char *metric, const char *part, const char *unit, double value) {
    struct senml_record record = {.event_ms = m->wall_ms, .value = value};
    snprintf(record.metric, sizeof record.metric, "%s", metric);
    snprintf(record.part, sizeof record.part, "%s", part);
    snprintf(record.unit, sizeof record.unit, "%s", unit);
    m->sink->sample(m->sink->self, &record);
}

/* Four digits are more than a ratio of this kind is good for, and each digit is sent for years. */
static void emit_ratio(struct measuring *m, const char *metric, const char *part, double ratio) {
    emit(m, metric, part, "/", round((ratio > 1 ? 1 : ratio) * 1e4) / 1e4);
}

/* The file's text, or NULL. Valid until the next call. */
static const char *read_text(struct measuring *m, const char *path) {
    char whole[PATH_BYTES];
    snprintf(whole, sizeof whole, "%s%s", m->host->root, path);
    buf_reset(&m->text);
    return file_read(whole, &m->text, NULL) == RESULT_OK ? buf_text(&m->text) : NULL;
}

/* The next number of a line with blanks between them. */
static bool take_number(const char **at, double *out) {
    *at += strspn(*at, " \t");
    size_t chars = strcspn(*at, " \t\n");
    if (!number_double(*at, chars, out)) {
        return false;
    }
    *at += chars;
    return true;
}

static void measure_cpu(struct measuring *m) {
    enum { FIELDS = 8, IDLE = 3, IOWAIT = 4 }; /* user nice system idle iowait irq softirq steal */
    const char *at = read_text(m, "/proc/stat");
    double field[FIELDS] = {0}, sum = 0;
    if (at == NULL || strncmp(at, "cpu ", 4) != 0) {
        return;
    }
    at += 4;
    for (int i = 0; i < FIELDS && take_number(&at, &field[i]); i++) {
        sum += field[i];
    }
    uint64_t total = (uint64_t)sum, busy = (uint64_t)(sum - field[IDLE] - field[IOWAIT]);
    struct host *h = m->host;
    if (h->total != 0 && total > h->total && busy >= h->busy) {
        double ratio = (double)(busy - h->busy) / (double)(total - h->total);
        emit_ratio(m, "cpu_busy_ratio", "", ratio);
    }
    h->busy = busy;
    h->total = total;
}

static void measure_load(struct measuring *m) {
    const char *at = read_text(m, "/proc/loadavg");
    double load;
    if (at != NULL && take_number(&at, &load)) {
        emit(m, "load_1m", "", "", load);
    }
}

static bool find_field(const char *text, const char *name, double *out) {
    const char *at = strstr(text, name);
    if (at == NULL) {
        return false;
    }
    at += strlen(name);
    return take_number(&at, out);
}

static void measure_memory(struct measuring *m) {
    const char *text = read_text(m, "/proc/meminfo");
    double total, available;
    if (text != NULL && find_field(text, "MemTotal:", &total) && find_field(text, "MemAvailable:", &available) &&
        total > 0) {
        emit_ratio(m, "memory_available_ratio", "", available / total);
    }
}

static void measure_uptime(struct measuring *m) {
    const char *at = read_text(m, "/proc/uptime");
    double seconds;
    if (at != NULL && take_number(&at, &seconds)) {
        emit(m, "uptime_seconds", "", "s", seconds);
    }
}

/* A name from outside as a part: what a part cannot hold becomes '-'. */
static bool part_name(const char *from, char out[CAP_PART_BYTES + 1]) {
    size_t count = 0;
    for (; count < CAP_PART_BYTES && from[count] != '\0'; count++) {
        char c = from[count];
        bool is_fine =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("._:-", c) != NULL;
        out[count] = is_fine ? c : '-';
    }
    out[count] = '\0';
    return count > 0;
}

/* "/" is root, "/var/log" is var-log. */
static void measure_disks(struct measuring *m) {
    for (char *const *mount = m->host->mounts; *mount != NULL; mount++) {
        struct statvfs st;
        char part[CAP_PART_BYTES + 1];
        if (statvfs(*mount, &st) != 0 || st.f_blocks == 0) {
            continue;
        }
        const char *name = *mount + strspn(*mount, "/");
        double used = (double)(st.f_blocks - st.f_bfree), usable = used + (double)st.f_bavail;
        if (part_name(*name == '\0' ? "root" : name, part) && usable > 0) {
            emit_ratio(m, "disk_used_ratio", part, used / usable); /* as df shows it */
        }
    }
}

/* Calls fn for each entry of a folder whose name starts with `prefix`, in the order of the folder. */
static void each_entry(struct measuring *m, const char *folder, const char *prefix,
                       void (*fn)(struct measuring *m, const char *name)) {
    char whole[PATH_BYTES];
    snprintf(whole, sizeof whole, "%s%s", m->host->root, folder);
    DIR *dir = opendir(whole);
    if (dir == NULL) {
        return;
    }
    struct dirent *entry;
    for (int left = PARTS_MAX; left > 0 && (entry = readdir(dir)) != NULL;) {
        if (entry->d_name[0] != '.' && strncmp(entry->d_name, prefix, strlen(prefix)) == 0) {
            fn(m, entry->d_name);
            left--;
        }
    }
    closedir(dir);
}

static bool read_number(struct measuring *m, const char *folder, const char *leaf, double *out) {
    char path[PATH_BYTES];
    int chars = snprintf(path, sizeof path, "%s/%s", folder, leaf);
    if (chars < 0 || (size_t)chars >= sizeof path) {
        return false;
    }
    const char *at = read_text(m, path);
    return at != NULL && take_number(&at, out);
}

static bool zone_is_taken(const struct measuring *m, const char *part) {
    for (size_t i = 0; i < m->zone_count; i++) {
        if (strcmp(m->zones[i], part) == 0) {
            return true;
        }
    }
    return false;
}

static void measure_zone(struct measuring *m, const char *name) {
    char leaf[PATH_BYTES / 2], type[CAP_PART_BYTES + 1], part[CAP_PART_BYTES + 1];
    double millidegrees;
    snprintf(leaf, sizeof leaf, "%.64s/temp", name);
    if (!read_number(m, "/sys/class/thermal", leaf, &millidegrees)) {
        return;
    }
    snprintf(leaf, sizeof leaf, "/sys/class/thermal/%.64s/type", name);
    const char *text = read_text(m, leaf);
    snprintf(type, sizeof type, "%.*s", (int)(text == NULL ? 0 : strcspn(text, "\n")), text == NULL ? "" : text);
    if ((!part_name(type, part) || zone_is_taken(m, part)) && !part_name(name, part)) {
        return;
    }
    memcpy(m->zones[m->zone_count++], part, sizeof part);
    emit(m, "temperature", part, "Cel", millidegrees / 1000);
}

static void measure_temperatures(struct measuring *m) {
    each_entry(m, "/sys/class/thermal", "thermal_zone", measure_zone);
}

static void measure_interface(struct measuring *m, const char *name) {
    static const struct {
        const char *leaf, *metric, *unit;
    } counters[] = {{"rx_bytes", "network_rx_bytes", "B"},
                    {"tx_bytes", "network_tx_bytes", "B"},
                    {"rx_errors", "network_rx_errors", "count"}};
    char leaf[PATH_BYTES / 2], part[CAP_PART_BYTES + 1];
    double value;
    if (strcmp(name, "lo") == 0 || !part_name(name, part)) {
        return;
    }
    for (size_t i = 0; i < sizeof counters / sizeof counters[0]; i++) {
        snprintf(leaf, sizeof leaf, "%.64s/statistics/%s", name, counters[i].leaf);
        if (read_number(m, "/sys/class/net", leaf, &value)) {
            emit(m, counters[i].metric, part, counters[i].unit, value);
        }
    }
}

static void measure_network(struct measuring *m) {
    each_entry(m, "/sys/class/net", "", measure_interface);
}

/* What ext4 has found wrong since the file system was made: a card or a disk that loses data. */
static void measure_file_system(struct measuring *m, const char *name) {
    char leaf[PATH_BYTES / 2], part[CAP_PART_BYTES + 1];
    double errors;
    snprintf(leaf, sizeof leaf, "%.64s/errors_count", name);
    if (part_name(name, part) && read_number(m, "/sys/fs/ext4", leaf, &errors)) {
        emit(m, "storage_errors", part, "count", errors);
    }
}

/* JEDEC eMMC 5.0: two memory types, each with its life used in tenths: "0x01" is up to 10 %, "0x0b" beyond the end. */
static void measure_card(struct measuring *m, const char *name) {
    char path[PATH_BYTES], part[CAP_PART_BYTES + 1];
    snprintf(path, sizeof path, "/sys/block/%.64s/device/life_time", name);
    const char *at = read_text(m, path);
    int worst = 0;
    for (; at != NULL && strncmp(at, "0x", 2) == 0; at += strspn(at, " \n")) {
        static const char digits[] = "0123456789abcdef";
        const char *high = strchr(digits, at[2]), *low = at[2] != '\0' ? strchr(digits, at[3]) : NULL;
        if (high == NULL || low == NULL || *high == '\0' || *low == '\0') {
            return;
        }
        int tenths = (int)(high - digits) * 16 + (int)(low - digits);
        worst = tenths > worst ? tenths : worst;
        at += 4;
    }
    if (worst > 0 && worst <= 11 && part_name(name, part)) {
        emit_ratio(m, "storage_life_used", part, worst / 10.0);
    }
}

static void measure_storage(struct measuring *m) {
    each_entry(m, "/sys/fs/ext4", "", measure_file_system);
    each_entry(m, "/sys/block", "mmcblk", measure_card);
}

void host_measure(struct host *host, int64_t mono_ms, int64_t wall_ms, const struct sink *sink) {
    static const struct {
        void (*measure)(struct measuring *m);
        bool is_slow;
    } sources[] = {
        {measure_cpu, false},          {measure_load, false},    {measure_memory, false}, {measure_disks, true},
        {measure_temperatures, false}, {measure_network, false}, {measure_uptime, true},  {measure_storage, true},
    };
    struct measuring m = {.host = host, .wall_ms = wall_ms, .sink = sink};
    bool slow_is_due = !host->has_slow || mono_ms - host->slow_mono_ms >= SLOW_MS;
    buf_init(&m.text, FILE_BYTES);
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++) {
        if (slow_is_due || !sources[i].is_slow) {
            sources[i].measure(&m);
        }
    }
    if (slow_is_due) {
        host->has_slow = true;
        host->slow_mono_ms = mono_ms;
    }
    buf_fini(&m.text);
}
