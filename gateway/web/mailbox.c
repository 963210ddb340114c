/* The edge's mailbox (see mailbox.h): one mutex, a linked list for letters, a ring for news. Owned by the web; others
 * put, the edge thread takes. `wake` is called only for the first thing put in since the last take, so a burst of news
 * costs one wake-up. */
#include "web/mailbox.h"

#include <pthread.h>
#include <stdlib.h>

struct mailbox {
    pthread_mutex_t mutex;
    struct letter *first, **last;
    struct live_news news[MAILBOX_NEWS];
    size_t news_count;
    bool has_missed, is_closed, is_woken;
    void (*wake)(void *self);
    void *self;
};

struct letter *letter_new(enum letter_kind kind) {
    struct letter *letter = mem_alloc(sizeof *letter);
    letter->kind = kind;
    return letter;
}

void letter_free(struct letter *letter) {
    if (letter == NULL) {
        return;
    }
    response_free(letter->response);
    change_free(letter->change);
    free(letter->drive);
    wipe(letter, sizeof *letter);
    free(letter);
}

struct mailbox *mailbox_new(void (*wake)(void *self), void *self) {
    struct mailbox *mailbox = mem_alloc(sizeof *mailbox);
    pthread_mutex_init(&mailbox->mutex, NULL);
    mailbox->last = &mailbox->first;
    mailbox->wake = wake;
    mailbox->self = self;
    return mailbox;
}

void mailbox_free(struct mailbox *mailbox) {
    if (mailbox == NULL) {
        return;
    }
    mailbox_close(mailbox);
    pthread_mutex_destroy(&mailbox->mutex);
    free(mailbox);
}

static void unlock_and_wake(struct mailbox *mailbox) {
    bool wakes = !mailbox->is_woken && !mailbox->is_closed;
    mailbox->is_woken = mailbox->is_woken || wakes;
    if (wakes) {
        mailbox->wake(mailbox->self); /* cheap (a pipe write); inside the lock so that nothing is woken after a close */
    }
    pthread_mutex_unlock(&mailbox->mutex);
}

void mailbox_put(struct mailbox *mailbox, struct letter *letter) {
    pthread_mutex_lock(&mailbox->mutex);
    if (!mailbox->is_closed) {
        *mailbox->last = letter;
        mailbox->last = &letter->next;
        letter = NULL;
    }
    unlock_and_wake(mailbox);
    letter_free(letter);
}

void mailbox_tell(struct mailbox *mailbox, const struct live_news *news) {
    pthread_mutex_lock(&mailbox->mutex);
    if (mailbox->news_count < MAILBOX_NEWS) {
        mailbox->news[mailbox->news_count++] = *news;
    } else {
        mailbox->has_missed = true;
    }
    unlock_and_wake(mailbox);
}

void mailbox_close(struct mailbox *mailbox) {
    pthread_mutex_lock(&mailbox->mutex);
    mailbox->is_closed = true;
    pthread_mutex_unlock(&mailbox->mutex);
    for (struct letter *letter = mailbox_take(mailbox); letter != NULL;) {
        struct letter *next = letter->next;
        letter_free(letter);
        letter = next;
    }
}

struct letter *mailbox_take(struct mailbox *mailbox) {
    pthread_mutex_lock(&mailbox->mutex);
    struct letter *letters = mailbox->first;
    mailbox->first = NULL;
    mailbox->last = &mailbox->first;
    mailbox->is_woken = false;
    pthread_mutex_unlock(&mailbox->mutex);
    return letters;
}

void mailbox_take_news(struct mailbox *mailbox, void (*each)(void *self, const struct live_news *news),
                       void (*missed)(void *self), void *self) {
    pthread_mutex_lock(&mailbox->mutex);
    if (mailbox->has_missed) {
        missed(self);
    } else {
        for (size_t i = 0; i < mailbox->news_count; i++) {
            each(self, &mailbox->news[i]);
        }
    }
    mailbox->news_count = 0;
    mailbox->has_missed = false;
    pthread_mutex_unlock(&mailbox->mutex);
}
