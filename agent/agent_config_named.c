/* The sections that may stand several times: [tail NAME] and [diagnostic NAME]; [files NAME] (files_root.c) and
 * [forward NAME] (agent_config_forward.c) and [parameter NAME] (param_config.c) have files of their own.
 *
 * inih hands over one key at a time, so an entry is found by its name or made at its first key, and whether it is whole
 * is asked at the end. A name becomes part of file names and of the birth message, hence its narrow alphabet. Values
 * are checked where they are taken, so that config.c can add file and line. A diagnostic's command must be an absolute
 * path: PATH of a service is nobody's choice. */
#include "agent_config_named.h"

#include <stdlib.h>
#include <string.h>

#include "agent_config_forward.h"
#include "argv.h"
#include "diagnostic_args.h"
#include "fieldline/message.h"
#include "fieldline/number.h"

enum { DEFAULT_TIME_LIMIT_MS = 30 * 1000, TIME_LIMIT_MIN_MS = 1000, TIME_LIMIT_MAX_MS = 3600 * 1000 };

bool agent_config_is_label(const char *text, size_t max_bytes) {
    size_t bytes = strlen(text);
    for (size_t i = 0; i < bytes; i++) {
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    return bytes <= max_bytes;
}

static struct agent_tail *tail_named(struct agent_config *c, const char *name) {
    struct agent_tail **at = &c->tails;
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        *at = mem_alloc(sizeof **at);
        **at = (struct agent_tail){.name = mem_strdup(name), .severity = 6};
    }
    return *at;
}

static struct agent_diagnostic *diagnostic_named(struct agent_config *c, const char *name) {
    struct agent_diagnostic **at = &c->diagnostics;
    while (*at != NULL && strcmp((*at)->name, name) != 0) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        *at = mem_alloc(sizeof **at);
        **at = (struct agent_diagnostic){.name = mem_strdup(name), .time_limit_ms = DEFAULT_TIME_LIMIT_MS};
    }
    return *at;
}

static void replace(char **slot, const char *value) {
    free(*slot);
    *slot = mem_strdup(value);
}

static enum result tail_key(struct agent_config *c, const char *name, const char *key, const char *value,
                            struct fault *fault) {
    struct agent_tail *t = tail_named(c, name);
    if (strcmp(key, "file") == 0) {
        replace(&t->file, value);
    } else if (strcmp(key, "app") == 0) {
        if (!agent_config_is_label(value, CAP_LOG_APP_BYTES)) {
            return fault_set(fault, RESULT_BAD_INPUT, "longer than %d bytes, or with control characters",
                             CAP_LOG_APP_BYTES);
        }
        replace(&t->app, value);
    } else if (strcmp(key, "severity") == 0) {
        int64_t n;
        if (!number_i64(value, strlen(value), 0, 7, &n)) {
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' is not a severity, expected 0 to 7", value);
        }
        t->severity = (int)n;
    } else {
        return fault_set(fault, RESULT_BAD_INPUT, "unknown key '%s', expected file, app or severity", key);
    }
    return RESULT_OK;
}

static enum result diagnostic_key(struct agent_config *c, const char *name, const char *key, const char *value,
                                  struct fault *fault) {
    struct agent_diagnostic *d = diagnostic_named(c, name);
    if (strcmp(key, "command") == 0) {
        char **argv;
        if (argv_split(value, &argv, fault) != RESULT_OK) {
            return RESULT_BAD_INPUT;
        }
        if (argv[0][0] != '/') {
            fault_set(fault, RESULT_BAD_INPUT, "it starts with '%s', expected an absolute path", argv[0]);
            argv_free(argv);
            return RESULT_BAD_INPUT;
        }
        argv_free(d->argv);
        d->argv = argv;
    } else if (strcmp(key, "title") == 0) {
        replace(&d->title, value);
    } else if (strcmp(key, "time_limit") == 0) {
        int64_t ms;
        if (!number_duration_ms(value, strlen(value), &ms) || ms < TIME_LIMIT_MIN_MS || ms > TIME_LIMIT_MAX_MS) {
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' is not a time from 1s to 1h", value);
        }
        d->time_limit_ms = ms;
    } else if (strcmp(key, "args") == 0) {
        struct diagnostic_args args;
        enum result result = diagnostic_args_parse(value, &args, fault);
        diagnostic_args_fini(&args);
        if (result != RESULT_OK) {
            return result;
        }
        replace(&d->args, value);
    } else if (strcmp(key, "bundle") == 0) {
        d->in_bundle = strcmp(value, "yes") == 0;
        if (!d->in_bundle && strcmp(value, "no") != 0) {
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' is neither yes nor no", value);
        }
    } else {
        return fault_set(fault, RESULT_BAD_INPUT,
                         "unknown key '%s', expected command, title, time_limit, args or bundle", key);
    }
    return RESULT_OK;
}

