/* Answers that owners have given beforehand: "on workdays from 8 to 18, until the end of the month, any engineer may
 * watch and run checks, 30 minutes each". Each is kept as the owner has signed it, in data_dir/consent-windows, and is
 * checked anew whenever the file is read: one changed byte, and none of them counts. */
#pragma once
#include "owner_keys.h"

enum { OWNER_WINDOWS_MAX = 16, OWNER_WINDOWS_FILE_BYTES = 64 * 1024 };
struct owner_window {
    struct owner_statement says;
    char text[OWNER_STATEMENT_BYTES + 1];
    char signature[OWNER_SIGNATURE_CHARS + 1];
    char key[SHA256_HEX_BYTES];
    char by[OWNER_NAME_BYTES + 1]; /* of the key */
};
struct owner_windows {
    size_t count;
    struct owner_window items[OWNER_WINDOWS_MAX];
};
/* Those that still count: made for this device, by a key that is still enrolled, and not over. No file: none.
 * RESULT_CORRUPT: the file was changed; there are none. */
FL_CHECK enum result owner_windows_load(const char *data_dir, const char *device, const struct owner_keys *keys,
                                        int64_t now_ms, struct owner_windows *out, struct fault *fault);
FL_CHECK enum result owner_windows_save(const char *data_dir, const struct owner_windows *windows, struct fault *fault);
/* A statement whose signature was checked. RESULT_DENIED: more than this product allows (`allowed`), too long, over.
 * RESULT_CONFLICT: there is one of that id. RESULT_FULL. */
FL_CHECK enum result owner_windows_add(struct owner_windows *windows, const struct owner_window *window,
                                       uint32_t allowed, int64_t now_ms, struct fault *fault);
FL_CHECK enum result owner_windows_remove(struct owner_windows *windows, const char *id, struct fault *fault);
/* One that is open now and covers all of it; the one that lets most time, NULL: none. */
const struct owner_window *owner_windows_cover(const struct owner_windows *windows, uint32_t capabilities,
                                               const char *engineer, int64_t now_ms);
const struct owner_window *owner_windows_find(const struct owner_windows *windows, const char *id);
/* How long a session by this window may last from now on. */
int64_t owner_windows_grant_ms(const struct owner_window *window, int64_t now_ms);
