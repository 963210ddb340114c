/* One character at a time: what utf8_valid, the JSON writer and the frame check share. Private to include/src. */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Length in bytes (1 to 4) of the well-formed character at the start; 0 when there is none. U+0000 counts as one. */
size_t utf8_char(const uint8_t *bytes, size_t left);
