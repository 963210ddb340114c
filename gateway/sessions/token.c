/* One-time tokens of product legs. Only the hash outlives the request, so neither the store nor a core file of an idle
 * gateway can open a session. That a token works once is the relay's business (relay.c). */
#include "sessions/token.h"

#include <string.h>

enum { TOKEN_BYTES = 32 };

void session_token_make(char token[SESSION_TOKEN_CHARS + 1], uint8_t sha256_of_it[SHA256_BYTES]) {
    uint8_t secret[TOKEN_BYTES];
    struct buf text;
    random_bytes(secret, sizeof secret);
    buf_init(&text, SESSION_TOKEN_CHARS + 1);
    base64url_encode(secret, sizeof secret, &text);
    memcpy(token, buf_text(&text), SESSION_TOKEN_CHARS);
    token[SESSION_TOKEN_CHARS] = '\0';
    sha256(token, SESSION_TOKEN_CHARS, sha256_of_it);
    buf_wipe(&text);
    wipe(secret, sizeof secret);
}

bool session_token_matches(const char *presented, const uint8_t sha256_of_it[SHA256_BYTES]) {
    uint8_t hash[SHA256_BYTES];
    if (presented == NULL || strnlen(presented, SESSION_TOKEN_CHARS + 1) != SESSION_TOKEN_CHARS) {
        return false;
    }
    sha256(presented, SESSION_TOKEN_CHARS, hash);
    return equal_secret(hash, sha256_of_it, sizeof hash);
}
