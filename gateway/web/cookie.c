/* Cookies (RFC 6265), only as far as one login cookie needs them. Pure functions over a header's bytes; the header
 * comes from outside. Anything odd about our own cookie refuses it; what other cookies look like is not our business,
 * as a browser sends whatever else was set for this host. */
#include "web/cookie.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* cookie-octet of RFC 6265 4.1.1 */
static bool is_cookie_byte(char c) {
    return c > 0x20 && c < 0x7f && c != '"' && c != ',' && c != ';' && c != '\\';
}

static size_t skip_blank(const char *text, size_t at, size_t end) {
    while (at < end && (text[at] == ' ' || text[at] == '\t')) {
        at++;
    }
    return at;
}

enum result cookie_find(const char *header, size_t chars, const char *name, char *out, size_t room) {
    size_t name_chars = strlen(name);
    const char *found = NULL;
    size_t found_chars = 0;
    for (size_t at = 0; at < chars;) {
        const char *semicolon = memchr(header + at, ';', chars - at);
        size_t end = semicolon == NULL ? chars : (size_t)(semicolon - header);
        size_t begin = skip_blank(header, at, end);
        if (end - begin > name_chars && memcmp(header + begin, name, name_chars) == 0 &&
            header[begin + name_chars] == '=') {
            if (found != NULL) {
                return RESULT_BAD_INPUT;
            }
            found = header + begin + name_chars + 1;
            found_chars = (size_t)(header + end - found);
            while (found_chars > 0 && found[found_chars - 1] == ' ') {
                found_chars--;
            }
        }
        at = end + 1;
    }
    if (found == NULL) {
        return RESULT_NOT_FOUND;
    }
    if (found_chars == 0 || found_chars >= room) {
        return RESULT_BAD_INPUT;
    }
    for (size_t i = 0; i < found_chars; i++) {
        if (!is_cookie_byte(found[i])) {
            return RESULT_BAD_INPUT;
        }
    }
    memcpy(out, found, found_chars);
    out[found_chars] = '\0';
    return RESULT_OK;
}

void cookie_print(const char *token, int64_t max_age_s, char out[COOKIE_SET_BYTES]) {
    snprintf(out, COOKIE_SET_BYTES, COOKIE_NAME "=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%lld", token,
             token[0] == '\0' ? 0LL : (long long)max_age_s);
}
