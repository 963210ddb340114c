/* The visible sign on the product that somebody is connected: the file run_dir/session-active, and the maker's program
 * `[session] sign_show` (a lamp, a line on the display). The file is there exactly as long as a session runs:
 *   {"sessions":[{"session","engineer","role","by","method","capabilities":[..],"words":{..},"since_ms","until_ms",
 *                 "pid","started"}]}
 * The program gets {"sign":"on","sessions":[..]} or {"sign":"off"} on its standard input, once for each change. */
#pragma once
#include "agent_config.h"
#include "fieldline/owner.h"
#include "loop.h"

enum { SIGN_ROWS_MAX = 8, SIGN_FILE_BYTES = 64 * 1024 };
struct sign_row {
    char session[CAP_UUID_BYTES + 1];
    char engineer[64], role[64], method[16], by[OWNER_NAME_BYTES + 1];
    char key[SHA256_HEX_BYTES], window[CAP_UUID_BYTES + 1]; /* of the consent; "": none */
    uint32_t capabilities;
    int64_t since_ms, until_ms;
    int64_t pid, started; /* of the session process; see session_process.h */
};
struct sign;
struct sign *sign_new(struct loop *loop, const struct agent_config *config);
void sign_free(struct sign *sign); /* leaves the file as it is */
/* What runs now; the sign goes off with none. Fails when the file cannot be written: it says what it said before. */
FL_CHECK enum result sign_set(struct sign *sign, const struct sign_row *rows, size_t count, struct fault *fault);
/* What the file says, of an earlier run of the agent; RESULT_NOT_FOUND: there is none. */
FL_CHECK enum result sign_read(const char *run_dir, struct sign_row rows[SIGN_ROWS_MAX], size_t *count,
                               struct fault *fault);
