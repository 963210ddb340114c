/* Devices that speak Sparkplug, thin-edge.io or plain JSON instead of our agent's wire: the pipeline's side of the
 * adapters. What a statement says goes through the same code as an agent's message and ends in the same tables.
 *
 * There is no acknowledgement to such a device, so its messages are kept apart: an inbox of their own, filled by a
 * connection of their own, and drained a bounded number in each turn, so that no stranger can slow agents down. (Paho
 * has one receiving thread for all connections of a process: this inbox never makes it wait, it drops.) When a turn
 * fails, its foreign messages wait and are taken again: nobody else would send them again.
 *
 * An id belongs to whoever introduced it: adapters never write as a device that an agent has introduced, and an agent
 * (it has a certificate) takes over an id that an adapter made. All functions take NULL for "no adapters". */
#pragma once
#include "core.h"
#include "ingest/adapters/adapters.h"

enum { FOREIGN_PER_TURN = 300, FOREIGN_POLL_MS = MQTT_WAKE_EVERY_MS };

struct foreign;
/* Takes over `adapters` and `inbox`. */
struct foreign *foreign_new(struct core *core, struct adapters *adapters, struct inbox *inbox, size_t devices_max);
void foreign_free(struct foreign *f);
struct adapters *foreign_adapters(const struct foreign *f);
struct inbox *foreign_inbox(const struct foreign *f);
const char *foreign_state_topic(const struct foreign *f); /* "": no Sparkplug */
void foreign_set_state_topic(struct foreign *f, const char *topic);
/* The connection that it publishes to; stays the caller's. */
void foreign_use(struct foreign *f, struct mqtt *mqtt);

/* As the settings say (foreign_start.c). Reads the mapping file; *out stays NULL when adapters are off. */
FL_CHECK enum result foreign_start(struct core *core, struct foreign **out, struct fault *fault);
/* `check`: everything that can be known without the broker; problems as lines. */
FL_CHECK enum result foreign_check(const struct settings *settings, struct buf *problems);
/* Begins to connect, once the store is read. */
FL_CHECK enum result foreign_connect(struct core *core, struct fault *fault);
/* Nothing comes in any more; what is in the inbox stays to be taken. */
void foreign_disconnect(struct foreign *f);

/* Takes what is there; inside the turn's transaction. */
FL_CHECK enum result foreign_turn(struct foreign *f);
/* The turn was committed: what it took is done with. */
void foreign_committed(struct foreign *f);
bool foreign_is_waiting(const struct foreign *f); /* there is more to take */
/* How long the pipeline may wait for other messages; `most` when nothing is expected here. */
int64_t foreign_wait_ms(const struct foreign *f, int64_t most);
struct mqtt *foreign_mqtt(const struct foreign *f); /* NULL: not connecting */

/* Loading: all is forgotten; then each device of the store is offered. `agent` tells who introduced it. */
void foreign_forget(struct foreign *f);
void foreign_remember(struct foreign *f, const char *device, const char *agent, const char *serial,
                      const char *firmware);
/* An agent has introduced itself with this id. */
void foreign_yield(struct foreign *f, const char *device);

/* What the store has as the agent of a device that an adapter introduced; no agent may call itself so. */
#define FOREIGN_AGENT "adapter "

struct foreign_figures {
    uint64_t messages, refused, received, dropped, rebirths_asked, gaps;
    size_t devices, waiting;
    bool is_enabled;
};
struct foreign_figures foreign_read_figures(const struct foreign *f);
