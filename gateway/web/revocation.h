/* The certificate revocation list of the device CA (RFC 5280), read anew when its file changes. A list that is missing,
 * damaged, of another CA, expired or older than the one in force never takes its place: the last good one stays. Not
 * thread safe: the edge thread's. */
#pragma once
#include "fieldline/bytes.h"

enum { REVOCATION_BYTES = 4 * 1024 * 1024 /* of the file: some 100,000 certificates; more is refused */ };
struct revocation;
/* `path` holds one or more lists in PEM, `ca_path` the CAs that may have signed them. Texts must outlive it. Anything
 * but a good list is refused, with the file's name. */
FL_CHECK enum result revocation_open(const char *path, const char *ca_path, int64_t wall_ms, struct revocation **out,
                                     struct fault *fault);
void revocation_free(struct revocation *revocation);
/* Looks at the file, which takes a stat() when it has not changed. True: another list is in force from now on. What is
 * wrong with the file is logged once. */
FL_CHECK bool revocation_refresh(struct revocation *revocation, int64_t wall_ms);
/* The file's list is not in force, or the one in force has expired. */
bool revocation_is_stale(const struct revocation *revocation);
/* RESULT_DENIED: the first certificate in this PEM is revoked, or no list in force is of who has signed it. */
FL_CHECK enum result revocation_check(const struct revocation *revocation, const char *pem, size_t bytes,
                                      struct fault *fault);
