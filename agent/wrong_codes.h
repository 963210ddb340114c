/* The wrong one-time codes of the last ten minutes, over all questions: three tries each would be as many as anybody
 * likes, if questions followed one another. Loop thread only; forgotten when the agent restarts. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WRONG_CODES_MAX = 6, WRONG_CODES_MS = 10 * 60 * 1000 };
struct wrong_codes {                /* all zero: none yet */
    int64_t at_ms[WRONG_CODES_MAX]; /* since boot, suspend counts; a ring */
    size_t count;                   /* ever */
};
void wrong_codes_add(struct wrong_codes *wrong, int64_t now_ms);
/* WRONG_CODES_MAX of them within WRONG_CODES_MS: how long it is until another code may be tried. 0: now. */
int64_t wrong_codes_wait_ms(const struct wrong_codes *wrong, int64_t now_ms);
