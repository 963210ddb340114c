/* The packs in use, where other threads find them: they may be exchanged while somebody reads them. Who takes them has
 * them until he returns them; those that were exchanged are freed with their last reader. Any thread. */
#pragma once
#include "rules/pack.h"

struct pack_holder;
struct pack_holder *pack_holder_new(void);                             /* empty */
void pack_holder_free(struct pack_holder *holder);                     /* nobody has any of them any more */
void pack_holder_put(struct pack_holder *holder, struct packs *packs); /* takes them over */
/* NULL while it is empty. */
const struct packs *pack_holder_take(struct pack_holder *holder);
void pack_holder_return(struct pack_holder *holder, const struct packs *packs); /* NULL is fine */
