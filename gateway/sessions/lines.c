/* Makes searchable lines of a transcript: one reading, three sources (screen.h for what was shown, typed.h for keys,
 * deeds.h for control frames), one way out.
 *
 * A program that redraws itself shows the same line again and again; a line that was given within the last minute is
 * not given once more. Limits, because a flood must not fill the store: number, bytes, and the screen's work. Left: the
 * terminal's output as it was sent, which has colour codes in the middle of words and knows nothing of what was
 * overwritten. */
#include "sessions/lines.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/json.h"
#include "sessions/deeds.h"
#include "sessions/redact.h"
#include "sessions/screen.h"
#include "sessions/transcript_reader.h"
#include "sessions/typed.h"

enum { TYPISTS = 8, RECENT = 1024, RECENT_MS = 60 * 1000, DEFAULT_COLUMNS = 80, DEFAULT_ROWS = 24 };

static const char *const kind_names[] = {
    [LINE_SCREEN] = "screen",       [LINE_TYPED] = "typed", [LINE_DIAGNOSTIC] = "diagnostic",
    [LINE_PARAMETER] = "parameter", [LINE_FILE] = "file",   [LINE_PORT] = "port",
    [LINE_CHAT] = "chat",           [LINE_LOG] = "log"};
_Static_assert(sizeof kind_names / sizeof *kind_names == LINE_KIND_COUNT, "every kind has its name");

const char *line_kind_name(enum line_kind kind) {
    return kind_names[kind];
}

bool line_kind_parse(const char *text, enum line_kind *out) {
    for (size_t i = 0; i < LINE_KIND_COUNT; i++) {
        if (strcmp(text, kind_names[i]) == 0) {
            *out = (enum line_kind)i;
            return true;
        }
    }
    return false;
}

struct typist {
    char name[TRANSCRIPT_NAME_BYTES + 1];
    struct typed typed;
};
struct maker {
    line_fn *fn;
    void *self;
    const struct mask *mask;
    struct redact_lines redacted[LINE_KIND_COUNT];
    struct lines_figures *figures;
    int64_t bytes;
    bool is_enough;
    struct screen *screen;
    bool is_screen_done;
    struct deeds *deeds;
    char device[CAP_DEVICE_ID_BYTES + 1];
    struct typist typists[TYPISTS];
    struct {
        uint64_t hash;
        int64_t t_ms;
    } recent[RECENT];
    struct buf text, carry; /* scratch; the beginning of a diagnostic's line whose end has not come, */
    uint64_t carry_n;       /* and where it came */
    int64_t carry_ms;
};

/* ---- the way out ------------------------------------------------------------------------------------------------- */

static bool is_repeated(struct maker *m, const struct line *line) {
    uint64_t hash = ((uint64_t)hash_text(HASH_START, line->text) << 32 | hash_text(HASH_START ^ 0x5a5a, line->text)) ^
                    (uint64_t)line->kind;
    size_t place = (size_t)(hash % RECENT);
    bool is = m->recent[place].hash == hash && line->t_ms - m->recent[place].t_ms < RECENT_MS;
    if (!is) {
        m->recent[place].hash = hash;
        m->recent[place].t_ms = line->t_ms;
    }
    return is;
}

static void give(struct maker *m, struct line line) {
    line.text += strspn(line.text, " \t");
    if (m->is_enough || line.text[0] == '\0') {
        return;
    }
    buf_reset(&m->text);
    redact_line(m->mask, &m->redacted[line.kind], line.text, &m->text);
    if (m->text.count > LINE_TEXT_BYTES) {
        m->text.count = utf8_cut(m->text.data, LINE_TEXT_BYTES);
        m->text.data[m->text.count] = '\0';
    }
    line.text = buf_text(&m->text);
    if (line.kind != LINE_CHAT && is_repeated(m, &line)) {
        return;
    }
    if (m->figures->lines >= LINES_MAX || m->bytes + (int64_t)m->text.count > LINES_BYTES_MAX) {
        m->figures->is_cut = m->is_enough = true;
        return;
    }
    m->figures->lines++;
    m->bytes += (int64_t)m->text.count;
    m->is_enough = !m->fn(m->self, &line);
}

