/* The seal of a transcript: ID.seal, one JSON object, one member a line, written once when the session is over.
 *
 *   {
 *   "seal":"fieldline.seal.2",
 *   "session":"...", "device":"...", "started_ms":.., "ended_ms":.., "why":"...",
 *   "cast_bytes":.., "cast_sha256":"..", "jsonl_bytes":.., "jsonl_sha256":"..",
 *   "frames":.., "lines":"<head of the line chain>", "heads":.., "heads_sha256":"<chained digest of ID.heads>",
 *   "statement":"<chain_statement of both direction chains>",
 *   "complete":true|false, "gateway_key":"<key_id>",
 *   "countersigned":true|false, "countersign_note":"...", "countersignature":"<base64url>", "certificate":"<PEM>",
 *   "signature":"<base64url Ed25519 over every byte before this line>"
 *   }
 *
 * (each member on a line of its own, in this order). fieldline.seal.1 had no heads. The form is rigid: a reader prints
 * what it has read again and compares, so no byte of the file can change unseen. */
#pragma once
#include "fieldline/keys.h"
#include "sessions/vault_file.h"

enum {
    SEAL_BYTES = 32 * 1024,
    SEAL_CERTIFICATE_BYTES = 8 * 1024,
    SEAL_SIGNATURE_BYTES = 1024,
    SEAL_STATEMENT_BYTES = 320
};

struct seal {
    char session[CAP_UUID_BYTES + 1], device[CAP_DEVICE_ID_BYTES + 1];
    int64_t started_ms, ended_ms;
    char why[32];
    uint64_t cast_bytes, jsonl_bytes, frames;
    uint8_t cast_sha256[SHA256_BYTES], jsonl_sha256[SHA256_BYTES], lines[SHA256_BYTES];
    bool has_heads; /* false: of the first format */
    uint64_t heads;
    uint8_t heads_sha256[SHA256_BYTES];
    char statement[SEAL_STATEMENT_BYTES + 1];
    bool is_complete;
    char gateway_key[SHA256_HEX_BYTES];
    bool is_countersigned;
    char countersign_note[128]; /* why not, when not */
    uint8_t countersignature[SEAL_SIGNATURE_BYTES];
    size_t countersignature_count;
    char certificate[SEAL_CERTIFICATE_BYTES]; /* PEM of the device, "" when unknown */
    uint8_t signature[64];
};

/* What the product sent at the end, if it did. */
struct countersign {
    const char *text;        /* session.countersign's "text", NULL: it sent none */
    const char *signature;   /* base64url */
    const char *certificate; /* PEM, NULL: unknown */
};
/* SHA-256 of the texts of both files, as whoever wrote them has counted along. */
struct seal_texts {
    uint8_t cast_sha256[SHA256_BYTES], jsonl_sha256[SHA256_BYTES];
};
/* Fills a seal from the sums and the hashes of both texts (NULL: by reading the files again, which may take long);
 * checks the countersignature against the certificate and the sums, and says in the seal when it does not hold. */
FL_CHECK enum result seal_make(const struct vault *vault, const char *base, const struct transcript_sums *sums,
                               const struct seal_texts *texts, const struct countersign *countersign, const char *why,
                               bool is_complete, int64_t ended_ms, struct seal *out, struct fault *fault);
/* Signs and writes base.seal (temporary file, fsync, rename, fsync of the directory). Refuses to replace one. */
FL_CHECK enum result seal_write(struct seal *seal, const char *base, const struct key *key, struct fault *fault);
FL_CHECK enum result seal_parse(const char *text, size_t chars, struct seal *out, struct fault *fault);
FL_CHECK enum result seal_read(const char *base, struct seal *out, struct fault *fault);
void seal_print(const struct seal *seal, struct buf *out); /* as it was read, byte for byte */
/* Is it signed by this key? Reads nothing but the seal. */
FL_CHECK bool seal_signature_holds(const struct seal *seal, const struct key *key);
/* SHA-256 of the body, hex: the transcript's digest, as shown in reports and kept in the session's row. */
void seal_digest(const struct seal *seal, char out[SHA256_HEX_BYTES]);
