/* Columns become metrics of a plan, rows become samples of one moment. A row is read, evaluated, written and forgotten:
 * memory does not grow with the file. What a row is told (its score) is what was known with it, never later: the only
 * look ahead is at the times of the first rows, in place of a pack's `interval`. */
#include "replay.h"

#include <libgen.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fieldline/number.h"
#include "ingest/recording.h"
#include "rules/detect/life_library.h"
#include "rules/probe.h"
#include "rules/rule.h"

enum { RAISED_MAX = 1024 };

struct place {
    int metric, part;
};
struct replay {
    const struct replay_options *options;
    struct recording *recording;
    struct recording_column *columns;
    size_t count;
    struct probe *probe;
    const struct pack *pack;
    struct rule_device *device;
    struct place *places;
    struct sample *samples;
    bool has_newest;
    int64_t newest_ms;
    int parts[RULE_PARTS_MAX + 1]; /* of an expression's columns: [0] is that without a part */
    size_t part_count;
    struct vector value;
    struct rule_raised raised[RAISED_MAX];
};

/* ---- what is read ---- */

static enum result load_lives(const char *folder, struct life_library **out, struct fault *fault) {
    struct buf text;
    buf_init(&text, 64 * 1024);
    struct problems problems = {.to = &text};
    enum result result = life_library_load(folder, out, &problems);
    if (result != RESULT_OK)
        result = fault_set(fault, result, "%.*s", (int)strcspn(buf_text(&text), "\n"), buf_text(&text));
    buf_fini(&text);
    return result;
}

static enum result make_probe(struct replay *r, struct fault *fault) {
    struct life_library *lives = NULL;
    if (r->options->lives) {
        const enum result result = load_lives(r->options->lives, &lives, fault);
        if (result != RESULT_OK)
            return result;
    }
    const char **names = mem_alloc((r->count + 1) * sizeof *names);
    int64_t interval_ms = r->options->interval_ms;
    struct expression_error error;
    for (size_t i = 0; i < r->count; i++) {
        names[i] = r->columns[i].metric;
        r->columns[i].is_wanted = probe_names(r->options->expr, names[i]);
    }
    if (interval_ms == 0)
        interval_ms = recording_interval_ms(r->recording);
    r->probe = probe_new(r->options->expr, names, r->count, interval_ms, lives, &error);
    free(names);
    if (!r->probe)
        return fault_set(fault, RESULT_BAD_INPUT, "--expr:%zu: %s", error.at + 1, error.text);
    r->pack = probe_pack(r->probe);
    return RESULT_OK;
}

static void note_columns(const struct replay *r, struct buf *notes) {
    const char *name = csv_name(recording_csv(r->recording));
    for (size_t i = 0; i < r->count; i++) {
        const struct recording_column *c = &r->columns[i];
        if (c->is_renamed && c->is_wanted)
            buf_printf(notes, "%s:1:%zu: '%s' is read as %s\n", name, c->column, c->title, c->metric);
        else if (!c->is_wanted && r->options->pack)
            buf_printf(notes, "%s:1:%zu: '%s' is no metric of %s and is left out\n", name, c->column, c->title,
                       r->options->pack->model);
    }
}

static enum result choose_columns(struct replay *r, struct buf *notes, struct fault *fault) {
    size_t wanted = 0;
    r->columns = recording_columns(r->recording, &r->count);
    r->pack = r->options->pack;
    for (size_t i = 0; r->pack && i < r->count; i++)
        r->columns[i].is_wanted = pack_metric_find(r->pack, r->columns[i].metric) >= 0;
    const enum result result = r->pack ? RESULT_OK : make_probe(r, fault);
    if (result != RESULT_OK)
        return result;
    note_columns(r, notes);
    for (size_t i = 0; i < r->count; i++)
        wanted += r->columns[i].is_wanted;
    if (wanted == 0 && r->options->pack)
        return csv_fault(recording_csv(r->recording), 1, 1, fault, "no column is a metric of %s",
                         r->options->pack->model);
    return RESULT_OK;
}

static void name_device(const char *path, const struct replay_options *options, char *out, size_t room) {
    char *copy = mem_strdup(path);
    const char *base = options->device ? options->device : basename(copy);
    size_t chars = strlen(base);
    if (!options->device && chars > 4 && strcmp(base + chars - 4, ".csv") == 0)
        chars -= 4;
    if (chars >= room)
        chars = utf8_cut(base, room - 1);
    memcpy(out, base, chars);
    out[chars] = '\0';
    free(copy);
}

static enum result place_columns(struct replay *r, struct fault *fault) {
    r->places = mem_alloc((r->count + 1) * sizeof *r->places);
    r->samples = mem_alloc((r->count + 1) * sizeof *r->samples);
    for (size_t i = 0; i < r->count; i++) {
        const struct recording_column *c = &r->columns[i];
        if (!c->is_wanted)
            continue;
        r->places[i].metric = r->probe ? probe_metric(r->probe, c->metric) : pack_metric_find(r->pack, c->metric);
        r->places[i].part = rule_device_part(r->device, c->part);
        if (r->places[i].part < 0)
            return csv_fault(recording_csv(r->recording), 1, c->column, fault, "a device has at most %d parts",
                             RULE_PARTS_MAX);
        size_t known = 0;
        while (known < r->part_count && r->parts[known] != r->places[i].part)
            known++;
        if (known == r->part_count && c->part[0])
            r->parts[r->part_count++] = r->places[i].part;
    }
    return RESULT_OK;
}

