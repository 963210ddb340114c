/* Splitting a command line, as the configuration writes one, into argv.
 *
 * This is not a shell and must never become one: no variables, no globs, no pipes, no home directories. What a maker
 * writes under `command =` is run by execve with exactly these arguments, so what is in the file is what runs.
 * wordexp(3) was left because it expands. The loop thread runs this at start only. */
#include "argv.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"

enum { ARGV_MAX = 64, ARGV_LINE_BYTES = 4096 };

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/* One argument from *at on into `word`; false when a quote stays open. */
static bool take_word(const char **at, struct buf *word) {
    char quote = '\0';
    const char *p = *at;
    for (; *p != '\0' && (quote != '\0' || !is_blank(*p)); p++) {
        if (quote == '\0' && (*p == '"' || *p == '\'')) {
            quote = *p;
        } else if (quote != '\0' && *p == quote) {
            quote = '\0';
        } else if (*p == '\\' && quote != '\'' && p[1] != '\0') {
            buf_add(word, ++p, 1);
        } else {
            buf_add(word, p, 1);
        }
    }
    *at = p;
    return quote == '\0';
}

enum result argv_split(const char *line, char ***out, struct fault *fault) {
    enum result result = RESULT_BAD_INPUT;
    char **argv = mem_alloc((ARGV_MAX + 1) * sizeof *argv);
    size_t count = 0;
    struct buf word;
    buf_init(&word, ARGV_LINE_BYTES);

    for (const char *at = line;;) {
        at += strspn(at, " \t");
        if (*at == '\0') {
            break;
        }
        buf_reset(&word);
        if (!take_word(&at, &word)) {
            fault_set(fault, result, "a quote is left open");
            goto out;
        }
        if (word.overflow || count == ARGV_MAX) {
            fault_set(fault, result, "longer than %d arguments or %d bytes", ARGV_MAX, ARGV_LINE_BYTES);
            goto out;
        }
        argv[count++] = mem_strdup(buf_text(&word));
    }
    if (count == 0) {
        fault_set(fault, result, "empty, expected a program and its arguments");
        goto out;
    }
    *out = argv;
    argv = NULL;
    result = RESULT_OK;
out:
    argv_free(argv);
    buf_fini(&word);
    return result;
}

void argv_free(char **argv) {
    for (char **arg = argv; arg != NULL && *arg != NULL; arg++) {
        free(*arg);
    }
    free(argv);
}
