/* Looking before leaping: everything the configuration points to, asked for what `run` will want of it.
 *
 * Goes on after a problem, so that one run shows them all. What may come later (a followed file that does not exist
 * yet) is no problem. Rights are asked with faccessat(AT_EACCESS), so the answer is for the user who asks: run it as
 * the agent's own user. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certificate.h"

struct checking {
    const char *file;
    struct buf *problems;
    size_t count;
};

static FL_PRINTF(2, 3) void problem(struct checking *c, const char *format, ...) {
    char text[FAULT_TEXT_BYTES + 256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    buf_printf(c->problems, "%s: %s\n", c->file, text);
    c->count++;
}

static void want_folder(struct checking *c, const char *where, const char *path) {
    struct stat st;
    if (stat(path, &st) != 0) {
        problem(c, "%s: %s: %s", where, path, strerror(errno));
    } else if (!S_ISDIR(st.st_mode)) {
        problem(c, "%s: %s: not a folder", where, path);
    } else if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) != 0) {
        problem(c, "%s: %s: this user cannot write there", where, path);
    }
}

static void want_folder_of(struct checking *c, const char *where, const char *path) {
    if (path == NULL) {
        return;
    }
    const char *slash = strrchr(path, '/');
    char *folder = slash == NULL ? mem_strdup(".") : mem_strndup(path, slash == path ? 1 : (size_t)(slash - path));
    want_folder(c, where, folder);
    free(folder);
}

static void want_program(struct checking *c, const char *where, const char *path) {
    struct stat st;
    if (path == NULL) {
        return;
    }
    if (stat(path, &st) != 0) {
        problem(c, "%s: %s: %s", where, path, strerror(errno));
    } else if (!S_ISREG(st.st_mode) || faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) != 0) {
        problem(c, "%s: %s: this user cannot run it", where, path);
    }
}

static void check_identity(struct checking *c, struct agent_config *config) {
    struct fault fault;
    if (certificate_check(config->ca, &fault) != RESULT_OK) {
        problem(c, "[broker] ca: %s", fault.text);
    }
    if (certificate_check(config->cert, &fault) != RESULT_OK) {
        problem(c, "[broker] cert: %s", fault.text);
        return;
    }
    if (certificate_check_key(config->cert, config->key, &fault) != RESULT_OK) {
        problem(c, "[broker] key: %s", fault.text);
    }
    if (agent_config_identify(config, &fault) != RESULT_OK) {
        problem(c, "[broker] cert: %s", fault.text);
    }
}

static void check_session(struct checking *c, const struct agent_config *config) {
    struct fault fault;
    if (!config->session_enabled) {
        return;
    }
    want_program(c, "[session] program", config->session_program);
    if (certificate_check(config->session_gateway_ca, &fault) != RESULT_OK) {
        problem(c, "[session] gateway_ca: %s", fault.text);
    }
    if (config->consent == CONSENT_HOOK) {
        want_program(c, "[session] consent_hook", config->consent_hook);
    }
    if (config->consent == CONSENT_CODE) {
        want_program(c, "[session] code_show", config->consent_code_show);
    }
    if ((config->session_capabilities & CAPABILITY_BIT(CAPABILITY_SHELL)) != 0) {
        want_program(c, "[session] shell", config->session_shell[0]);
        if (config->session_shell_user != NULL && getpwnam(config->session_shell_user) == NULL) {
            problem(c, "[session] shell_user: no user '%s' here", config->session_shell_user);
        }
    }
    for (const struct agent_diagnostic *d = config->diagnostics; d != NULL; d = d->next) {
        char where[80];
        snprintf(where, sizeof where, "[diagnostic %s] command", d->name);
        want_program(c, where, d->argv[0]);
    }
    if (config->parameters.health != NULL) {
        want_program(c, "[configure] health", config->parameters.health[0]);
    }
    for (size_t i = 0; i < config->parameters.count; i++) {
        const struct param *p = &config->parameters.items[i];
        char where[80];
        snprintf(where, sizeof where, "[parameter %s]", p->name);
        want_program(c, where, p->read != NULL ? p->read[0] : NULL);
        want_program(c, where, p->write != NULL ? p->write[0] : NULL);
        want_folder_of(c, where, p->is_writable ? p->file : NULL);
    }
}

size_t check_config(struct agent_config *config, const char *file, struct buf *problems) {
    struct checking c = {.file = file, .problems = problems};
    check_identity(&c, config);
    want_folder(&c, "[agent] data_dir", config->data_dir);
    want_folder(&c, "[agent] run_dir", config->run_dir);
    want_folder_of(&c, "[statsd] socket", config->statsd_socket);
    want_folder_of(&c, "[syslog] socket", config->syslog_socket);
    for (const struct agent_tail *t = config->tails; t != NULL; t = t->next) {
        if (faccessat(AT_FDCWD, t->file, R_OK, AT_EACCESS) != 0 && errno != ENOENT) {
            problem(&c, "[tail %s] file: %s: this user cannot read it", t->name, t->file);
        }
    }
    for (char **mount = config->host_mounts; config->host_enabled && *mount != NULL; mount++) {
        if (access(*mount, F_OK) != 0) {
            problem(&c, "[host] mounts: %s: %s", *mount, strerror(errno));
        }
    }
    check_session(&c, config);
    return c.count;
}
