/* The packs in use, where other threads find them: they may be exchanged while somebody reads them. Who takes them has
 * them until he returns them; those that were exchanged are freed with their last reader. Any thread. */
#pragma once
#include "rules/pack.h"

struct shelf;
struct shelf *shelf_new(void);                            /* empty */
void shelf_free(struct shelf *shelf);                     /* nobody has any of them any more */
void shelf_put(struct shelf *shelf, struct packs *packs); /* takes them over */
/* NULL while it is empty. */
const struct packs *shelf_take(struct shelf *shelf);
void shelf_return(struct shelf *shelf, const struct packs *packs); /* NULL is fine */
