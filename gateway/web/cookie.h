/* The login cookie `__Host-fieldline`: read from a Cookie header, written into a Set-Cookie one. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "fieldline/result.h"

#define COOKIE_NAME "__Host-fieldline"

/* Finds the value of `name` in a Cookie header. RESULT_NOT_FOUND: not there. RESULT_BAD_INPUT: there twice (which one a
 * browser sends first is in an attacker's hand), malformed, or longer than room - 1. */
FL_CHECK enum result cookie_find(const char *header, size_t chars, const char *name, char *out, size_t room);

enum { COOKIE_SET_BYTES = 192 };
/* The value of a Set-Cookie header. `token` is base64url; an empty one removes the cookie. */
void cookie_print(const char *token, int64_t max_age_s, char out[COOKIE_SET_BYTES]);
