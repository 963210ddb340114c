/* Statements of owners: which lines each kind has is a table, and so is how a line is read and written. Pure.
 *
 * Text lines and not JSON, because what is signed must have one form only: JSON has many for the same meaning, and both
 * ends (a browser and C) would have to agree on one. That there is one form is not left to the readers of the single
 * lines: what was read is printed again and must be the same text. */
#include "fieldline/owner.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/number.h"
#include "fieldline/topic.h"

#define MAGIC "fieldline.owner.1 "
enum { VALUE_BYTES = 255, DAY_MINUTES = 24 * 60, MINUTE_MS = 60 * 1000, ZONE_MINUTES = 14 * 60 };
static const int64_t DAY_MS = (int64_t)DAY_MINUTES * MINUTE_MS;
static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/* ---- lines ---- */

static bool copy_text(char *to, size_t room, const char *value) {
    size_t chars = strlen(value);
    if (chars == 0 || chars >= room)
        return false;
    memcpy(to, value, chars + 1);
    return true;
}

bool owner_name_valid(const char *text) {
    size_t bytes = strlen(text);
    if (bytes == 0 || bytes > OWNER_NAME_BYTES || !utf8_valid(text, bytes) || text[0] == ' ' || text[bytes - 1] == ' ')
        return false;
    for (size_t i = 0; i < bytes; i++) {
        if ((uint8_t)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    }
    return true;
}

static bool read_device(struct owner_statement *s, const char *value) {
    return device_id_valid(value, strlen(value)) && copy_text(s->device, sizeof s->device, value);
}

static void print_device(const struct owner_statement *s, struct buf *out) {
    buf_str(out, s->device);
}

static bool read_session(struct owner_statement *s, const char *value) {
    return uuid_valid(value) && copy_text(s->session, sizeof s->session, value);
}

static void print_session(const struct owner_statement *s, struct buf *out) {
    buf_str(out, s->session);
}

static bool read_question(struct owner_statement *s, const char *value) {
    return hex_decode(value, strlen(value), s->question, sizeof s->question);
}

static void print_question(const struct owner_statement *s, struct buf *out) {
    char hex[SHA256_HEX_BYTES];
    hex_encode(s->question, sizeof s->question, hex);
    buf_str(out, hex);
}

static bool read_answer(struct owner_statement *s, const char *value) {
    s->is_allowed = strcmp(value, "allow") == 0;
    return s->is_allowed || strcmp(value, "refuse") == 0;
}

static void print_answer(const struct owner_statement *s, struct buf *out) {
    buf_str(out, s->is_allowed ? "allow" : "refuse");
}

static bool read_capabilities(struct owner_statement *s, const char *value) {
    return strcmp(value, "none") == 0 || capabilities_parse(value, &s->capabilities, NULL) == RESULT_OK;
}

static void print_capabilities(const struct owner_statement *s, struct buf *out) {
    if (s->capabilities == 0)
        buf_str(out, "none");
    else
        capabilities_print(s->capabilities, out);
}

static bool read_minutes(struct owner_statement *s, const char *value) {
    return number_i64(value, strlen(value), 0, CAP_SESSION_SECONDS / 60, &s->minutes);
}

static void print_minutes(const struct owner_statement *s, struct buf *out) {
    buf_printf(out, "%lld", (long long)s->minutes);
}

static bool read_nonce(struct owner_statement *s, const char *value) {
    return strlen(value) == OWNER_NONCE_CHARS && copy_text(s->nonce, sizeof s->nonce, value);
}

static void print_nonce(const struct owner_statement *s, struct buf *out) {
    buf_str(out, s->nonce);
}

static bool read_window(struct owner_statement *s, const char *value) {
    return uuid_valid(value) && copy_text(s->window, sizeof s->window, value);
}

static void print_window(const struct owner_statement *s, struct buf *out) {
    buf_str(out, s->window);
}

static bool read_engineer(struct owner_statement *s, const char *value) {
    return owner_name_valid(value) && copy_text(s->engineer, sizeof s->engineer, value);
}

static void print_engineer(const struct owner_statement *s, struct buf *out) {
    buf_str(out, s->engineer);
}

static bool read_days(struct owner_statement *s, const char *value) {
    for (const char *at = value; *at;) {
        size_t chars = strcspn(at, ","), day = 0;
        while (day < 7 && !(chars == 3 && memcmp(at, days[day], 3) == 0))
            day++;
        if (day == 7)
            return false;
        s->days |= 1u << day;
        at += chars + (at[chars] == ',');
    }
    return s->days != 0;
}

static void print_days(const struct owner_statement *s, struct buf *out) {
    const char *comma = "";
    for (size_t day = 0; day < 7; day++) {
        if (!(s->days & 1u << day))
            continue;
        buf_printf(out, "%s%s", comma, days[day]);
        comma = ",";
    }
}

static bool read_clock(const char *text, int *out) {
    int64_t hour, minute;
    if (text[2] != ':' || !number_i64(text, 2, 0, 23, &hour) || !number_i64(text + 3, 2, 0, 59, &minute))
        return false;
    *out = (int)(hour * 60 + minute);
    return true;
}

static bool read_hours(struct owner_statement *s, const char *value) {
    return strlen(value) == 11 && value[5] == '-' && read_clock(value, &s->from_minute) &&
           read_clock(value + 6, &s->to_minute);
}

static void print_hours(const struct owner_statement *s, struct buf *out) {
    buf_printf(out, "%02d:%02d-%02d:%02d", s->from_minute / 60, s->from_minute % 60, s->to_minute / 60,
               s->to_minute % 60);
}

static bool read_zone(struct owner_statement *s, const char *value) {
    int64_t minutes;
    if (!((value[0] == '+' || value[0] == '-') && number_i64(value + 1, strlen(value + 1), 0, ZONE_MINUTES, &minutes)))
        return false;
    s->zone_minutes = (int)(value[0] == '-' ? -minutes : minutes);
    return true;
}

static void print_zone(const struct owner_statement *s, struct buf *out) {
    buf_printf(out, "%+d", s->zone_minutes);
}

static bool read_begins(struct owner_statement *s, const char *value) {
    return number_i64(value, strlen(value), 0, INT64_MAX / 4, &s->begins_ms);
}

static void print_begins(const struct owner_statement *s, struct buf *out) {
    buf_printf(out, "%lld", (long long)s->begins_ms);
}

static bool read_ends(struct owner_statement *s, const char *value) {
    return number_i64(value, strlen(value), 0, INT64_MAX / 4, &s->ends_ms);
}

static void print_ends(const struct owner_statement *s, struct buf *out) {
    buf_printf(out, "%lld", (long long)s->ends_ms);
}

static bool read_challenge(struct owner_statement *s, const char *value) {
    return copy_text(s->challenge, sizeof s->challenge, value);
}

static void print_challenge(const struct owner_statement *s, struct buf *out) {
    buf_str(out, s->challenge);
}

static bool read_point(struct owner_statement *s, const char *value) {
    return owner_point_parse(value, s->point);
}

static void print_point(const struct owner_statement *s, struct buf *out) {
    base64url_encode(s->point, sizeof s->point, out);
}

static bool read_name(struct owner_statement *s, const char *value) {
    return owner_name_valid(value) && copy_text(s->name, sizeof s->name, value);
}

static void print_name(const struct owner_statement *s, struct buf *out) {
    buf_str(out, s->name);
}

struct line {
    const char *name;
    bool (*read)(struct owner_statement *s, const char *value);
    void (*print)(const struct owner_statement *s, struct buf *out);
};
static const struct line device_line = {"device", read_device, print_device},
                         session_line = {"session", read_session, print_session},
                         question_line = {"question", read_question, print_question},
                         answer_line = {"answer", read_answer, print_answer},
                         capabilities_line = {"capabilities", read_capabilities, print_capabilities},
                         minutes_line = {"minutes", read_minutes, print_minutes},
                         nonce_line = {"nonce", read_nonce, print_nonce},
                         window_line = {"window", read_window, print_window},
                         engineer_line = {"engineer", read_engineer, print_engineer},
                         days_line = {"days", read_days, print_days}, hours_line = {"hours", read_hours, print_hours},
                         zone_line = {"zone", read_zone, print_zone},
                         begins_line = {"begins", read_begins, print_begins},
                         ends_line = {"ends", read_ends, print_ends},
                         challenge_line = {"challenge", read_challenge, print_challenge},
                         point_line = {"point", read_point, print_point}, name_line = {"name", read_name, print_name};

enum { LINES_MAX = 12 };
static const struct {
    const char *name;
    const struct line *lines[LINES_MAX]; /* ends with NULL */
} kinds[OWNER_KIND_COUNT] = {
    [OWNER_CONSENT] = {"consent",
                       {&device_line, &session_line, &question_line, &answer_line, &capabilities_line, &minutes_line}},
    [OWNER_WINDOW] = {"window",
                      {&device_line, &nonce_line, &window_line, &capabilities_line, &engineer_line, &days_line,
                       &hours_line, &zone_line, &begins_line, &ends_line, &minutes_line}},
    [OWNER_WINDOW_END] = {"window_end", {&device_line, &nonce_line, &window_line}},
    [OWNER_STOP] = {"stop", {&device_line, &session_line}},
    [OWNER_LOGIN] = {"login", {&device_line, &challenge_line}},
    [OWNER_ENROL] = {"enrol", {&device_line, &point_line, &name_line}},
};

/* ---- statements ---- */

/* "NAME VALUE\n" at *at; moves on. */
static bool take_line(const char **at, const char *end, const char *name, char value[VALUE_BYTES + 1]) {
    const char *stop = memchr(*at, '\n', (size_t)(end - *at));
    size_t name_chars = strlen(name), chars = stop ? (size_t)(stop - *at) : 0;
    if (chars <= name_chars + 1 || memcmp(*at, name, name_chars) != 0 || (*at)[name_chars] != ' ' ||
        chars - name_chars - 1 > VALUE_BYTES || memchr(*at, '\0', chars))
        return false;
    memcpy(value, *at + name_chars + 1, chars - name_chars - 1);
    value[chars - name_chars - 1] = '\0';
    *at = stop + 1;
    return true;
}

static enum result check_sense(const struct owner_statement *s, struct fault *fault) {
    const bool is_yes = s->kind == OWNER_WINDOW || s->is_allowed;
    if (is_yes && (s->capabilities == 0 || s->minutes == 0))
        return fault_set(fault, RESULT_BAD_INPUT, "a yes to nothing, or for no time");
    if (s->kind == OWNER_CONSENT && !is_yes && (s->capabilities != 0 || s->minutes != 0))
        return fault_set(fault, RESULT_BAD_INPUT, "a no that allows something");
    if (s->kind == OWNER_WINDOW && s->ends_ms <= s->begins_ms)
        return fault_set(fault, RESULT_BAD_INPUT, "the window ends before it begins");
    return RESULT_OK;
}

static bool prints_as(const struct owner_statement *s, const char *text, size_t chars) {
    struct buf again;
    buf_init(&again, OWNER_STATEMENT_BYTES);
    owner_statement_print(s, &again);
    const bool is_same = !again.overflow && again.count == chars && memcmp(again.data, text, chars) == 0;
    buf_fini(&again);
    return is_same;
}

enum result owner_statement_parse(const char *text, size_t chars, struct owner_statement *out, struct fault *fault) {
    struct owner_statement s = {.kind = OWNER_KIND_COUNT};
    char value[VALUE_BYTES + 1];
    const char *at = text, *end = text + chars;
    if (chars > OWNER_STATEMENT_BYTES)
        return fault_set(fault, RESULT_TOO_BIG, "a statement has at most %d bytes", OWNER_STATEMENT_BYTES);
    if (!take_line(&at, end, "fieldline.owner.1", value))
        return fault_set(fault, RESULT_BAD_INPUT, "the first line is not '" MAGIC "KIND'");
    for (size_t i = 0; i < OWNER_KIND_COUNT; i++) {
        if (strcmp(value, kinds[i].name) == 0)
            s.kind = (enum owner_kind)i;
    }
    if (s.kind == OWNER_KIND_COUNT)
        return fault_set(fault, RESULT_BAD_INPUT, "a statement of an unknown kind");
    for (const struct line *const *line = kinds[s.kind].lines; *line; line++) {
        if (!take_line(&at, end, (*line)->name, value))
            return fault_set(fault, RESULT_BAD_INPUT, "the line '%s' is missing or in the wrong place", (*line)->name);
        if (!(*line)->read(&s, value))
            return fault_set(fault, RESULT_BAD_INPUT, "the line '%s' has a value that is none", (*line)->name);
    }
    if (at != end || !prints_as(&s, text, chars))
        return fault_set(fault, RESULT_BAD_INPUT, "the statement is not in its one form");
    enum result result = check_sense(&s, fault);
    if (result == RESULT_OK)
        *out = s;
    return result;
}

void owner_statement_print(const struct owner_statement *s, struct buf *out) {
    buf_printf(out, MAGIC "%s\n", kinds[s->kind].name);
    for (const struct line *const *line = kinds[s->kind].lines; *line; line++) {
        buf_printf(out, "%s ", (*line)->name);
        (*line)->print(s, out);
        buf_add_u8(out, '\n');
    }
}

/* ---- signatures ---- */

static bool decode_exactly(const char *text, uint8_t *out, size_t count) {
    struct buf bytes;
    buf_init(&bytes, count + 1);
    const bool is_good = base64url_decode(text, strlen(text), &bytes) && !bytes.overflow && bytes.count == count;
    if (is_good)
        memcpy(out, bytes.data, count);
    buf_fini(&bytes);
    return is_good;
}

bool owner_point_parse(const char *text, uint8_t out[POINT_BYTES]) {
    return strlen(text) == OWNER_POINT_CHARS && decode_exactly(text, out, POINT_BYTES);
}

void owner_key_id(const uint8_t point[POINT_BYTES], char out[SHA256_HEX_BYTES]) {
    uint8_t hash[SHA256_BYTES];
    sha256(point, POINT_BYTES, hash);
    hex_encode(hash, sizeof hash, out);
}

enum result owner_check(const char *text, const char *signature, const uint8_t point[POINT_BYTES],
                        struct fault *fault) {
    uint8_t parts[POINT_SIGNATURE_BYTES];
    struct key *key = NULL;
    if (strlen(signature) != OWNER_SIGNATURE_CHARS || !decode_exactly(signature, parts, sizeof parts))
        return fault_set(fault, RESULT_BAD_INPUT, "the signature is not %d bytes in base64url", POINT_SIGNATURE_BYTES);
    enum result result = key_from_point(point, &key, fault);
    if (result == RESULT_OK && !key_verify_point(key, text, strlen(text), parts))
        result = fault_set(fault, RESULT_DENIED, "the statement is not signed by this key");
    key_free(key);
    return result;
}

/* ---- windows ---- */

/* Days are the owner's: a window from 22:00 to 06:00 on Monday ends on Tuesday morning. */
int64_t owner_window_left_ms(const struct owner_statement *w, int64_t now_ms) {
    if (now_ms < w->begins_ms || now_ms >= w->ends_ms)
        return 0;
    const int64_t local_ms = now_ms + (int64_t)w->zone_minutes * MINUTE_MS;
    const int length = (w->to_minute - w->from_minute + DAY_MINUTES - 1) % DAY_MINUTES + 1; /* same time: a whole day */
    for (int64_t back = 0; back <= 1; back++) {
        const int64_t day = local_ms / DAY_MS - back, weekday = (day + 3) % 7; /* 1970-01-01 was a Thursday */
        const int64_t opens_ms = day * DAY_MS + (int64_t)w->from_minute * MINUTE_MS;
        const int64_t closes_ms = opens_ms + (int64_t)length * MINUTE_MS;
        if (weekday >= 0 && w->days & 1u << weekday && local_ms >= opens_ms && local_ms < closes_ms) {
            const int64_t left_ms = closes_ms - local_ms;
            return left_ms < w->ends_ms - now_ms ? left_ms : w->ends_ms - now_ms;
        }
    }
    return 0;
}
