/* The syslog decoder: one datagram, one log record.
 *
 * First the priority, then each form is tried on what follows: RFC 5424 must match as a whole or it is not one; RFC
 * 3164 is whatever starts with "Mmm dd hh:mm:ss"; the rest is text, of which a leading "tag[pid]:" still gives the app.
 * libc's syslog(3) sends RFC 3164 without a host name, so a first word that looks like a tag is one. Structured data is
 * kept in the text: dropping it would lose what the program thought worth saying, and the wire has no place of its own
 * for it. Pure; loop thread. */
#include "collect/syslog.h"

#include <string.h>
#include <time.h>

#include "collect/clean_text.h"
#include "fieldline/number.h"

enum { FACILITY_USER = 1, PRIORITY_MAX = 191 };

struct text {
    const char *at;
    size_t left;
};

static void skip(struct text *t, size_t count) {
    t->at += count;
    t->left -= count;
}

/* The characters up to the next blank; the blank is skipped too. */
static struct text word(struct text *t) {
    const char *blank = memchr(t->at, ' ', t->left);
    struct text w = {t->at, blank == NULL ? t->left : (size_t)(blank - t->at)};
    skip(t, blank == NULL ? t->left : w.left + 1);
    return w;
}

static void take_priority(struct text *t, struct log_record *out) {
    int64_t priority;
    out->facility = FACILITY_USER;
    out->severity = SEVERITY_NOTICE;
    const char *end = t->left > 2 && t->at[0] == '<' ? memchr(t->at, '>', t->left < 5 ? t->left : 5) : NULL;
    if (end == NULL || !number_i64(t->at + 1, (size_t)(end - t->at) - 1, 0, PRIORITY_MAX, &priority)) {
        return;
    }
    out->facility = (int)(priority / 8);
    out->severity = (int)(priority % 8);
    skip(t, (size_t)(end - t->at) + 1);
}

static void take_app(struct text name, struct log_record *out) {
    out->is_cut |= clean_text(name.at, name.left, out->app, CAP_LOG_APP_BYTES);
    for (char *c = out->app; *c != '\0'; c++) {
        *c = *c == '\t' || *c == '\n' ? ' ' : *c; /* a label has one line and no tabs */
    }
}

/* ---- RFC 5424 ---- */

static bool digits(struct text t, size_t at, size_t count, int64_t min, int64_t max, int *out) {
    int64_t n;
    if (t.left < at + count || t.at[at] == '-' || t.at[at] == '+' || !number_i64(t.at + at, count, min, max, &n)) {
        return false;
    }
    *out = (int)n;
    return true;
}

