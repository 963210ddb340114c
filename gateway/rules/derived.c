/* Life and death of what is derived; computing it is device_derived.c's. */
#include "rules/derived.h"

#include <stdlib.h>

void derived_free(struct derived *derived) {
    if (!derived)
        return;
    for (int i = 0; i < derived->input_count; i++)
        expression_free(derived->inputs[i]);
    free(derived->key);
    free(derived->text);
    free(derived);
}
