/* The header says what is where; a row is then numbers at known places. Nothing is guessed silently: what was renamed
 * is marked, what cannot be read is refused with its line and column. Looking at the first rows' times is the only look
 * ahead, and stands for what a product pack says of its metrics: how often they come. */
#include "ingest/recording.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fieldline/number.h"
#include "ingest/adapters/foreign_time.h"

enum { PEEK_ROWS = 64 };

struct recording {
    struct csv *csv;
    struct recording_column *columns;
    size_t count;   /* of columns; one less than cells */
    size_t time_at; /* index of the cell with the time */
    double *values;
};

/* ---- header ---- */

static bool is_name_char(char c, bool is_first) {
    return (c >= 'a' && c <= 'z') || c == '_' || (!is_first && c >= '0' && c <= '9');
}

/* "Volume Flow-RateRMS" -> volume_flow_raterms; "2nd" -> _2nd. false: nothing is left, or it is too long. */
static bool make_metric(const char *text, size_t chars, struct recording_column *out) {
    size_t n = 0;
    bool has_letter = false;
    for (size_t i = 0; i < chars; i++) {
        char c = text[i];
        if (c >= 'A' && c <= 'Z')
            c = (char)(c - 'A' + 'a');
        if (!is_name_char(c, false))
            c = '_';
        if (n == 0 && c >= '0' && c <= '9')
            out->metric[n++] = '_';
        if (n >= CAP_METRIC_BYTES)
            return false;
        out->is_renamed |= c != text[i];
        has_letter |= c != '_';
        out->metric[n++] = c;
    }
    out->metric[n] = '\0';
    out->is_renamed |= n != chars;
    return has_letter;
}

static bool is_part_char(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("._:-", c));
}

/* What is in the braces: rear, part=rear, part="rear". */
static bool read_part(const char *text, size_t chars, char out[CAP_PART_BYTES + 1]) {
    if (chars >= 5 && strncmp(text, "part=", 5) == 0) {
        text += 5;
        chars -= 5;
    }
    if (chars >= 2 && text[0] == '"' && text[chars - 1] == '"') {
        text++;
        chars -= 2;
    }
    if (chars == 0 || chars > CAP_PART_BYTES)
        return false;
    for (size_t i = 0; i < chars; i++)
        if (!is_part_char(text[i]))
            return false;
    memcpy(out, text, chars);
    return true;
}

static struct csv_cell trimmed(struct csv_cell cell) {
    while (cell.chars > 0 && (cell.text[0] == ' ' || cell.text[0] == '\t')) {
        cell.text++;
        cell.chars--;
    }
    while (cell.chars > 0 && (cell.text[cell.chars - 1] == ' ' || cell.text[cell.chars - 1] == '\t'))
        cell.chars--;
    return cell;
}

static enum result read_column(const struct csv *csv, const struct csv_cell *raw, struct recording_column *out,
                               struct fault *fault) {
    const struct csv_cell cell = trimmed(*raw);
    size_t name = 0;
    while (name < cell.chars && cell.text[name] != '{' && cell.text[name] != '[')
        name++;
    const size_t shown = cell.chars < sizeof out->title ? cell.chars : utf8_cut(cell.text, sizeof out->title - 1);
    memcpy(out->title, cell.text, shown);
    out->column = raw->column;
    out->is_wanted = true;
    if (name < cell.chars) {
        const char close = cell.text[name] == '{' ? '}' : ']';
        if (cell.text[cell.chars - 1] != close || !read_part(cell.text + name + 1, cell.chars - name - 2, out->part))
            return csv_fault(csv, 1, raw->column, fault,
                             "'%s': expected a part such as {rear} behind the metric, of [A-Za-z0-9._:-]", out->title);
    }
    if (!make_metric(cell.text, name, out))
        return csv_fault(csv, 1, raw->column, fault, "'%s' cannot be made a metric name: at most %d of [a-z0-9_]",
                         out->title, CAP_METRIC_BYTES);
    return RESULT_OK;
}

static bool is_time_title(const struct csv_cell *raw) {
    static const char *const titles[] = {"timestamp", "datetime", "time", "date", "ts", "time_ms"};
    const struct csv_cell cell = trimmed(*raw);
    for (size_t i = 0; i < sizeof titles / sizeof *titles; i++)
        if (cell.chars == strlen(titles[i]) && strncasecmp(cell.text, titles[i], cell.chars) == 0)
            return true;
    return false;
}

static enum result refuse_doubles(const struct recording *r, struct fault *fault) {
    for (size_t i = 0; i < r->count; i++)
        for (size_t k = 0; k < i; k++)
            if (strcmp(r->columns[i].metric, r->columns[k].metric) == 0 &&
                strcmp(r->columns[i].part, r->columns[k].part) == 0)
                return csv_fault(r->csv, 1, r->columns[i].column, fault, "'%s' and '%s' are both the series %s",
                                 r->columns[k].title, r->columns[i].title, r->columns[i].metric);
    return RESULT_OK;
}