/* "Z", "+hh:mm" or "-hh:mm" as minutes east. */
static bool zone_minutes(struct text t, int *out) {
    int hours, minutes;
    if (t.left == 1 && t.at[0] == 'Z') {
        *out = 0;
        return true;
    }
    if (t.left != 6 || (t.at[0] != '+' && t.at[0] != '-') || t.at[3] != ':' || !digits(t, 1, 2, 0, 23, &hours) ||
        !digits(t, 4, 2, 0, 59, &minutes)) {
        return false;
    }
    *out = (t.at[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

/* RFC 3339, e.g. 2003-10-11T22:14:15.003-07:00 */
static bool stamp_5424(struct text t, int64_t *out) {
    struct tm tm = {0};
    int zone, ms = 0;
    static const char marks[] = "....-..-..T..:..:..";
    size_t chars = sizeof marks - 1;
    if (t.left <= chars) {
        return false;
    }
    for (size_t i = 0; i < chars; i++) {
        if (marks[i] != '.' && t.at[i] != marks[i]) {
            return false;
        }
    }
    if (!digits(t, 0, 4, 1970, 9999, &tm.tm_year) || !digits(t, 5, 2, 1, 12, &tm.tm_mon) ||
        !digits(t, 8, 2, 1, 31, &tm.tm_mday) || !digits(t, 11, 2, 0, 23, &tm.tm_hour) ||
        !digits(t, 14, 2, 0, 59, &tm.tm_min) || !digits(t, 17, 2, 0, 59, &tm.tm_sec)) {
        return false;
    }
    skip(&t, chars);
    if (t.at[0] == '.') {
        int weight = 100;
        for (skip(&t, 1); t.left > 0 && t.at[0] >= '0' && t.at[0] <= '9'; skip(&t, 1), weight /= 10) {
            ms += (t.at[0] - '0') * weight;
        }
    }
    if (!zone_minutes(t, &zone)) {
        return false;
    }
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *out = ((int64_t)timegm(&tm) - zone * 60) * 1000 + ms;
    return true;
}

/* Skips [id name="value" ...] elements or "-"; false when they are not well formed. *out is what was skipped. */
static bool structured_data(struct text *t, struct text *out) {
    *out = (struct text){t->at, 0};
    if (t->left > 0 && t->at[0] == '-') {
        skip(t, 1);
        return t->left == 0 || t->at[0] == ' ';
    }
    const char *from = t->at;
    while (t->left > 0 && t->at[0] == '[') {
        bool in_quotes = false;
        while (t->left > 0 && (in_quotes || t->at[0] != ']')) {
            if (in_quotes && t->at[0] == '\\' && t->left > 1) {
                skip(t, 1);
            } else if (t->at[0] == '"') {
                in_quotes = !in_quotes;
            }
            skip(t, 1);
        }
        if (t->left == 0) {
            return false;
        }
        skip(t, 1);
    }
    out->left = (size_t)(t->at - from);
    return out->left > 0 && (t->left == 0 || t->at[0] == ' ');
}

static void put_text(struct text data, struct text message, struct log_record *out) {
    char raw[CAP_LOG_TEXT_BYTES + 1];
    size_t count = 0;
    const struct text pieces[] = {data, {" ", data.left > 0 && message.left > 0 ? 1 : 0}, message};
    for (size_t i = 0; i < 3; i++) {
        size_t fits = sizeof raw - count < pieces[i].left ? sizeof raw - count : pieces[i].left;
        if (fits > 0) {
            memcpy(raw + count, pieces[i].at, fits);
        }
        count += fits;
    }
    out->is_cut |= clean_text(raw, count, out->text, CAP_LOG_TEXT_BYTES);
}

static bool decode_5424(struct text t, struct log_record *out) {
    int64_t event_ms = out->event_ms;
    struct text data;
    if (t.left < 2 || memcmp(t.at, "1 ", 2) != 0) {
        return false;
    }
    skip(&t, 2);
    struct text stamp = word(&t), host = word(&t), app = word(&t), process = word(&t), id = word(&t);
    bool has_stamp = !(stamp.left == 1 && stamp.at[0] == '-');
    if (host.left == 0 || app.left == 0 || process.left == 0 || id.left == 0 ||
        (has_stamp && !stamp_5424(stamp, &event_ms)) || !structured_data(&t, &data)) {
        return false;
    }
    if (t.left > 0) {
        skip(&t, 1);
    }
    if (t.left >= 3 && memcmp(t.at, "\xef\xbb\xbf", 3) == 0) {
        skip(&t, 3);
    }
    out->event_ms = event_ms;
    if (!(app.left == 1 && app.at[0] == '-')) {
        take_app(app, out);
    }
    put_text(data, t, out);
    return true;
}

/* ---- RFC 3164 ---- */

static bool skip_stamp_3164(struct text *t) {
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int n;
    if (t->left < 16 || t->at[3] != ' ' || t->at[6] != ' ' || t->at[9] != ':' || t->at[12] != ':' || t->at[15] != ' ') {
        return false;
    }
    bool is_month = false;
    for (size_t i = 0; i < sizeof months - 1; i += 3) {
        is_month |= memcmp(months + i, t->at, 3) == 0;
    }
    bool is_one_digit = t->at[4] == ' ';
    if (!is_month || !digits(*t, is_one_digit ? 5 : 4, is_one_digit ? 1 : 2, 1, 31, &n) ||
        !digits(*t, 7, 2, 0, 23, &n) || !digits(*t, 10, 2, 0, 59, &n) || !digits(*t, 13, 2, 0, 60, &n)) {
        return false;
    }
    skip(t, 16);
    return true;
}

/* "app:", "app[12]:": the name's length; 0 when the text does not start with a tag. *whole is the tag's. */
static size_t tag_chars(struct text t, size_t *whole) {
    size_t i = 0;
    while (i < t.left && t.at[i] != ' ' && t.at[i] != ':' && t.at[i] != '[') {
        i++;
    }
    size_t name = i;
    if (i < t.left && t.at[i] == '[') {
        const char *end = memchr(t.at + i, ']', t.left - i);
        i = end == NULL ? t.left : (size_t)(end - t.at) + 1;
    }
    if (name == 0 || i >= t.left || t.at[i] != ':') {
        return 0;
    }
    *whole = i + 1;
    return name;
}

static bool take_tag(struct text *t, struct log_record *out) {
    size_t whole, name = tag_chars(*t, &whole);
    if (name == 0 || (t->left > whole && t->at[whole] != ' ')) {
        return false;
    }
    take_app((struct text){t->at, name}, out);
    skip(t, whole);
    return true;
}

static void decode_3164(struct text t, struct log_record *out) {
    bool has_stamp = skip_stamp_3164(&t);
    if (!take_tag(&t, out) && has_stamp) {
        struct text after = t;
        word(&after); /* a host name */
        if (take_tag(&after, out)) {
            t = after;
        }
    }
    while (t.left > 0 && t.at[0] == ' ') {
        skip(&t, 1);
    }
    put_text((struct text){0}, t, out);
}

bool syslog_decode(const void *datagram, size_t bytes, int64_t now_ms, struct log_record *out) {
    struct text t = {datagram, bytes};
    while (t.left > 0 && (t.at[t.left - 1] == '\0' || strchr("\n\r ", t.at[t.left - 1]) != NULL)) {
        t.left--;
    }
    if (t.left == 0) {
        return false;
    }
    *out = (struct log_record){.event_ms = now_ms};
    take_priority(&t, out);
    if (!decode_5424(t, out)) {
        decode_3164(t, out);
    }
    return true;
}
