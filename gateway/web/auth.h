/* Passwords and tokens: the only file pair that knows libsodium.
 *
 * A password is kept as an argon2id text (19 MiB, 2 passes: some 30 ms), which carries its own parameters. A token
 * (login session, WebSocket ticket) is 32 random bytes in base64url; only its SHA-256 is ever stored. */
#pragma once
#include "fieldline/bytes.h"

enum {
    AUTH_PASSWORD_BYTES = 256, /* a longer one is refused before it is hashed */
    AUTH_HASH_BYTES = 128,     /* room for the argon2id text and its NUL */
    AUTH_TOKEN_CHARS = 43
};

/* For `user add`: refuses an empty or too long password. Takes 30 ms and 19 MiB. */
FL_CHECK enum result auth_hash_password(const char *password, char out[AUTH_HASH_BYTES], struct fault *fault);
/* `stored` NULL stands for an account that does not exist: the same work is done, the answer is false. */
FL_CHECK bool auth_check_password(const char *stored, const char *password);

void auth_make_token(char token[AUTH_TOKEN_CHARS + 1], uint8_t sha256_out[SHA256_BYTES]);
/* false: not the shape of a token (nothing is looked up then). */
FL_CHECK bool auth_token_digest(const char *token, uint8_t sha256_out[SHA256_BYTES]);
