/* One line of log at a time, on stderr.
 *
 * Not a logging framework: no files, no rotation, no syslog socket; systemd or the shell owns where stderr goes. A line
 * is put together on the stack and leaves with one write(2), so lines of several threads never mix and nothing is lost
 * in a stdio buffer when the process is killed. A queue with a writer thread was left for that reason: the last lines
 * before a crash are the ones that matter. Control characters cannot leave unescaped, whatever the caller passed. */
#include "fieldline/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "src/log_json.h"
#include "src/log_limit.h"

enum { TEXT_SLOTS = 8, TEXT_BYTES = 1024, JSON_BYTES = 2 * LOG_LINE_BYTES, PREFIX_BYTES = 8 };

static const struct {
    const char *name;
    int priority; /* of syslog(3), for the journal */
} LEVELS[] = {
    [LOG_LEVEL_DEBUG] = {"debug", 7},
    [LOG_LEVEL_INFO] = {"info", 6},
    [LOG_LEVEL_WARN] = {"warn", 4},
    [LOG_LEVEL_ERROR] = {"error", 3},
};
enum { LEVEL_COUNT = sizeof LEVELS / sizeof LEVELS[0] };

static atomic_int least_level = LOG_LEVEL_INFO;
static atomic_int wanted_format = LOG_FORMAT_TEXT;
static bool is_journal;

void log_set_level(enum log_level least) {
    atomic_store_explicit(&least_level, (int)least, memory_order_relaxed);
}

bool log_level_parse(const char *text, enum log_level *out) {
    for (int i = 0; i < LEVEL_COUNT; i++) {
        if (strcmp(text, LEVELS[i].name) == 0) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

void log_set_format(enum log_format format) {
    atomic_store_explicit(&wanted_format, (int)format, memory_order_relaxed);
}

bool log_format_parse(const char *text, enum log_format *out) {
    const bool is_json = strcmp(text, "json") == 0;
    if (!is_json && strcmp(text, "text") != 0)
        return false;
    *out = is_json ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;
    return true;
}

/* The variable alone is not enough: a child whose stderr was redirected inherits it too. */
static void journal_detect(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat at;
    char here[64];
    if (!stream || fstat(STDERR_FILENO, &at) != 0)
        return;
    snprintf(here, sizeof here, "%llu:%llu", (unsigned long long)at.st_dev, (unsigned long long)at.st_ino);
    is_journal = strcmp(here, stream) == 0;
}

static void line_write(char *line, size_t count) {
    for (size_t i = 0; i < count; i++) {
        unsigned char c = (unsigned char)line[i];
        if (c < 0x20 || c == 0x7f)
            line[i] = ' ';
    }
    line[count++] = '\n';
    while (write(STDERR_FILENO, line, count) < 0 && errno == EINTR)
        ;
}

/* Cut, and visibly so; returns the length. */
static size_t cut_at(char *line, int wrote, size_t room) {
    size_t count = wrote > 0 ? (size_t)wrote : 0;
    if (count > room - 1) {
        count = room - 1;
        memcpy(line + count - 3, "...", 3);
    }
    if (count > 0 && line[count - 1] == ' ')
        count--;
    line[count] = 0;
    return count;
}

static void FL_PRINTF(5, 0) line_print(enum log_level level, const char *area, const char *id, unsigned suppressed,
                                       const char *format, va_list args) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    int saved = errno;
    pthread_once(&once, journal_detect);
    char message[LOG_LINE_BYTES - PREFIX_BYTES], line[JSON_BYTES], when[32];
    clock_print(clock_wall_ms(), when);
    size_t count = cut_at(message, vsnprintf(message, sizeof message, format, args), sizeof message);
    if (suppressed > 0 && count + 32 < sizeof message)
        snprintf(message + count, sizeof message - count, "%ssuppressed=%u", count > 0 ? " " : "", suppressed);
    size_t at = is_journal ? (size_t)snprintf(line, sizeof line, "<%d>", LEVELS[level].priority) : 0;
    if (atomic_load_explicit(&wanted_format, memory_order_relaxed) == LOG_FORMAT_JSON) {
        const struct log_parts parts = {
            .time = when, .level = LEVELS[level].name, .area = area, .id = id, .message = message};
        at += log_json_print(&parts, line + at, sizeof line - at - 1);
    } else {
        const size_t room = LOG_LINE_BYTES - at;
        at += cut_at(line + at,
                     snprintf(line + at, room, "%s %s %s %s %s", when, LEVELS[level].name, area, id, message), room);
    }
    line_write(line, at);
    errno = saved;
}

void log_line(enum log_level level, const char *area, const char *id, const char *format, ...) {
    unsigned suppressed;
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed) ||
        !log_limit_passes(level, area, id, clock_mono_ms(), &suppressed))
        return;
    va_list args;
    va_start(args, format);
    line_print(level, area, id, suppressed, format, args);
    va_end(args);
}

static void FL_PRINTF(5, 6) print_suppressed(enum log_level level, const char *area, const char *id,
                                             unsigned suppressed, const char *format, ...) {
    va_list args;
    va_start(args, format);
    line_print(level, area, id, suppressed, format, args);
    va_end(args);
}

void log_settle(bool is_last) {
    enum log_level level;
    const char *area, *id;
    unsigned suppressed;
    const int64_t now_ms = clock_mono_ms() + (is_last ? LOG_SETTLE_MS : 0);
    while (log_limit_settled(now_ms, &level, &area, &id, &suppressed))
        print_suppressed(level, area, id, suppressed, "%s", "");
}

void die(const char *area, const char *format, ...) {
    va_list args;
    va_start(args, format);
    line_print(LOG_LEVEL_ERROR, area, "fatal", 0, format, args);
    va_end(args);
    abort();
}

static bool is_plain(const char *text) {
    for (const char *c = text; *c; c++) {
        if ((unsigned char)*c <= ' ' || *c == '"' || *c == '\\' || *c == '=' || *c == 0x7f)
            return false;
    }
    return *text != 0;
}

/* Writes one character of a quoted value; returns its length, at most 4. */
static size_t quote_char(unsigned char c, char out[5]) {
    const char *short_form = c == '"'    ? "\\\""
                             : c == '\\' ? "\\\\"
                             : c == '\n' ? "\\n"
                             : c == '\r' ? "\\r"
                             : c == '\t' ? "\\t"
                                         : NULL;
    if (short_form)
        return (size_t)snprintf(out, 5, "%s", short_form);
    if (c < ' ' || c == 0x7f)
        return (size_t)snprintf(out, 5, "\\x%02x", c);
    out[0] = (char)c;
    return 1;
}

const char *log_text(const char *text) {
    static _Thread_local char slots[TEXT_SLOTS][TEXT_BYTES];
    static _Thread_local unsigned next;
    if (!text)
        return "-";
    if (is_plain(text) && strlen(text) < TEXT_BYTES)
        return text;
    char *out = slots[next++ % TEXT_SLOTS];
    size_t at = 0;
    out[at++] = '"';
    for (const char *c = text; *c; c++) {
        if (at + 4 + 5 > TEXT_BYTES) { /* the longest escape, then ..." and NUL */
            memcpy(out + at, "...", 3);
            at += 3;
            break;
        }
        char piece[5];
        size_t count = quote_char((unsigned char)*c, piece);
        memcpy(out + at, piece, count);
        at += count;
    }
    out[at++] = '"';
    out[at] = 0;
    return out;
}
