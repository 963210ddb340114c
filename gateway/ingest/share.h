/* What each device has waiting in the inbox, and how fast it may bring more. Memory is bounded whatever topics say: a
 * device is a place in a table of fixed size, by a hash with a secret of this start; who shares a place shares the
 * bounds, and nobody can aim at a place. Used under the inbox's lock. */
#pragma once
#include "ingest/inbox.h"

struct shares;
struct shares *shares_new(size_t device_bytes_max, int64_t unstamped_per_second);
void shares_free(struct shares *shares);
/* Whether this message may come in; counts it when not. Sets m->share. */
bool shares_admit(struct shares *shares, struct inbound *m, size_t weight);
/* An admitted message was put in, and taken out. */
void shares_put(struct shares *shares, const struct inbound *m, size_t weight);
void shares_took(struct shares *shares, const struct inbound *m, size_t weight);
/* An admitted message came in vain. */
void shares_waste(struct shares *shares, const struct inbound *m);
size_t shares_take_floods(struct shares *shares, struct inbox_flood out[INBOX_FLOODS_KEPT]);
