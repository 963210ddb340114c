/* Configuration: an INI file (inih reads it), a table of rows (we check it).
 *
 * A row names section, key, type, bounds, default and the place in the caller's struct. Unknown sections and keys,
 * doubled keys, wrong types and values out of bounds are errors with file and line; several are collected in one run.
 * The caller parses into a new struct and swaps it in only when everything was right.
 * A section named "diagnostic disk" has the kind "diagnostic" and the name "disk"; such repeated sections go to
 * `on_named`. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/bytes.h"

enum config_type {
    CONFIG_STRING,   /* char *, owned by the struct, default may be NULL */
    CONFIG_INTEGER,  /* int64_t, min..max */
    CONFIG_BOOL,     /* bool: yes/no/true/false/on/off */
    CONFIG_DURATION, /* int64_t ms, min..max in ms */
    CONFIG_SIZE,     /* int64_t bytes, min..max */
    CONFIG_REAL      /* double, min..max */
};

/* min and max both 0: no bounds. For a string they count bytes. */
struct config_row {
    const char *section, *key;
    enum config_type type;
    size_t offset;       /* in the caller's struct */
    const char *initial; /* default as text, NULL: none (string) or required (`is_required`) */
    int64_t min, max;
    bool is_required;
    const char *help; /* one line: the reference in --help and the man page comes from here */
};

struct config_schema {
    const struct config_row *rows;
    size_t row_count;
    /* A key inside a repeated section ("kind name"); NULL when there are none. Writes a fault when it refuses. */
    enum result (*on_named)(void *into, const char *kind, const char *name, const char *key, const char *value,
                            struct fault *fault);
};

/* Fills `into` (zeroed by the caller; when it fails, strings are freed and NULL again). Each problem is one
 * "file:line: text" line in `problems`. */
FL_CHECK enum result config_read(const struct config_schema *schema, const char *path, void *into,
                                 struct buf *problems);
/* The same for a text in memory (tests, fuzz); `name` stands for the file. */
FL_CHECK enum result config_read_text(const struct config_schema *schema, const char *name, const char *text,
                                      void *into, struct buf *problems);
void config_free_strings(const struct config_schema *schema, void *from);
/* Prints the commented reference: every key with its type, bounds and default. */
void config_print_reference(const struct config_schema *schema, struct buf *out);
