/* The table of WebSocket tickets (see ws_ticket.h): a fixed array under a mutex. Reader threads issue, the edge thread
 * redeems. Only the SHA-256 of a ticket is kept and it is compared in constant time over the whole table; at 1024 rows
 * that is some microseconds, and a WebSocket opens rarely. */
#include "web/ws_ticket.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct row {
    bool is_used;
    uint8_t digest[SHA256_BYTES];
    int64_t expires_ms;
    struct ws_holder holder;
};
struct ws_tickets {
    pthread_mutex_t mutex;
    struct row rows[WS_TICKETS];
};

struct ws_tickets *ws_tickets_new(void) {
    struct ws_tickets *tickets = mem_alloc(sizeof *tickets);
    pthread_mutex_init(&tickets->mutex, NULL);
    return tickets;
}

void ws_tickets_free(struct ws_tickets *tickets) {
    if (tickets == NULL) {
        return;
    }
    pthread_mutex_destroy(&tickets->mutex);
    wipe(tickets->rows, sizeof tickets->rows);
    free(tickets);
}

/* A place for one more ticket of this login: its oldest when it has too many, else a free or expired one, else NULL. */
static struct row *place_for(struct ws_tickets *tickets, const uint8_t login[SHA256_BYTES], int64_t mono_ms) {
    struct row *vacant = NULL, *oldest = NULL;
    size_t own = 0;
    for (size_t i = 0; i < WS_TICKETS; i++) {
        struct row *row = &tickets->rows[i];
        if (!row->is_used || row->expires_ms <= mono_ms) {
            vacant = row;
        } else if (memcmp(row->holder.login, login, SHA256_BYTES) == 0) {
            own++;
            if (oldest == NULL || row->expires_ms < oldest->expires_ms) {
                oldest = row;
            }
        }
    }
    return own >= WS_TICKETS_PER_LOGIN ? oldest : vacant;
}

enum result ws_ticket_issue(struct ws_tickets *tickets, const struct ws_holder *holder, int64_t mono_ms,
                            char out[AUTH_TOKEN_CHARS + 1]) {
    enum result result = RESULT_BUSY;
    pthread_mutex_lock(&tickets->mutex);
    struct row *row = place_for(tickets, holder->login, mono_ms);
    if (row != NULL) {
        *row = (struct row){.is_used = true, .expires_ms = mono_ms + WS_TICKET_LIFE_MS, .holder = *holder};
        auth_make_token(out, row->digest);
        result = RESULT_OK;
    }
    pthread_mutex_unlock(&tickets->mutex);
    return result;
}

enum result ws_ticket_redeem(struct ws_tickets *tickets, const char *ticket, int64_t mono_ms, struct ws_holder *out) {
    uint8_t digest[SHA256_BYTES];
    if (!auth_token_digest(ticket, digest)) {
        return RESULT_DENIED;
    }
    enum result result = RESULT_DENIED;
    pthread_mutex_lock(&tickets->mutex);
    for (size_t i = 0; i < WS_TICKETS; i++) {
        struct row *row = &tickets->rows[i];
        if (equal_secret(row->digest, digest, SHA256_BYTES) && row->is_used) {
            if (row->expires_ms > mono_ms) {
                *out = row->holder;
                result = RESULT_OK;
            }
            wipe(row, sizeof *row);
        }
    }
    pthread_mutex_unlock(&tickets->mutex);
    return result;
}

void ws_tickets_forget(struct ws_tickets *tickets, const uint8_t login[SHA256_BYTES]) {
    pthread_mutex_lock(&tickets->mutex);
    for (size_t i = 0; i < WS_TICKETS; i++) {
        struct row *row = &tickets->rows[i];
        if (row->is_used && memcmp(row->holder.login, login, SHA256_BYTES) == 0) {
            wipe(row, sizeof *row);
        }
    }
    pthread_mutex_unlock(&tickets->mutex);
}