static enum result read_header(struct recording *r, struct fault *fault) {
    struct csv_row row;
    enum result result = csv_next(r->csv, &row, fault);
    if (result == RESULT_CLOSED)
        return fault_set(fault, RESULT_BAD_INPUT, "%s: is empty, expected a line 'timestamp,metric,...'",
                         csv_name(r->csv));
    if (result != RESULT_OK)
        return result;
    if (row.count < 2)
        return csv_fault(r->csv, row.line, 1, fault, "expected a header such as 'timestamp,metric'");
    while (r->time_at < row.count && !is_time_title(&row.cells[r->time_at]))
        r->time_at++;
    if (r->time_at == row.count)
        return csv_fault(r->csv, row.line, 1, fault,
                         "no column is named timestamp, datetime, time, date or ts: when was this measured?");
    r->columns = mem_alloc(row.count * sizeof *r->columns);
    r->values = mem_alloc(row.count * sizeof *r->values);
    for (size_t i = 0; i < row.count; i++) {
        if (i == r->time_at)
            continue;
        result = read_column(r->csv, &row.cells[i], &r->columns[r->count], fault);
        if (result != RESULT_OK)
            return result;
        r->count++;
    }
    return refuse_doubles(r, fault);
}

enum result recording_new(struct csv *csv, struct recording **out, struct fault *fault) {
    struct recording *r = mem_alloc(sizeof *r);
    r->csv = csv;
    const enum result result = read_header(r, fault);
    if (result != RESULT_OK) {
        recording_free(r);
        return result;
    }
    *out = r;
    return RESULT_OK;
}

void recording_free(struct recording *r) {
    if (!r)
        return;
    csv_free(r->csv);
    free(r->columns);
    free(r->values);
    free(r);
}

struct recording_column *recording_columns(struct recording *r, size_t *count) {
    *count = r->count;
    return r->columns;
}

const struct csv *recording_csv(const struct recording *r) {
    return r->csv;
}

/* ---- rows ---- */

static enum result read_time(const char *text, size_t chars, int64_t *out_ms, struct fault *fault) {
    double number;
    if (chars > 4 && text[4] == '-')
        return foreign_time_iso(text, chars, 0, out_ms, fault);
    if (number_double(text, chars, &number))
        return foreign_time_number(number, out_ms, fault);
    return fault_set(fault, RESULT_BAD_INPUT, "'%.*s' is no time such as 2026-11-22T04:20:01Z or 1795321201",
                     chars > 40 ? 40 : (int)chars, text);
}

static bool is_nothing(const char *text, size_t chars) {
    static const char *const words[] = {"nan", "null", "na"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (chars == strlen(words[i]) && strncasecmp(text, words[i], chars) == 0)
            return true;
    return chars == 0;
}

static bool read_value(const struct csv_cell *raw, double *out) {
    if (raw->chars > 0 && number_double(raw->text, raw->chars, out))
        return true;
    const struct csv_cell cell = trimmed(*raw);
    if (is_nothing(cell.text, cell.chars)) {
        *out = NAN;
        return true;
    }
    return number_double(cell.text, cell.chars, out);
}

enum result recording_next(struct recording *r, struct recording_row *row, struct fault *fault) {
    struct fault why;
    const enum result result = csv_next(r->csv, &row->raw, fault);
    if (result != RESULT_OK)
        return result;
    if (row->raw.count != r->count + 1)
        return csv_fault(r->csv, row->raw.line, 1, fault, "has %zu cells, the header has %zu", row->raw.count,
                         r->count + 1);
    const struct csv_cell *cells = row->raw.cells, time = trimmed(cells[r->time_at]);
    if (read_time(time.text, time.chars, &row->at_ms, &why) != RESULT_OK)
        return csv_fault(r->csv, row->raw.line, cells[r->time_at].column, fault, "%s", why.text);
    for (size_t i = 0; i < r->count; i++) {
        const struct csv_cell *cell = &cells[i + (i >= r->time_at)];
        if (!r->columns[i].is_wanted)
            r->values[i] = NAN;
        else if (!read_value(cell, &r->values[i]))
            return csv_fault(r->csv, row->raw.line, cell->column, fault, "'%.*s' in the column '%s' is no number",
                             cell->chars > 40 ? 40 : (int)cell->chars, cell->text, r->columns[i].title);
    }
    row->values = r->values;
    return RESULT_OK;
}

/* ---- the first rows' times ---- */

struct peek {
    size_t time_at;
    bool has_last;
    int64_t last_ms, steps[PEEK_ROWS];
    size_t count;
};

static void peek_row(void *self, const struct csv_row *row) {
    struct peek *p = self;
    int64_t at_ms;
    if (row->count <= p->time_at)
        return;
    const struct csv_cell cell = trimmed(row->cells[p->time_at]);
    if (read_time(cell.text, cell.chars, &at_ms, NULL) != RESULT_OK)
        return;
    if (p->has_last && at_ms > p->last_ms)
        p->steps[p->count++] = at_ms - p->last_ms;
    p->has_last = true;
    p->last_ms = at_ms;
}

static int shorter_first(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t recording_interval_ms(struct recording *r) {
    struct peek p = {.time_at = r->time_at};
    csv_peek(r->csv, PEEK_ROWS, peek_row, &p);
    qsort(p.steps, p.count, sizeof *p.steps, shorter_first);
    return p.count > 0 ? p.steps[p.count / 2] : 0;
}
