/* The adapter for Sparkplug B 3.0 (Eclipse Foundation): the host application's side of births, data and deaths.
 *
 *   spBv1.0/GROUP/{NBIRTH,NDATA,NDEATH}/NODE        spBv1.0/GROUP/{DBIRTH,DDATA,DDEATH}/NODE/DEVICE
 *   spBv1.0/GROUP/NCMD/NODE                         (asks for a birth)       spBv1.0/STATE/HOST (ours:
 * sparkplug_state.h)
 *
 * A node is the device "sp-GROUP--NODE", a device of it "sp-GROUP--NODE--DEVICE". */
#pragma once
#include "ingest/adapters/adapter.h"

struct sparkplug;
struct sparkplug *sparkplug_new(const struct mappings *mappings);
void sparkplug_free(struct sparkplug *s);
/* Everybody has to introduce himself again. */
void sparkplug_forget(struct sparkplug *s);
/* RESULT_NOT_FOUND: not a topic of this adapter. */
FL_CHECK enum result sparkplug_receive(struct sparkplug *s, struct statement *scratch, const struct foreign_message *m,
                                       const struct adapter_sink *sink, char device[CAP_DEVICE_ID_BYTES + 1],
                                       struct fault *fault);
struct sparkplug_figures {
    uint64_t rebirths_asked, gaps; /* gaps: messages whose sequence number did not follow */
};
struct sparkplug_figures sparkplug_read_figures(const struct sparkplug *s);
