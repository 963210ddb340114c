/* A command line split into arguments without a shell: blanks separate, single or double quotes group, a backslash in
 * double quotes or outside takes the next character as it is. Nothing is expanded. */
#pragma once
#include "fieldline/result.h"

/* Refuses an empty line and an open quote. *out ends with NULL; free with argv_free. */
FL_CHECK enum result argv_split(const char *line, char ***out, struct fault *fault);
void argv_free(char **argv);
