/* The keys of recordings at rest. Each session has a key of its own; it lies in ID.key beside the recording, wrapped
 * with the gateway's master key, which lies elsewhere. Destroying ID.key destroys the recording on every copy of it.
 *
 *   master key   one line, "fieldline-master-key 1 <64 hex digits>", mode 0600; made by `init`. While keys are being
 *                changed there are two: the current one wraps, both unwrap.
 *   ID.key       one line: {"vault":"fieldline.vault.1","session":..,"master":"<name of the master key>",
 *                "wrapped":"<base64url: salt, sealed key, tag>"}; on the disk before the first frame is.
 *
 * How files are encrypted with the key: vault_file.h. Read-only once opened: any thread may use it. */
#pragma once
#include "fieldline/aead.h"
#include "sessions/transcript.h"

struct vault;
enum { VAULT_NAME_BYTES = 16 /* of a master key, hex */ };
/* previous: NULL when there is only one. Refuses a file that others may read (RESULT_DENIED), one that is no key
 * (RESULT_BAD_INPUT), a missing one (RESULT_NOT_FOUND). */
FL_CHECK enum result vault_open(const char *master, const char *previous, struct vault **out, struct fault *fault);
void vault_close(struct vault *vault); /* wipes the keys; NULL is fine */
/* A new master key in a new file, 0600. RESULT_CONFLICT when there is a file. */
FL_CHECK enum result vault_make_master(const char *path, struct fault *fault);

/* Makes base.key. RESULT_CONFLICT when there is one. */
FL_CHECK enum result vault_key_make(const struct vault *vault, const char *base, uint8_t out[AEAD_KEY_BYTES],
                                    struct fault *fault);
/* The session's key. RESULT_NOT_FOUND: there is no base.key. RESULT_DENIED: it is wrapped with a master key that is not
 * here. RESULT_CORRUPT: it is not what was written. `vault` NULL: RESULT_DENIED, no master key was given. */
FL_CHECK enum result vault_key_read(const struct vault *vault, const char *base, uint8_t out[AEAD_KEY_BYTES],
                                    struct fault *fault);
/* Overwrites and removes base.key: what it encrypted is lost for good. No such file is fine. */
FL_CHECK enum result vault_shred(const char *base, struct fault *fault);

struct vault_rewrap {
    uint64_t rewrapped, current; /* keys; `current` were wrapped with the current master key already */
};
/* Wraps every key of the folder with the current master key. Each file is replaced whole; interrupted, it goes on where
 * it was. Returns the first problem after having tried all. */
FL_CHECK enum result vault_rewrap_all(const struct vault *vault, const char *dir, struct vault_rewrap *out,
                                      struct fault *fault);
/* For tests and fuzzing: a line of a .key file, without master key. */
FL_CHECK enum result vault_key_parse(const char *text, size_t chars, const char *session,
                                     char master[VAULT_NAME_BYTES + 1], struct buf *wrapped, struct fault *fault);
