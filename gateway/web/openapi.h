/* openapi.yaml, as it was when this program was built. */
#pragma once
#include <stddef.h>

extern const char openapi_text[];
size_t openapi_text_bytes(void);
