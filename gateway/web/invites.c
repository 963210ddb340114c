/* The table of invitations (see invites.h): a fixed array under a mutex, as the WebSocket tickets are. Tokens and seats
 * are compared as hashes, in constant time, over the whole table.
 *
 * Left: a table of the store (nothing of an invitation is worth more than the session it is for; the audit log has who
 * was invited by whom), and binding a link to an address (a phone changes it in mid-call). */
#include "web/invites.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct row {
    bool is_used, has_seat;
    uint8_t token[SHA256_BYTES], seat[SHA256_BYTES];
    struct invite invite;
};
struct invites {
    pthread_mutex_t mutex;
    struct row rows[INVITES];
};

const char *invite_state_name(enum invite_state state) {
    static const char *const names[] = {
        [INVITE_OPEN] = "open", [INVITE_USED] = "used", [INVITE_EXPIRED] = "expired", [INVITE_REVOKED] = "revoked"};
    return names[state];
}

struct invites *invites_new(void) {
    struct invites *invites = mem_alloc(sizeof *invites);
    pthread_mutex_init(&invites->mutex, NULL);
    return invites;
}

void invites_free(struct invites *invites) {
    if (invites == NULL) {
        return;
    }
    pthread_mutex_destroy(&invites->mutex);
    wipe(invites->rows, sizeof invites->rows);
    free(invites);
}

static enum invite_state state_of(const struct row *row, int64_t mono_ms) {
    return row->invite.state == INVITE_REVOKED      ? INVITE_REVOKED
           : mono_ms >= row->invite.expires_mono_ms ? INVITE_EXPIRED
           : row->has_seat                          ? INVITE_USED
                                                    : INVITE_OPEN;
}

static bool holds(const struct row *row, int64_t mono_ms) {
    enum invite_state state = state_of(row, mono_ms);
    return row->is_used && (state == INVITE_OPEN || state == INVITE_USED);
}

/* A free row, or one that holds no longer; NULL with the reason when there is none. */
static struct row *place_for(struct invites *invites, const struct invite *invite, int64_t mono_ms, enum result *result,
                             struct fault *fault) {
    struct row *vacant = NULL;
    size_t own = 0;
    for (size_t i = 0; i < INVITES; i++) {
        struct row *row = &invites->rows[i];
        if (!row->is_used) {
            vacant = row;
        } else if (!holds(row, mono_ms)) {
            vacant = vacant != NULL ? vacant : row;
        } else if (strcmp(row->invite.session, invite->session) == 0) {
            own++;
            if (strcmp(row->invite.name, invite->name) == 0) {
                *result = fault_set(fault, RESULT_CONFLICT, "'%s' is invited already", invite->name);
                return NULL;
            }
        }
    }
    if (vacant == NULL || own >= INVITES_PER_SESSION) {
        *result = fault_set(fault, RESULT_FULL, "%d invitations into this session hold already", INVITES_PER_SESSION);
        return NULL;
    }
    return vacant;
}

enum result invites_add(struct invites *invites, struct invite *invite, int64_t mono_ms,
                        char token[AUTH_TOKEN_CHARS + 1], struct fault *fault) {
    enum result result = RESULT_OK;
    pthread_mutex_lock(&invites->mutex);
    struct row *row = place_for(invites, invite, mono_ms, &result, fault);
    if (row != NULL) {
        uuid_make(invite->id);
        invite->state = INVITE_OPEN;
        *row = (struct row){.is_used = true, .invite = *invite};
        auth_make_token(token, row->token);
    }
    pthread_mutex_unlock(&invites->mutex);
    return result;
}

/* True: this person may come in with this row; a seat was made when there was none. */
static bool take_seat(struct row *row, const char *seat, char new_seat[AUTH_TOKEN_CHARS + 1]) {
    uint8_t digest[SHA256_BYTES];
    new_seat[0] = '\0';
    if (!row->has_seat) {
        auth_make_token(new_seat, row->seat);
        row->has_seat = true;
        return true;
    }
    return seat != NULL && auth_token_digest(seat, digest) && equal_secret(row->seat, digest, SHA256_BYTES);
}

enum result invites_open(struct invites *invites, const char *token, const char *seat, int64_t mono_ms,
                         struct invite *out, char new_seat[AUTH_TOKEN_CHARS + 1]) {
    uint8_t digest[SHA256_BYTES];
    if (!auth_token_digest(token, digest)) {
        return RESULT_DENIED;
    }
    enum result result = RESULT_DENIED;
    pthread_mutex_lock(&invites->mutex);
    for (size_t i = 0; i < INVITES; i++) {
        struct row *row = &invites->rows[i];
        if (equal_secret(row->token, digest, SHA256_BYTES) && holds(row, mono_ms) && take_seat(row, seat, new_seat)) {
            *out = row->invite;
            out->state = INVITE_USED;
            result = RESULT_OK;
        }
    }
    pthread_mutex_unlock(&invites->mutex);
    return result;
}

static struct row *find(struct invites *invites, const char *id) {
    for (size_t i = 0; i < INVITES; i++) {
        if (invites->rows[i].is_used && strcmp(invites->rows[i].invite.id, id) == 0) {
            return &invites->rows[i];
        }
    }
    return NULL;
}

const char *invites_gone(struct invites *invites, const char *id, int64_t mono_ms) {
    pthread_mutex_lock(&invites->mutex);
    const struct row *row = find(invites, id);
    enum invite_state state = row != NULL ? state_of(row, mono_ms) : INVITE_REVOKED;
    pthread_mutex_unlock(&invites->mutex);
    return state == INVITE_OPEN || state == INVITE_USED ? NULL : invite_state_name(state);
}

enum result invites_revoke(struct invites *invites, const char *session, const char *id, int64_t mono_ms,
                           struct fault *fault) {
    enum result result = RESULT_OK;
    pthread_mutex_lock(&invites->mutex);
    struct row *row = find(invites, id);
    if (row == NULL || strcmp(row->invite.session, session) != 0 || !holds(row, mono_ms)) {
        result = fault_set(fault, RESULT_NOT_FOUND, "no invitation %s into this session holds", id);
    } else {
        row->invite.state = INVITE_REVOKED;
    }
    pthread_mutex_unlock(&invites->mutex);
    return result;
}

void invites_each(struct invites *invites, const char *session, int64_t mono_ms,
                  void (*each)(void *self, const struct invite *invite), void *self) {
    pthread_mutex_lock(&invites->mutex);
    for (size_t i = 0; i < INVITES; i++) {
        const struct row *row = &invites->rows[i];
        if (row->is_used && strcmp(row->invite.session, session) == 0) {
            struct invite invite = row->invite;
            invite.state = state_of(row, mono_ms);
            each(self, &invite);
        }
    }
    pthread_mutex_unlock(&invites->mutex);
}

void invites_forget(struct invites *invites, const char *session) {
    pthread_mutex_lock(&invites->mutex);
    for (size_t i = 0; i < INVITES; i++) {
        struct row *row = &invites->rows[i];
        if (row->is_used && strcmp(row->invite.session, session) == 0) {
            wipe(row, sizeof *row);
        }
    }
    pthread_mutex_unlock(&invites->mutex);
}
