/* The evidence of one session in one file that needs no gateway: BUNDLE.zip with
 *
 *   ID.cast ID.jsonl ID.seal ID.heads   the recording in plain text, as transcript.h, seal.h and heads.h have it
 *   session.json report.md              the row with consent and approvals; the service report, when there is one
 *   device.crt ca.crt seal.pub          who countersigned, who vouches for that, who sealed
 *   player.html                         replays it and checks its chains without network
 *   README.txt                          how to verify, in English and Chinese
 *   manifest.json manifest.sig          SHA-256 of all of the above, signed with the seal key (base64url)
 *
 * The zip's comment signs every byte before it: "fieldline.bundle.1 <base64url Ed25519 over the text
 * "fieldline.bundle.1\n<SHA-256 in hex>\n">". */
#pragma once
#include "fieldline/keys.h"
#include "sessions/mask.h"
#include "sessions/session.h"
#include "sessions/verify.h"

enum { DOSSIER_BYTES = 256 * 1024 * 1024, DOSSIER_FILE_BYTES = 64 * 1024 * 1024 };

struct dossier_options {
    const struct vault *vault;
    const struct mask *mask; /* for what the player shows; NULL: nothing is covered */
    const struct session *session;
    const char *transcript_dir; /* seal.pub and ca.crt are there too */
    const char *row;            /* JSON of the session's row */
    const char *report;         /* Markdown; NULL: none */
    const char *player;         /* the player's page, a file; NULL: none */
    const char *seal_key;       /* private, a file */
    const char *by;             /* who asked for it */
    int64_t wall_ms;
};
/* Writes it to an empty file that can be read and sought; *bytes: its size. RESULT_NOT_FOUND: there is no sealed
 * recording. RESULT_TOO_BIG: a file of it has more than DOSSIER_FILE_BYTES. Blocks for seconds. */
FL_CHECK enum result dossier_write(const struct dossier_options *options, int fd, int64_t *bytes, struct fault *fault);

/* Checks everything, recording included; unpacks into a folder of its own below TMPDIR meanwhile. keys: a folder with
 * seal.pub and ca.crt from a source you trust; NULL: those in the bundle, which the verdict says. */
FL_CHECK enum result dossier_verify(const char *path, const char *keys, struct verdict *out, struct fault *fault);

/* What the zip's signature covers; ends the digest. Private to dossier_write.c and dossier_verify.c. */
struct digest;
void dossier_statement(struct digest *digest, struct buf *out);

/* For tests and fuzzing: what the manifest says of a file. Refuses every byte that the writer would not have written.
 */
struct dossier_file {
    char name[64], sha256[SHA256_HEX_BYTES];
    int64_t bytes;
};
struct dossier_manifest {
    char session[CAP_UUID_BYTES + 1], by[SESSION_NAME_BYTES + 1], gateway_key[SHA256_HEX_BYTES];
    int64_t made_ms;
    struct dossier_file files[64];
    size_t count;
};
void dossier_manifest_print(const struct dossier_manifest *manifest, struct buf *out);
FL_CHECK enum result dossier_manifest_parse(const char *text, size_t chars, struct dossier_manifest *out,
                                            struct fault *fault);
