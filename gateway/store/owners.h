/* What the gateway keeps of owners: which keys a product has enrolled (it said so itself), what it says about its
 * windows, the question that waits for an answer, and the letters under way between the owner's page and the product.
 * All of it is a copy that serves the page; what counts is on the product. */
#pragma once
#include "fieldline/owner.h"
#include "store/reader.h"
#include "store/store.h"

struct owner_key_row {
    char key[SHA256_HEX_BYTES];
    char point[OWNER_POINT_CHARS + 1];
    char name[OWNER_NAME_BYTES + 1];
};
/* The product's own list takes the place of what was known; `state`: its STATE as text (agent/owner.h). */
FL_CHECK enum result store_owner_state_put(struct store *store, int64_t device_id, const char *state,
                                           const struct owner_key_row *keys, size_t count, int64_t now_ms);
FL_CHECK enum result store_owner_state_at(struct store *store, int64_t device_id, int64_t *at_ms); /* 0: never */
FL_CHECK enum result store_owner_key(struct store *store, int64_t device_id, const char *key,
                                     struct owner_key_row *out); /* or RESULT_NOT_FOUND */
FL_CHECK enum result store_owner_question_put(struct store *store, const char *session, int64_t device_id,
                                              const char *question, int64_t until_ms);

/* One statement on its way. outcome: "" (waits), "ok", or the agent's error. */
struct owner_letter {
    char id[CAP_UUID_BYTES + 1];
    int64_t device_id, at_ms;
    char session[CAP_UUID_BYTES + 1]; /* "": it is about none */
    char by[OWNER_NAME_BYTES + 1];
    char address[46];
    bool is_signed; /* by an owner; enrolments are not, so that they are counted apart */
};
enum {
    OWNER_LETTERS_PER_DEVICE = 30, /* that are not signed, in the hour before now_ms */
    OWNER_LETTERS_PER_ADDRESS = 60,
    OWNER_LETTERS_SIGNED = 300 /* of a device */
};
/* RESULT_BUSY: too many of that kind came of this device, or unsigned ones from this address, lately. Forgets those
 * that are a day old. */
FL_CHECK enum result store_owner_letter_add(struct store *store, const struct owner_letter *letter);
FL_CHECK enum result store_owner_letter_find(struct store *store, const char *id, struct owner_letter *out);
FL_CHECK enum result store_owner_letter_done(struct store *store, const char *id, const char *outcome,
                                             const char *text);

/* ---- for the page; RESULT_NOT_FOUND when there is none ---- */
FL_CHECK enum result reader_owner_key(struct reader *reader, const char *device, const char *key,
                                      struct owner_key_row *out);
typedef void owner_text_fn(void *self, const char *text, int64_t at_ms);
FL_CHECK enum result reader_owner_state(struct reader *reader, const char *device, owner_text_fn *fn, void *self);
/* Questions whose session still waits and whose time is not over. */
FL_CHECK enum result reader_owner_questions(struct reader *reader, const char *device, int64_t now_ms,
                                            owner_text_fn *fn, void *self);
typedef void owner_letter_fn(void *self, const char *outcome, const char *text);
FL_CHECK enum result reader_owner_letter(struct reader *reader, const char *device, const char *id, owner_letter_fn *fn,
                                         void *self);
/* The report of a session of that device. */
FL_CHECK enum result reader_owner_report(struct reader *reader, const char *device, const char *session,
                                         owner_text_fn *fn, void *self);
