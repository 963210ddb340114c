/* Passwords and tokens (see auth.h). Runs on whatever thread calls it: the password pool of the edge (login) and the
 * command line (`user add`). libsodium needs one initialisation, which is idempotent and thread safe, so it is asked
 * for before each use instead of by a global flag.
 *
 * Left: OWASP's m=19 MiB, t=2, p=1 is what libsodium can be told directly; its own "interactive" setting takes 64 MiB,
 * too much for a small gateway under a login flood. A check against a fixed hash makes an unknown account cost what a
 * known one costs; the hash is one of a random password nobody has. */
#include "web/auth.h"

#include <sodium.h>
#include <string.h>

#include "fieldline/log.h"

enum { PASSES = 2, MEMORY_BYTES = 19 * 1024 * 1024 };
_Static_assert(AUTH_HASH_BYTES >= crypto_pwhash_STRBYTES, "the hash text must fit");

static const char nobodys_hash[] =
    "$argon2id$v=19$m=19456,t=2,p=1$kZ1VbWJ0T3FhR2x5cE5zdw$N1yKkkwwJnQz0dh7WqzMsLq6Yt8BvTzW2oXwUuJx3bE";

static void sodium_ready(void) {
    if (sodium_init() < 0) {
        die("web.auth", "libsodium does not initialise");
    }
}

enum result auth_hash_password(const char *password, char out[AUTH_HASH_BYTES], struct fault *fault) {
    sodium_ready();
    size_t count = strlen(password);
    if (count == 0) {
        return fault_set(fault, RESULT_BAD_INPUT, "the password is empty");
    }
    if (count > AUTH_PASSWORD_BYTES) {
        return fault_set(fault, RESULT_TOO_BIG, "the password has %zu bytes, at most %d are allowed", count,
                         AUTH_PASSWORD_BYTES);
    }
    memset(out, 0, AUTH_HASH_BYTES);
    if (crypto_pwhash_str_alg(out, password, count, PASSES, MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return fault_set(fault, RESULT_IO, "no memory to hash a password");
    }
    return RESULT_OK;
}

bool auth_check_password(const char *stored, const char *password) {
    sodium_ready();
    size_t count = strlen(password);
    bool is_known = stored != NULL && strlen(stored) < crypto_pwhash_STRBYTES;
    char text[crypto_pwhash_STRBYTES] = {0};
    memcpy(text, is_known ? stored : nobodys_hash, strlen(is_known ? stored : nobodys_hash));
    bool is_right = count <= AUTH_PASSWORD_BYTES && crypto_pwhash_str_verify(text, password, count) == 0;
    wipe(text, sizeof text);
    return is_known && is_right;
}

void auth_make_token(char token[AUTH_TOKEN_CHARS + 1], uint8_t sha256_out[SHA256_BYTES]) {
    uint8_t secret[32];
    random_bytes(secret, sizeof secret);
    struct buf text;
    buf_init(&text, 64);
    base64url_encode(secret, sizeof secret, &text);
    memcpy(token, buf_text(&text), AUTH_TOKEN_CHARS + 1);
    sha256(token, AUTH_TOKEN_CHARS, sha256_out);
    buf_wipe(&text);
    wipe(secret, sizeof secret);
}

bool auth_token_digest(const char *token, uint8_t sha256_out[SHA256_BYTES]) {
    size_t chars = strlen(token);
    if (chars != AUTH_TOKEN_CHARS) {
        return false;
    }
    for (size_t i = 0; i < chars; i++) {
        char c = token[i];
        bool is_base64url =
            (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        if (!is_base64url) {
            return false;
        }
    }
    sha256(token, chars, sha256_out);
    return true;
}
