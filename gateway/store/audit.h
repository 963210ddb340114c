/* The audit log: append-only, each row chained to the one before by SHA-256, so that a changed, dropped or reordered
 * row is found. (A cut tail is found by comparing head and count with a copy kept elsewhere: audit_verify gives them.)
 */
#pragma once
#include "store/store.h"

struct audit_row {
    int64_t id, at_ms;
    const char *who;    /* user name, device id, or "gateway" */
    const char *what;   /* stable word: "login", "ticket.assign", "session.request", ... */
    const char *object; /* "ticket/17", "device/freezer-7", "session/UUID", "" */
    const char *result; /* "ok", or result_name() */
    const char *detail; /* a sentence, or "" */
    const char *address;
};
FL_CHECK enum result audit_add(struct store *store, const struct audit_row *row); /* id is ignored */

struct audit_verdict {
    bool is_whole;
    int64_t rows;   /* checked */
    int64_t bad_id; /* the first row that does not fit; 0: none */
    uint8_t head[SHA256_BYTES];
    char text[160]; /* a sentence for a person */
};
/* Reads the whole log from a file; needs no writer. RESULT_IO and the like only when it cannot be read. */
FL_CHECK enum result audit_verify(const char *store_path, struct audit_verdict *out, struct fault *fault);
