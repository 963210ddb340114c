/* Is this recording what was recorded? Recomputes everything from the files: line chain, both direction chains, sizes
 * and hashes, the gateway's signature, the device's certificate against the CA, the device's countersignature over the
 * recomputed chains, which a gateway cannot make, and the owner's signature under the consent, where there is one.
 * Reads files; used by `fieldline-gateway transcript verify FILE` and by the API (on a reader thread: it may take
 * seconds for a long session). */
#pragma once
#include "sessions/owner_proof.h"
#include "sessions/vault.h"

struct verify_options {
    const struct vault *vault; /* for encrypted files; NULL: plain ones only */
    const char *seal_pub;      /* the gateway's public seal key, PEM; NULL: seal.pub beside the transcript */
    const char *ca;            /* the CA of the devices; NULL: ca.crt beside the transcript */
};
struct verdict {
    bool is_ok;                  /* nothing was changed since it was sealed */
    bool is_countersigned;       /* and the product agrees */
    bool is_complete;            /* and the session ended in order */
    struct owner_proof consent;  /* a signature of the owner's that does not hold is a verdict against it */
    char text[FAULT_TEXT_BYTES]; /* one sentence: what is wrong and where, or what is proven */
    uint64_t frames;             /* good ones; when not ok because of a frame, the first bad one is frames + 1 */
    bool has_bad_frame;
    uint64_t bad_frame;
    char session[CAP_UUID_BYTES + 1], device[CAP_DEVICE_ID_BYTES + 1], why[32];
    char digest[SHA256_HEX_BYTES];
    int64_t started_ms, ended_ms;
};
/* path: any of the three files. RESULT_OK: a verdict was reached (look at is_ok). Anything else: it could not be
 * (no such file, no key), with a fault; the verdict says is_ok = false. */
FL_CHECK enum result transcript_verify(const char *path, const struct verify_options *options, struct verdict *out,
                                       struct fault *fault);
/* Is the seal beside `base` the one that this gateway made? The keys that lie beside a recording could have been put
 * there with it; `key`, the gateway's own, could not. digest: what the session's row has kept of the seal; "": nothing.
 * RESULT_CORRUPT: no; RESULT_NOT_FOUND: there is none. */
struct key;
FL_CHECK enum result transcript_is_ours(const char *base, const struct key *key, const char *digest,
                                        struct fault *fault);
/* {"ok":..,"text":..,"frames":..,"countersigned":..,"complete":..,...} */
void verdict_print(const struct verdict *verdict, struct buf *out);
