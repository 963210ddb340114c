/* replay: what would the rules have done? Data of the past, from recorded files, through the rule engine; alarms and
 * scores into files, the count of both on standard output, everything else on standard error. */
#include "command.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fieldline/number.h"
#include "replay.h"
#include "rules/folder.h"

#define USAGE                                                                                                          \
    "replay --pack DIR|--expr EXPR --csv FILE|DIR... [--device ID] [--interval 10s] [--lives DIR] [--scores "          \
    "FILE|DIR] "                                                                                                       \
    "[--alarms FILE]\n"                                                                                                \
    "       fieldline-gateway replay --pack DIR [--against DIR] --store FILE|--data-dir DIR [--model M] "              \
    "[--device ID] [--since 30d] [--alarms FILE]"
enum { FILES_MAX = 10000, NOTES_BYTES_MAX = 64 * 1024 };

struct replay_command {
    struct replay_options options;
    struct pack *pack;
    const char *scores, *alarms;
    char **files;
    size_t file_count;
};

static bool is_csv(const char *name) {
    const size_t chars = strlen(name);
    return chars > 4 && strcmp(name + chars - 4, ".csv") == 0;
}

static void add_file(struct replay_command *c, char *path) {
    c->files = mem_realloc(c->files, (c->file_count + 1) * sizeof *c->files);
    c->files[c->file_count++] = path;
}

static enum result add_source(struct replay_command *c, const char *path, struct fault *fault) {
    struct buf text;
    if (!path_is_folder(path)) {
        add_file(c, mem_strdup(path));
        return RESULT_OK;
    }
    buf_init(&text, NOTES_BYTES_MAX);
    struct problems problems = {.to = &text};
    char **names = folder_entries(path, &problems);
    const size_t before = c->file_count;
    for (char **name = names; name && *name; name++) {
        if (is_csv(*name) && c->file_count < FILES_MAX)
            add_file(c, path_join(path, *name));
        free(*name);
    }
    free(names);
    buf_fini(&text);
    return c->file_count > before ? RESULT_OK
                                  : fault_set(fault, RESULT_NOT_FOUND, "%s: there is no .csv file in it", path);
}

/* Where the scores of a file go: FILE itself, or with several files a file of its name in that folder. */
static FILE *open_scores(const struct replay_command *c, const char *file, struct fault *fault) {
    char *path = mem_strdup(c->scores);
    if (c->file_count > 1 || path_is_folder(c->scores)) {
        const char *slash = strrchr(file, '/');
        free(path);
        if (mkdir(c->scores, 0777) != 0 && errno != EEXIST) {
            (void)fault_set(fault, RESULT_IO, "%s: %s", c->scores, strerror(errno));
            return NULL;
        }
        path = path_join(c->scores, slash ? slash + 1 : file);
    }
    FILE *to = fopen(path, "we");
    if (!to)
        (void)fault_set(fault, RESULT_IO, "%s: %s", path, strerror(errno));
    free(path);
    return to;
}

static enum result close_file(FILE *file, const char *name, enum result result, struct fault *fault) {
    if (file && fclose(file) != 0 && result == RESULT_OK)
        return fault_set(fault, RESULT_IO, "%s: cannot be written: %s", name, strerror(errno));
    return result;
}

static enum result replay_one(struct replay_command *c, const char *file, struct backtest *backtest,
                              struct fault *fault) {
    struct buf notes;
    if (c->scores && !(c->options.scores = open_scores(c, file, fault)))
        return RESULT_IO;
    buf_init(&notes, NOTES_BYTES_MAX);
    enum result result = replay_file(file, &c->options, backtest, &notes, fault);
    if (file == c->files[0]) /* others of a folder are alike */
        fputs(buf_text(&notes), stderr);
    buf_fini(&notes);
    return close_file(c->options.scores, c->scores, result, fault);
}

