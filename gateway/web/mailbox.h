/* Letters to the edge thread from all others: the only way in besides lws_cancel_service. */
#pragma once
#include "web/change.h"
#include "web/live_queue.h"
#include "web/response.h"
#include "web/web.h"

enum letter_kind {
    LETTER_RESPONSE, /* a reader thread has answered request `exchange` */
    LETTER_CHANGE,   /* the desk has carried out `change` */
    LETTER_EXPECT,
    LETTER_KILL,
    LETTER_DRIVE,
    LETTER_LOGIN_GONE, /* a login session is not valid any more: its WebSockets go */
    LETTER_RIGHT_GONE, /* what `login` came into `session` with does not hold any more */
};
struct letter {
    enum letter_kind kind;
    struct letter *next;
    uint64_t exchange;
    struct response *response; /* owned */
    struct change *change;     /* owned */
    struct web_session session;
    struct web_drive *drive; /* owned */
    char reason[64];
    uint8_t login[SHA256_BYTES];
};
void letter_free(struct letter *letter);

enum { MAILBOX_NEWS = 1024 };
struct mailbox;
/* `wake` is called after something was put in, by the thread that did. */
struct mailbox *mailbox_new(void (*wake)(void *self), void *self);
void mailbox_free(struct mailbox *mailbox);
/* Takes a letter made by letter_new. Letters are not capped: each answers something that is. After mailbox_close it is
 * freed at once. */
struct letter *letter_new(enum letter_kind kind);
void mailbox_put(struct mailbox *mailbox, struct letter *letter);
/* News are capped: when MAILBOX_NEWS wait, all of them become "some were missed". */
void mailbox_tell(struct mailbox *mailbox, const struct live_news *news);
void mailbox_close(struct mailbox *mailbox);

/* Edge thread: takes everything out. The letters come in order; news are handed to `each`, `missed` when some were. */
struct letter *mailbox_take(struct mailbox *mailbox);
void mailbox_take_news(struct mailbox *mailbox, void (*each)(void *self, const struct live_news *news),
                       void (*missed)(void *self), void *self);