/* ---- sources ----------------------------------------------------------------------------------------------------- */

static void on_screen_line(void *self, const struct screen_when *when, const char *text) {
    struct maker *m = self;
    give(m, (struct line){.n = when->n, .t_ms = when->t_ms, .kind = LINE_SCREEN, .by = m->device, .text = text});
}

/* Whole lines of a diagnostic's output; what is left over waits for the next piece, or for the end. */
static void add_output(struct maker *m, const struct deed *deed, bool is_last) {
    const char *at = deed->text;
    struct line line = {.n = deed->n, .t_ms = deed->t_ms, .kind = LINE_DIAGNOSTIC, .by = deed->by};
    for (const char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
        buf_add(&m->carry, at, (size_t)(end - at));
        line.text = buf_text(&m->carry);
        give(m, line);
        buf_reset(&m->carry);
    }
    buf_str(&m->carry, at);
    m->carry_n = deed->n;
    m->carry_ms = deed->t_ms;
    if (is_last || m->carry.overflow || m->carry.count > LINE_TEXT_BYTES) {
        line.text = buf_text(&m->carry);
        give(m, line);
        m->carry.overflow = false;
        buf_reset(&m->carry);
    }
}

static const struct {
    enum deed_kind deed;
    enum line_kind line;
} kinds[] = {{DEED_DIAGNOSTIC, LINE_DIAGNOSTIC},
             {DEED_CHANGE, LINE_PARAMETER},
             {DEED_REVERT, LINE_PARAMETER},
             {DEED_FILE, LINE_FILE},
             {DEED_PORT, LINE_PORT},
             {DEED_SCREEN, LINE_PORT},
             {DEED_CHAT, LINE_CHAT},
             {DEED_LOG, LINE_LOG}};

static void on_deed(void *self, const struct deed *deed) {
    struct maker *m = self;
    struct buf text;
    if (deed->kind == DEED_OUTPUT) {
        add_output(m, deed, false);
        return;
    }
    if (deed->kind == DEED_DIAGNOSTIC && m->carry.count > 0) {
        struct deed rest = *deed;
        rest.n = m->carry_n;
        rest.t_ms = m->carry_ms;
        rest.text = "";
        rest.by = m->device;
        add_output(m, &rest, true);
    }
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (kinds[i].deed != deed->kind) {
            continue;
        }
        const char *const parts[] = {deed->kind == DEED_CHANGE ? "" : deed->name, deed->text, deed->before, deed->after,
                                     deed->outcome};
        buf_init(&text, 8 * (size_t)CAP_FRAME_BYTES);
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
            buf_str(&text, text.count > 0 && parts[p][0] != '\0' ? " " : "");
            redact_json(m->mask, parts[p], &text);
        }
        give(m, (struct line){.n = deed->n,
                              .t_ms = deed->t_ms,
                              .kind = kinds[i].line,
                              .by = deed->by[0] != '\0' ? deed->by : m->device,
                              .text = buf_text(&text)});
        buf_fini(&text);
    }
}

static struct typist *find_typist(struct maker *m, const char *name) {
    struct typist *typist = &m->typists[0];
    for (size_t i = 0; i < TYPISTS; i++) {
        typist = &m->typists[i];
        if (typist->name[0] == '\0' || strcmp(typist->name, name) == 0) {
            break;
        }
    }
    if (strcmp(typist->name, name) != 0) { /* a new one, or one too many: then the last place is taken over */
        memset(typist, 0, sizeof *typist);
        text_copy(typist->name, sizeof typist->name, name);
    }
    return typist;
}

