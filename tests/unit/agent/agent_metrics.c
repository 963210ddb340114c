/* The metrics file, checked by the rules of Prometheus' text format. */
#include "agent_metrics.h"

#include <criterion/criterion.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scratch.h"

enum { ROOM = 64 * 1024, LINES = 1000 };

static struct status_report sample(void) {
    struct status_report r = {
        .device = "freezer-7", .boot = "b\"\\\n", .wall_ms = 1000000, .mono_ms = 90000, .start_mono_ms = 30000};
    r.lanes[SPOOL_BULK] = (struct spool_stats){.next_seq = 11, .acked_seq = 7, .bytes = 4096, .sync_count = 3};
    r.lanes[SPOOL_URGENT].next_seq = 1;
    r.oldest_ms[SPOOL_BULK] = 1500;
    r.lost[LOSS_BUDGET] = 12;
    r.uplink.state = UPLINK_UP;
    static const int64_t took_ms[] = {0, 10, 11, 499, 500, 501, 30000, 30001, 1000000};
    for (size_t i = 0; i < sizeof took_ms / sizeof took_ms[0]; i++) {
        ack_times_add(&r.uplink.ack_times, took_ms[i]);
    }
    return r;
}

/* The value of a sample line; -1 when there is none. */
static double value_of(const char *text, const char *name) {
    for (const char *at = text; (at = strstr(at, name)) != NULL; at++) {
        if ((at == text || at[-1] == '\n') && at[strlen(name)] == ' ') {
            return atof(at + strlen(name) + 1);
        }
    }
    return -1;
}

Test(metrics, says_what_was_counted) {
    struct status_report r = sample();
    struct buf out;
    buf_init(&out, ROOM);
    agent_metrics_encode(&r, &out);
    cr_assert_not(out.overflow);
    static const struct {
        const char *name;
        double value;
    } rows[] = {{"fieldline_agent_uptime_seconds", 60},
                {"fieldline_agent_connected", 1},
                {"fieldline_agent_spool_waiting_records{lane=\"bulk\"}", 3},
                {"fieldline_agent_spool_waiting_records{lane=\"urgent\"}", 0},
                {"fieldline_agent_spool_oldest_seconds{lane=\"bulk\"}", 1.5},
                {"fieldline_agent_spool_acked_records_total{lane=\"bulk\"}", 7},
                {"fieldline_agent_lost_records_total{reason=\"budget\"}", 12},
                {"fieldline_agent_lost_records_total{reason=\"statsd_flood\"}", 0},
                {"fieldline_agent_ack_seconds_bucket{le=\"0.01\"}", 2},
                {"fieldline_agent_ack_seconds_bucket{le=\"0.025\"}", 3},
                {"fieldline_agent_ack_seconds_bucket{le=\"0.5\"}", 5},
                {"fieldline_agent_ack_seconds_bucket{le=\"30\"}", 7},
                {"fieldline_agent_ack_seconds_bucket{le=\"+Inf\"}", 9},
                {"fieldline_agent_ack_seconds_count", 9}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(value_of(buf_text(&out), rows[i].name), rows[i].value, "%s: %g", rows[i].name,
                     value_of(buf_text(&out), rows[i].name));
    }
    cr_expect_not_null(strstr(buf_text(&out), "boot=\"b\\\"\\\\\\n\"} 1\n"), "labels are escaped");
    buf_fini(&out);
}

/* ---- the format ---- */

struct family {
    char name[96], type[16];
    bool has_help, has_samples, is_over;
};
struct checker {
    struct family families[200];
    size_t count, current;
    char seen[LINES][160];
    size_t seen_count;
    const char *problem;
};

static struct family *family_of(struct checker *c, const char *name) {
    for (size_t i = 0; i < c->count; i++) {
        if (strcmp(c->families[i].name, name) == 0) {
            return &c->families[i];
        }
    }
    if (c->count == sizeof c->families / sizeof c->families[0]) {
        return &c->families[0];
    }
    snprintf(c->families[c->count].name, sizeof c->families[0].name, "%s", name);
    return &c->families[c->count++];
}

static bool is_name(const char *name) {
    for (const char *at = name; *at != '\0'; at++) {
        if (!isalpha((unsigned char)*at) && *at != '_' && (at == name || !isdigit((unsigned char)*at))) {
            return false;
        }
    }
    return name[0] != '\0';
}

static bool ends_with(const char *text, const char *end) {
    size_t chars = strlen(text), count = strlen(end);
    return chars >= count && strcmp(text + chars - count, end) == 0;
}

