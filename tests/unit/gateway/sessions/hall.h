/* A live session with somebody of each part in it and an open terminal, on stage.h: ann works, bob is another engineer,
 * vera watches, sun moderates, "guest Li" may watch, call and chat, "guest No" may nothing, and ann has a tool. */
#pragma once
#include "stage.h"

struct hall {
    struct stage s; /* its engineer is ann */
    struct leg bob, watcher, moderator, guest, stranger, tool;
    const char *gone; /* what the relay is told of guests' links */
};
void hall_open(struct hall *h);
/* Before the session is live: the same with a session that needs a moderator, ann and bob alone. */
void hall_open_moderated(struct hall *h);
void hall_close(struct hall *h);
void hall_join(struct hall *h, struct leg *leg, const struct relay_person *person);
void hall_leave(struct hall *h, struct leg *leg);
/* In the order typist, bob, watcher, moderator, guest, stranger, tool. */
struct leg *hall_leg(struct hall *h, size_t index);
/* The last message with this method, or NULL. */
const char *hall_last(const struct leg *leg, const char *method);
void hall_says(struct hall *h, struct leg *leg, const char *method, const char *params); /* with an id */
/* In order, countersigned. */
void hall_end(struct hall *h);
