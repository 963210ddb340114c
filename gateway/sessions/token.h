/* The one-time token with which the product's leg of a session dials in: 32 random bytes, base64url. It travels to the
 * product in session.open; the gateway keeps only its SHA-256. */
#pragma once
#include "fieldline/bytes.h"

enum { SESSION_TOKEN_CHARS = 43 };
void session_token_make(char token[SESSION_TOKEN_CHARS + 1], uint8_t sha256_of_it[SHA256_BYTES]);
/* Hashes what was presented and compares in constant time; false for anything that is not a token. */
FL_CHECK bool session_token_matches(const char *presented, const uint8_t sha256_of_it[SHA256_BYTES]);
