/* Any bytes as the cells of a line of contracts, cut at commas. What is accepted names a device or a site, a customer
 * in UTF-8, a last moment that is the end of a day, and only capabilities that there are; what is refused says why. */
#include <stdlib.h>
#include <string.h>

#include "sessions/contract.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

enum { CELLS_MAX = 8, DAY_MS = 24 * 3600 * 1000 };

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count) {
    struct contract_cell cells[CELLS_MAX] = {0};
    size_t cell_count = 0;
    const char *at = (const char *)bytes, *end = at + count;
    while (cell_count < CELLS_MAX && at < end) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        cells[cell_count++] = (struct contract_cell){at, (size_t)((comma ? comma : end) - at)};
        at = comma ? comma + 1 : end;
    }
    struct contract contract;
    struct fault fault = {""};
    if (contract_of_cells(cells, cell_count, &contract, &fault) != RESULT_OK) {
        if (fault.text[0] == '\0') {
            abort();
        }
        return 0;
    }
    if (cell_count != CONTRACT_CELLS || contract.target[0] == '\0' ||
        strspn(contract.target, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(contract.target) ||
        !utf8_valid(contract.customer, strlen(contract.customer)) || (contract.until_ms + 1) % DAY_MS != 0 ||
        contract.capabilities >= CAPABILITY_BIT(CAPABILITY_COUNT)) {
        abort();
    }
    return 0;
}