static void on_typed(struct maker *m, const struct transcript_entry *e) {
    struct typist *typist = find_typist(m, e->line.by);
    for (size_t i = 0; i < e->count; i++) {
        if (typed_add(&typist->typed, e->bytes[i])) {
            give(m, (struct line){.n = e->line.n,
                                  .t_ms = e->line.t_ms,
                                  .kind = LINE_TYPED,
                                  .by = e->line.by,
                                  .text = typist->typed.line});
        }
    }
}

static void on_size(struct maker *m, const struct transcript_entry *e) {
    struct json *whole = NULL;
    int64_t columns = DEFAULT_COLUMNS, rows = DEFAULT_ROWS;
    if (json_parse((const char *)e->bytes, e->count, &whole, NULL) == RESULT_OK && json_is_object(whole)) {
        const struct json *params = json_get(whole, "params");
        if (params == NULL || json_integer(params, "cols", 1, 1000, &columns, NULL) != RESULT_OK ||
            json_integer(params, "rows", 1, 1000, &rows, NULL) != RESULT_OK) {
            columns = DEFAULT_COLUMNS;
            rows = DEFAULT_ROWS;
        }
    }
    json_free(whole);
    struct screen_when when = {e->line.n, e->line.t_ms};
    if (m->screen == NULL) {
        m->screen = screen_new((int)columns, (int)rows, 0, on_screen_line, m);
    } else if (!m->is_screen_done) {
        m->is_screen_done = !screen_resize(m->screen, (int)columns, (int)rows, when);
    }
}

static void on_entry(struct maker *m, const struct transcript_entry *e) {
    if (e->cast_kind == 'h' || e->cast_kind == 'r') {
        on_size(m, e);
    }
    if (e->line.channel == CHANNEL_CONTROL) {
        deeds_frame(m->deeds, e);
    } else if (e->line.channel == CHANNEL_TERMINAL && e->line.dir == TRANSCRIPT_DOWN) {
        on_typed(m, e);
    } else if (e->line.channel == CHANNEL_TERMINAL && m->screen != NULL && !m->is_screen_done) {
        struct screen_when when = {e->line.n, e->line.t_ms};
        m->is_screen_done = !screen_write(m->screen, e->bytes, e->count, when);
    }
}

/* ---- the reading ------------------------------------------------------------------------------------------------- */

static void finish(struct maker *m, int64_t t_ms) {
    m->figures->is_cut = m->figures->is_cut || m->is_screen_done;
    if (m->screen != NULL) {
        screen_finish(m->screen);
    }
    deeds_finish(m->deeds, t_ms);
}

static void maker_free(struct maker *m) {
    screen_free(m->screen);
    deeds_free(m->deeds);
    buf_fini(&m->text);
    buf_fini(&m->carry);
    free(m);
}

enum result lines_read(const struct vault *vault, const struct mask *mask, const char *base, line_fn *fn, void *self,
                       struct lines_figures *figures, struct fault *fault) {
    struct transcript_reader *reader = NULL;
    struct transcript_entry entry;
    enum result result = transcript_reader_open(vault, base, &reader, fault);
    *figures = (struct lines_figures){0};
    if (result != RESULT_OK) {
        return result;
    }
    struct maker *m = mem_alloc(sizeof *m);
    m->fn = fn;
    m->self = self;
    m->mask = mask;
    m->figures = figures;
    text_copy(m->device, sizeof m->device, transcript_reader_head(reader)->device);
    m->deeds = deeds_new(on_deed, m);
    buf_init(&m->text, 16 * (size_t)CAP_FRAME_BYTES);
    buf_init(&m->carry, 2 * (size_t)CAP_FRAME_BYTES);
    while (!m->is_enough && (result = transcript_reader_next(reader, &entry, fault)) == RESULT_OK) {
        on_entry(m, &entry);
    }
    finish(m, transcript_reader_sums(reader)->last_t_ms);
    maker_free(m);
    transcript_reader_close(reader);
    return result == RESULT_NOT_FOUND ? RESULT_OK : result;
}