/* promtool's rules that one line can break. */
static void check_line(struct checker *c, char *line) {
    char name[160], type[16];
    if (sscanf(line, "# HELP %95s", name) == 1) {
        struct family *f = family_of(c, name);
        c->problem = f->has_help                       ? "HELP twice"
                     : !is_name(name)                  ? "a bad name"
                     : strlen(line) < strlen(name) + 9 ? "no help"
                                                       : c->problem;
        f->has_help = true;
        c->current = (size_t)(f - c->families);
        return;
    }
    if (sscanf(line, "# TYPE %95s %15s", name, type) == 2) {
        struct family *f = family_of(c, name);
        bool is_known = strcmp(type, "counter") == 0 || strcmp(type, "gauge") == 0 || strcmp(type, "histogram") == 0;
        c->problem = f->type[0] != '\0' ? "TYPE twice"
                     : !is_known        ? "an unknown type"
                     : !f->has_help     ? "TYPE without HELP"
                                        : c->problem;
        if (strcmp(type, "counter") == 0 && !ends_with(name, "_total")) {
            c->problem = "a counter without _total";
        } else if (strcmp(type, "counter") != 0 && ends_with(name, "_total")) {
            c->problem = "_total on what is no counter";
        }
        snprintf(f->type, sizeof f->type, "%s", type);
        return;
    }
    size_t chars = strcspn(line, "{ ");
    snprintf(name, sizeof name, "%.*s", (int)chars, line);
    static const char *const suffixes[] = {"_bucket", "_sum", "_count"};
    struct family *now = &c->families[c->current];
    for (size_t i = 0; i < 3 && strcmp(now->type, "histogram") == 0; i++) {
        if (ends_with(name, suffixes[i])) {
            name[strlen(name) - strlen(suffixes[i])] = '\0';
            break;
        }
    }
    if (strcmp(name, now->name) != 0 || now->type[0] == '\0') {
        c->problem = "a sample outside of its family";
    }
    now->has_samples = true;
    char *blank = strrchr(line, ' '), *end;
    if (blank == NULL || (strtod(blank + 1, &end), *end != '\0' || end == blank + 1)) {
        c->problem = "no value";
        return;
    }
    *blank = '\0';
    for (size_t i = 0; i < c->seen_count; i++) {
        c->problem = strcmp(c->seen[i], line) == 0 ? "the same sample twice" : c->problem;
    }
    snprintf(c->seen[c->seen_count++ % LINES], sizeof c->seen[0], "%.159s", line);
}

/* NULL: fine. */
static const char *check(const char *text) {
    static struct checker c;
    static char line[1024];
    memset(&c, 0, sizeof c);
    double bucket = -1;
    if (text[0] == '\0' || !ends_with(text, "\n")) {
        return "does not end with a line feed";
    }
    for (const char *at = text; *at != '\0' && c.problem == NULL;) {
        const char *end = strchr(at, '\n');
        snprintf(line, sizeof line, "%.*s", (int)(end - at), at);
        double value;
        bool is_bucket = strstr(line, "_bucket{") != NULL && sscanf(strrchr(line, ' '), "%lf", &value) == 1;
        c.problem = is_bucket && value < bucket ? "buckets are not cumulative" : c.problem;
        bucket = is_bucket ? value : -1;
        check_line(&c, line);
        at = end + 1;
    }
    for (size_t i = 0; i < c.count && c.problem == NULL; i++) {
        c.problem = c.families[i].has_samples ? NULL : "a family without samples";
    }
    return c.problem;
}

Test(metrics, the_checker_finds_what_is_wrong) {
    static const char *const rows[][2] = {
        {"", "does not end with a line feed"},
        {"# HELP a_total b\n# TYPE a_total counter\na_total 1", "does not end with a line feed"},
        {"# HELP a b\n# TYPE a counter\na 1\n", "a counter without _total"},
        {"# HELP a_total b\n# TYPE a_total gauge\na_total 1\n", "_total on what is no counter"},
        {"# TYPE a gauge\na 1\n", "TYPE without HELP"},
        {"# HELP a b\n# HELP a b\n# TYPE a gauge\na 1\n", "HELP twice"},
        {"# HELP a b\n# TYPE a gauge\na 1\na 1\n", "the same sample twice"},
        {"# HELP a b\n# TYPE a gauge\nb 1\n", "a sample outside of its family"},
        {"# HELP a b\n# TYPE a gauge\na x\n", "no value"},
        {"# HELP a b\n# TYPE a gauge\n", "a family without samples"},
        {"# HELP a b\n# TYPE a histogram\na_bucket{le=\"1\"} 5\na_bucket{le=\"2\"} 4\n", "buckets are not cumulative"},
        {"# HELP a b\n# TYPE a gauge\na{l=\"1\"} 1\na{l=\"2\"} 1\n", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const char *problem = check(rows[i][0]);
        cr_expect_str_eq(problem == NULL ? "fine" : problem, rows[i][1] == NULL ? "fine" : rows[i][1], "%s",
                         rows[i][0]);
    }
}

Test(metrics, is_the_format_of_prometheus) {
    struct status_report r = sample();
    struct buf out;
    buf_init(&out, ROOM);
    agent_metrics_encode(&r, &out);
    const char *problem = check(buf_text(&out));
    cr_expect_null(problem, "%s", problem == NULL ? "" : problem);
    buf_fini(&out);
}

Test(metrics, is_replaced_and_read_back) {
    struct status_report r = sample();
    struct fault fault;
    struct buf out;
    scratch_make();
    buf_init(&out, ROOM);
    cr_expect_eq(agent_metrics_read(scratch_path(""), &out, &fault), RESULT_NOT_FOUND);
    cr_expect_not_null(strstr(fault.text, "metrics.prom"), "%s", fault.text);
    cr_assert_eq(agent_metrics_write(scratch_path(""), &r, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(agent_metrics_write(scratch_path(""), &r, &fault), RESULT_OK, "%s", fault.text);
    cr_assert_eq(agent_metrics_read(scratch_path(""), &out, &fault), RESULT_OK);
    cr_expect_null(check(buf_text(&out)));
    cr_expect_eq(agent_metrics_write("/nonexistent", &r, &fault), RESULT_IO);
    buf_fini(&out);
    scratch_remove();
}
