/* How the owner's page is let in without an account: a challenge, signed with a key that the product has enrolled, is
 * exchanged for a pass of a few minutes. Both are texts that only this gateway can have made (HMAC with a secret of its
 * run), so nothing is stored for strangers; whether the key is still enrolled is asked at each request. Pure. */
#pragma once
#include "fieldline/owner.h"

enum { OWNER_PASS_CHARS = 255, OWNER_CHALLENGE_LIFE_MS = 60 * 1000, OWNER_PASS_LIFE_MS = 10 * 60 * 1000 };
void owner_challenge_print(const uint8_t secret[SHA256_BYTES], const char *device, int64_t now_ms, struct buf *out);
FL_CHECK bool owner_challenge_check(const uint8_t secret[SHA256_BYTES], const char *device, int64_t now_ms,
                                    const char *text);
void owner_pass_print(const uint8_t secret[SHA256_BYTES], const char *device, const char *key, int64_t now_ms,
                      struct buf *out);
/* Whose key it was made for; false: not a pass for this device, or not any more. */
FL_CHECK bool owner_pass_check(const uint8_t secret[SHA256_BYTES], const char *device, int64_t now_ms, const char *text,
                               char key[SHA256_HEX_BYTES]);