/* ---- scores ---- */

static void write_header(struct replay *r, const struct csv_row *header) {
    FILE *to = r->options->scores;
    const char separator = csv_separator(recording_csv(r->recording));
    char name[CAP_METRIC_BYTES + 1] = "";
    fwrite(header->text, 1, header->chars, to);
    if (!r->probe) {
        for (size_t i = 0; i < r->pack->rule_count; i++)
            fprintf(to, "%c%s", separator, r->pack->rules[i]->alert);
    } else {
        probe_function(r->options->expr, name, sizeof name);
        fprintf(to, "%c%s", separator, name[0] ? name : "score");
        for (size_t i = 0; i < r->part_count; i++)
            fprintf(to, "%c%s[%s]", separator, name[0] ? name : "score", rule_device_part_name(r->device, r->parts[i]));
    }
    putc_unlocked('\n', to);
}

static void write_element(const struct replay *r, const struct element *e) {
    char text[32];
    if (e && e->state == ELEMENT_PRESENT)
        fwrite_unlocked(text, 1, number_print(e->value, text), r->options->scores);
}

static void write_values(struct replay *r, bool is_late, int64_t at_ms, char separator) {
    FILE *to = r->options->scores;
    r->value.count = 0;
    if (!is_late)
        probe_value(r->probe, r->device, at_ms, &r->value);
    putc_unlocked(separator, to);
    write_element(r, vector_find(&r->value, 0));
    for (size_t i = 0; i < r->part_count; i++) {
        putc_unlocked(separator, to);
        write_element(r, vector_find(&r->value, (uint16_t)r->parts[i]));
    }
}

static void write_raised(struct replay *r, char separator) {
    const size_t all = rule_device_raised(r->device, r->raised, RAISED_MAX);
    for (size_t i = 0; i < r->pack->rule_count; i++) {
        size_t parts = 0;
        for (size_t k = 0; k < all && k < RAISED_MAX; k++)
            parts += r->raised[k].rule == r->pack->rules[i];
        fprintf(r->options->scores, "%c%zu", separator, parts);
    }
}

/* ---- rows ---- */

static void take_row(struct replay *r, const struct recording_row *row, struct backtest *backtest) {
    const bool is_late = r->has_newest && row->at_ms < r->newest_ms;
    size_t count = 0;
    for (size_t i = 0; i < r->count; i++)
        if (r->columns[i].is_wanted && !isnan(row->values[i]))
            r->samples[count++] = (struct sample){.metric = r->places[i].metric,
                                                  .part = r->places[i].part,
                                                  .event_ms = row->at_ms,
                                                  .value = row->values[i]};
    backtest_samples(backtest, r->samples, count);
    if (!is_late)
        r->newest_ms = row->at_ms;
    r->has_newest = true;
    if (!r->options->scores)
        return;
    const char separator = csv_separator(recording_csv(r->recording));
    fwrite_unlocked(row->raw.text, 1, row->raw.chars, r->options->scores);
    if (r->probe)
        write_values(r, is_late, row->at_ms, separator);
    else
        write_raised(r, separator);
    putc_unlocked('\n', r->options->scores);
}

static enum result take_rows(struct replay *r, struct backtest *backtest, struct fault *fault) {
    struct recording_row row;
    enum result result;
    while ((result = recording_next(r->recording, &row, fault)) == RESULT_OK)
        take_row(r, &row, backtest);
    if (result != RESULT_CLOSED)
        return result;
    if (r->options->scores && ferror(r->options->scores))
        return fault_set(fault, RESULT_IO, "the scores cannot be written");
    return RESULT_OK;
}

static void header_kept(void *self, const struct csv_row *row) {
    struct buf *text = self;
    buf_add(text, row->text, row->chars);
}

enum result replay_file(const char *path, const struct replay_options *options, struct backtest *backtest,
                        struct buf *notes, struct fault *fault) {
    struct replay *r = mem_alloc(sizeof *r);
    char device[CAP_DEVICE_ID_BYTES + 1];
    struct csv *csv = NULL;
    struct buf header;
    r->options = options;
    buf_init(&header, CSV_LINE_BYTES_MAX);
    enum result result = csv_open(path, &csv, fault);
    if (result != RESULT_OK)
        goto out;
    csv_peek(csv, 1, header_kept, &header);
    result = recording_new(csv, &r->recording, fault);
    if (result == RESULT_OK)
        result = choose_columns(r, notes, fault);
    if (result != RESULT_OK)
        goto out;
    name_device(path, options, device, sizeof device);
    r->device = backtest_device(backtest, r->pack, device);
    result = place_columns(r, fault);
    if (result == RESULT_OK && options->scores)
        write_header(r, &(struct csv_row){.text = buf_text(&header), .chars = header.count});
    if (result == RESULT_OK)
        result = take_rows(r, backtest, fault);
    backtest_end(backtest);
out:
    recording_free(r->recording);
    probe_free(r->probe);
    free(r->places);
    free(r->samples);
    buf_fini(&header);
    free(r);
    return result;
}
