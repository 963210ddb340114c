/* Any bytes as a Cookie header. A value that is found is one of cookie bytes, stood behind its name, and is there once.
 */
#include <stdlib.h>
#include <string.h>

#include "fieldline/bytes.h"
#include "web/cookie.h"
#include "web/request.h"

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count);

int LLVMFuzzerTestOneInput(const unsigned char *bytes, size_t count) {
    char value[64], wanted[128];
    const char *header = (const char *)bytes;
    if (cookie_find(header, count, COOKIE_NAME, value, sizeof value) == RESULT_OK) {
        size_t chars = strlen(value);
        if (chars == 0 || chars >= sizeof value || strpbrk(value, " ;,\"\\") != NULL) {
            abort();
        }
        memcpy(wanted, COOKIE_NAME "=", sizeof COOKIE_NAME);
        memcpy(wanted + sizeof COOKIE_NAME, value, chars);
        if (memmem(header, count, wanted, sizeof COOKIE_NAME + chars) == NULL) {
            abort();
        }
    }
    struct request *request = request_new();
    request_set_cookies(request, header, count);
    uint8_t digest[SHA256_BYTES];
    if (request->has_login != auth_token_digest(request->login, digest)) {
        abort();
    }
    request_free(request);
    return 0;
}
