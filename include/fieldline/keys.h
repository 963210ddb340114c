/* Signing and verifying, through OpenSSL. Ed25519 keys sign the bytes; EC and RSA keys sign their SHA-256. */
#pragma once
#include "fieldline/bytes.h"

struct key; /* a private or public key, or a certificate's */
FL_CHECK enum result key_read_private(const char *path, struct key **out, struct fault *fault);
FL_CHECK enum result key_read_public(const char *path, struct key **out, struct fault *fault);
/* From a PEM certificate in memory; *common_name (CAP_DEVICE_ID_BYTES + 1) gets its CN. When ca_path is given the
 * certificate must be signed by that CA, whatever the date (a transcript outlives certificates). */
FL_CHECK enum result key_from_certificate(const char *pem, size_t bytes, const char *ca_path, struct key **out,
                                          char common_name[64], struct fault *fault);
FL_CHECK enum result key_make_ed25519(const char *private_path, const char *public_path, struct fault *fault);
void key_free(struct key *key);
FL_CHECK enum result key_sign(const struct key *key, const void *bytes, size_t count, struct buf *signature);
FL_CHECK bool key_verify(const struct key *key, const void *bytes, size_t count, const void *signature,
                         size_t signature_count);
/* SHA-256 of the public key's DER, hex: the key's name in seals. */
void key_id(const struct key *key, char out[SHA256_HEX_BYTES]);
/* An owner's key, as a browser makes it: ECDSA on P-256, the public point uncompressed, a signature as r and s. */
enum { POINT_BYTES = 65, POINT_SIGNATURE_BYTES = 64 };
FL_CHECK enum result key_from_point(const uint8_t point[POINT_BYTES], struct key **out, struct fault *fault);
FL_CHECK bool key_verify_point(const struct key *key, const void *bytes, size_t count,
                               const uint8_t signature[POINT_SIGNATURE_BYTES]);
