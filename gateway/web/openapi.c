/* Carries openapi.yaml inside the program, so that the description served is the one of this build. The assembler
 * includes the file; its path is seen from the folder where make runs. Left: a generated C array (another tool and
 * 20,000 lines to compile) and reading it from an installed folder (can be another version's). */
#include "web/openapi.h"

__asm__(".section .rodata.openapi,\"a\"\n"
        ".global openapi_text\n"
        ".global openapi_text_end\n"
        "openapi_text:\n"
        ".incbin \"gateway/web/openapi.yaml\"\n"
        "openapi_text_end:\n"
        ".byte 0\n"
        ".previous\n");
extern const char openapi_text_end[];

size_t openapi_text_bytes(void) {
    return (size_t)(openapi_text_end - openapi_text);
}