static enum result files_key(struct agent_config *c, const char *name, const char *key, const char *value,
                             struct fault *fault) {
    return files_root_key(&c->files_roots, name, key, value, fault);
}

static enum result parameter_key(struct agent_config *c, const char *name, const char *key, const char *value,
                                 struct fault *fault) {
    return param_section_key(&c->parameter_sections, name, key, value, fault);
}

/* A name goes into file names, metric parts and the birth message. */
static bool name_is_plain(const char *name) {
    size_t chars = strlen(name);
    return chars > 0 && chars <= CAP_CODE_BYTES && name[0] != '-' && name[0] != '_' &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") == chars;
}

enum result agent_config_named(void *into, const char *kind, const char *name, const char *key, const char *value,
                               struct fault *fault) {
    static const struct {
        const char *kind;
        enum result (*take)(struct agent_config *c, const char *name, const char *key, const char *value,
                            struct fault *fault);
    } kinds[] = {{"tail", tail_key},
                 {"diagnostic", diagnostic_key},
                 {"files", files_key},
                 {"forward", agent_config_forward_key},
                 {"parameter", parameter_key}};

    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kind, kinds[i].kind) != 0) {
            continue;
        }
        if (!name_is_plain(name)) {
            return fault_set(fault, RESULT_BAD_INPUT,
                             "'%s' is not a name: 1 to %d letters, digits, '-' or '_', a letter or digit first", name,
                             CAP_CODE_BYTES);
        }
        return kinds[i].take(into, name, key, value, fault);
    }
    return fault_set(
        fault, RESULT_BAD_INPUT,
        "unknown section [%s %s], expected [tail NAME], [diagnostic NAME], [files NAME], [forward NAME] or "
        "[parameter NAME]",
        kind, name);
}

/* Do command, arguments and bundle fit together. */
static bool diagnostic_is_whole(const struct agent_diagnostic *d, const char *file, struct buf *problems) {
    struct diagnostic_args args;
    struct fault fault;
    if (d->argv == NULL) {
        buf_printf(problems, "%s: [diagnostic %s] command: missing\n", file, d->name);
        return false;
    }
    bool is_whole = diagnostic_args_parse(d->args != NULL ? d->args : "", &args, &fault) == RESULT_OK;
    if (is_whole && diagnostic_args_check(&args, d->argv, &fault) != RESULT_OK) {
        buf_printf(problems, "%s: [diagnostic %s] command: %s\n", file, d->name, fault.text);
        is_whole = false;
    }
    if (is_whole && d->in_bundle && !diagnostic_args_are_optional(&args)) {
        buf_printf(problems, "%s: [diagnostic %s] bundle: an argument has no default, and nobody is there to give it\n",
                   file, d->name);
        is_whole = false;
    }
    diagnostic_args_fini(&args);
    return is_whole;
}

bool agent_config_complete_named(struct agent_config *c, const char *file, struct buf *problems) {
    bool is_fine = true;
    size_t diagnostic_count = 0;
    for (struct agent_tail *t = c->tails; t != NULL; t = t->next) {
        if (t->file == NULL) {
            buf_printf(problems, "%s: [tail %s] file: missing\n", file, t->name);
            is_fine = false;
        }
        if (t->app == NULL) {
            t->app = mem_strdup(t->name);
        }
    }
    for (struct agent_diagnostic *d = c->diagnostics; d != NULL; d = d->next) {
        is_fine = diagnostic_is_whole(d, file, problems) && is_fine;
        if (d->title == NULL) {
            d->title = mem_strdup(d->name);
        }
        diagnostic_count++;
    }
    if (diagnostic_count > BIRTH_DIAGNOSTICS) {
        buf_printf(problems, "%s: %zu [diagnostic] sections, expected at most %d\n", file, diagnostic_count,
                   BIRTH_DIAGNOSTICS);
        is_fine = false;
    }
    is_fine &= files_roots_complete(c->files_roots, file, problems);
    is_fine &= agent_config_complete_forward(c, file, problems);
    is_fine &=
        param_sections_complete(c->parameter_sections, c->text.health, c->data_dir, file, &c->parameters, problems);
    return is_fine;
}

void agent_config_fini_named(struct agent_config *c) {
    agent_config_fini_forward(c);
    param_sections_free(c->parameter_sections);
    c->parameter_sections = NULL;
    param_set_fini(&c->parameters);
    while (c->tails != NULL) {
        struct agent_tail *t = c->tails;
        c->tails = t->next;
        free(t->name);
        free(t->file);
        free(t->app);
        free(t);
    }
    while (c->diagnostics != NULL) {
        struct agent_diagnostic *d = c->diagnostics;
        c->diagnostics = d->next;
        free(d->name);
        free(d->title);
        argv_free(d->argv);
        free(d->args);
        free(d);
    }
    files_roots_free(c->files_roots);
    c->files_roots = NULL;
}
