/* The lines that somebody typed, from the keys that they pressed. Best effort: what a shell's history, completion or an
 * editor made of the keys is not known here; the terminal's output in the transcript has it. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/result.h"

enum { TYPED_BYTES = 500 };
struct typed {
    char line[TYPED_BYTES + 1];
    size_t count;
    bool has_recall, is_cut; /* an arrow key was used; longer than fits */
    int escape;              /* inside an escape sequence; private */
};
/* One key press more (a byte of UTF-8 text). True: a line is complete and stands in `line`, not empty; the next call
 * begins a new one. */
bool typed_add(struct typed *typed, uint8_t byte);
