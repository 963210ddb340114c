/* "EXPIRES.NONCE.MAC" for a challenge, "EXPIRES.KEY.MAC" for a pass; the MAC is over the kind, the device and what
 * comes before it. No state and no clock of its own. */
#include "web/owner_pass.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/number.h"

enum { NONCE_BYTES = 16, MAC_CHARS = 43 };
static const char challenge_kind[] = "challenge", pass_kind[] = "pass";

static void print(const uint8_t secret[SHA256_BYTES], const char *kind, const char *device, int64_t expires_ms,
                  const char *what, struct buf *out) {
    uint8_t mac[SHA256_BYTES];
    struct buf text;
    buf_init(&text, 512);
    buf_printf(&text, "%s/%s/%lld.%s", kind, device, (long long)expires_ms, what);
    hmac_sha256(secret, SHA256_BYTES, text.data, text.count, mac);
    buf_printf(out, "%lld.%s.", (long long)expires_ms, what);
    base64url_encode(mac, sizeof mac, out);
    buf_fini(&text);
}

/* What stands between the points, when the text is ours and not over. */
static bool check(const uint8_t secret[SHA256_BYTES], const char *kind, const char *device, int64_t now_ms,
                  const char *text, size_t what_chars, char *what) {
    const size_t number_chars = strcspn(text, ".");
    int64_t expires_ms;
    struct buf again;
    if (!number_i64(text, number_chars, 0, INT64_MAX / 2, &expires_ms) ||
        strlen(text) != number_chars + 1 + what_chars + 1 + MAC_CHARS)
        return false;
    memcpy(what, text + number_chars + 1, what_chars);
    what[what_chars] = '\0';
    buf_init(&again, 512);
    print(secret, kind, device, expires_ms, what, &again);
    const bool is_ours = again.count == strlen(text) && equal_secret(again.data, text, again.count);
    buf_fini(&again);
    return is_ours && now_ms < expires_ms;
}

void owner_challenge_print(const uint8_t secret[SHA256_BYTES], const char *device, int64_t now_ms, struct buf *out) {
    uint8_t nonce[NONCE_BYTES];
    char hex[2 * NONCE_BYTES + 1];
    random_bytes(nonce, sizeof nonce);
    hex_encode(nonce, sizeof nonce, hex);
    print(secret, challenge_kind, device, now_ms + OWNER_CHALLENGE_LIFE_MS, hex, out);
}

bool owner_challenge_check(const uint8_t secret[SHA256_BYTES], const char *device, int64_t now_ms, const char *text) {
    char hex[2 * NONCE_BYTES + 1];
    return check(secret, challenge_kind, device, now_ms, text, sizeof hex - 1, hex);
}

void owner_pass_print(const uint8_t secret[SHA256_BYTES], const char *device, const char *key, int64_t now_ms,
                      struct buf *out) {
    print(secret, pass_kind, device, now_ms + OWNER_PASS_LIFE_MS, key, out);
}

bool owner_pass_check(const uint8_t secret[SHA256_BYTES], const char *device, int64_t now_ms, const char *text,
                      char key[SHA256_HEX_BYTES]) {
    return check(secret, pass_kind, device, now_ms, text, SHA256_HEX_BYTES - 1, key);
}
