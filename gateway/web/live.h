/* /live: who wants to know that something changed (subprotocol fieldline.live.1). Edge thread only. */
#pragma once
#include "web/edge.h"

#define LIVE_PROTOCOL "fieldline.live.1"
enum { LIVE_SUBSCRIBERS = 512 };
struct live;
struct live *live_new(void);
void live_free(struct live *live); /* after the last socket has gone */
/* RESULT_BUSY: LIVE_SUBSCRIBERS are there already. */
FL_CHECK enum result live_join(struct live *live, struct socket *socket);
void live_tell(struct live *live, const struct live_news *news);
void live_missed(struct live *live);
