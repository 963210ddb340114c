/* Where collectors put what they found. The owner of the collectors fills it in; a collector knows nothing behind it.
 * Records are copied before a call returns. Called on the loop thread. */
#pragma once
#include "fieldline/message.h"
#include "fieldline/senml.h"
#include "losses.h"

struct sink {
    void *self;
    void (*sample)(void *self, const struct senml_record *record);
    /* The same measurements as they came in, before anything is added up: at full rate. */
    void (*raw)(void *self, const struct senml_record *record);
    /* While somebody observes (collectors_watch): as it comes in, and the host measured more often. NULL: nobody can.
     */
    void (*live)(void *self, const struct senml_record *record);
    void (*log)(void *self, const struct log_record *record);
    void (*event)(void *self, const struct event_message *event);
    /* Something could not be taken; it happened just now. 0: how many is not known. */
    void (*lost)(void *self, enum loss why, uint64_t count);
};