static enum result replay_files(struct replay_command *c, struct fault *fault) {
    FILE *alarms = NULL;
    struct buf summary;
    if (c->alarms && !(alarms = fopen(c->alarms, "we")))
        return fault_set(fault, RESULT_IO, "%s: %s", c->alarms, strerror(errno));
    struct backtest *backtest = backtest_new(alarms);
    enum result result = RESULT_OK;
    for (size_t i = 0; i < c->file_count && result == RESULT_OK; i++)
        result = replay_one(c, c->files[i], backtest, fault);
    result = close_file(alarms, c->alarms, result, fault);
    buf_init(&summary, 4096);
    if (result == RESULT_OK && c->pack)
        backtest_summary(backtest, &summary);
    else if (result == RESULT_OK)
        buf_printf(&summary, "%lld samples of %lld file%s\n", (long long)backtest_read(backtest).samples,
                   (long long)backtest_read(backtest).devices, c->file_count == 1 ? "" : "s");
    fputs(buf_text(&summary), stdout);
    buf_fini(&summary);
    backtest_free(backtest);
    return result;
}

static enum result read_pack(struct replay_command *c, const char *dir, struct fault *fault) {
    struct buf problems;
    buf_init(&problems, NOTES_BYTES_MAX);
    const enum result result = pack_load(dir, &c->pack, &problems);
    fputs(buf_text(&problems), stderr);
    buf_fini(&problems);
    c->options.pack = c->pack;
    return result == RESULT_OK ? result : fault_set(fault, result, "%s: the pack is not sound", dir);
}

/* What both kinds of replay share was taken out of argv. */
static int replay_recorded(struct replay_command *c, const char *pack, int argc, char **argv) {
    struct fault fault;
    enum result result = RESULT_OK;
    const char *csv, *interval = command_option(&argc, argv, "--interval");
    c->options.expr = command_option(&argc, argv, "--expr");
    c->options.lives = command_option(&argc, argv, "--lives");
    c->scores = command_option(&argc, argv, "--scores");
    while (result == RESULT_OK && (csv = command_option(&argc, argv, "--csv")))
        result = add_source(c, csv, &fault);
    const bool is_wrong = result == RESULT_OK &&
                          (argc != 0 || !pack == !c->options.expr || (pack && c->options.lives) || c->file_count == 0);
    if (interval && !number_duration_ms(interval, strlen(interval), &c->options.interval_ms))
        result = fault_set(&fault, RESULT_BAD_INPUT, "--interval is '%s', expected a duration such as 10s", interval);
    if (result == RESULT_OK && !is_wrong && pack)
        result = read_pack(c, pack, &fault);
    if (result == RESULT_OK && !is_wrong)
        result = replay_files(c, &fault);
    for (size_t i = 0; i < c->file_count; i++)
        free(c->files[i]);
    free(c->files);
    pack_free(c->pack);
    return is_wrong ? command_usage(USAGE) : result == RESULT_OK ? 0 : command_failed(&fault);
}

int command_replay(int argc, char **argv) {
    struct replay_command c = {0};
    const struct command_store_replay stored = {.pack = command_option(&argc, argv, "--pack"),
                                                .against = command_option(&argc, argv, "--against"),
                                                .store = command_option(&argc, argv, "--store"),
                                                .data_dir = command_option(&argc, argv, "--data-dir"),
                                                .model = command_option(&argc, argv, "--model"),
                                                .since = command_option(&argc, argv, "--since"),
                                                .device = command_option(&argc, argv, "--device"),
                                                .alarms = command_option(&argc, argv, "--alarms")};
    const bool is_stored = stored.store || stored.data_dir;
    if (is_stored && (argc != 0 || !stored.pack || (stored.store && stored.data_dir)))
        return command_usage(USAGE);
    if (is_stored)
        return command_replay_store(&stored);
    if (stored.against || stored.model || stored.since)
        return command_usage(USAGE);
    c.options.device = stored.device;
    c.alarms = stored.alarms;
    return replay_recorded(&c, stored.pack, argc, argv);
}
