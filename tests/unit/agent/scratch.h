/* A folder of its own for a test, gone afterwards. */
#pragma once
#include <stddef.h>
#include <stdint.h>

const char *scratch_make(void); /* its path; one at a time */
void scratch_remove(void);
/* "FOLDER/NAME"; valid until the fourth call after it. */
const char *scratch_path(const char *name);
void scratch_write(const char *name, const char *text); /* replaces */
void scratch_append(const char *name, const char *text);
