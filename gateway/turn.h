/* The pipeline thread: turns. A turn takes what is there (messages of the inbox, changes that people ask for, what is
 * due), carries it out in one transaction, commits once, and then tells the world (acknowledgements, answers,
 * notifications). */
#pragma once
#include "core.h"

struct turns;
struct turns *turns_new(struct core *core);
void turns_free(struct turns *turns); /* changes that still wait are dropped unanswered */
/* Hands a change over; any thread. */
void turns_submit(void *turns, struct change *change);
/* Runs until turns_stop; the calling thread becomes the pipeline thread. */
void turns_run(struct turns *turns);
void turns_stop(struct turns *turns); /* any thread */
/* After turns_run has returned: one more turn for the changes that came meanwhile, without messages. */
void turns_last(struct turns *turns);
