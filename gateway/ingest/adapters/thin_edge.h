/* The adapter for thin-edge.io's MQTT interface: what is below te/ (or the `topic` of the section).
 *
 *   te/device/ID//                    registration, retained: @type, name, type
 *   te/device/ID///m/TYPE             measurements
 *   te/device/ID///e/TYPE  a/TYPE     events; alarms (retained; an empty payload clears)
 *   te/device/ID///twin/TYPE          name, type, firmware
 *   te/device/ID/service/SID/status/health    a service is up or down
 *
 * te/device/ID// is the device "te-ID"; another entity te/A/B/C/D is "te-A--B--C--D". Measurements, events and alarms
 * of a service are its device's. */
#pragma once
#include "ingest/adapters/adapter.h"

enum { THIN_EDGE_ENTITIES_MAX = 20000 };

struct thin_edge;
struct thin_edge *thin_edge_new(const struct mappings *mappings);
void thin_edge_free(struct thin_edge *t);
/* What registrations and twins said is forgotten: they are retained, the broker says them again. */
void thin_edge_forget(struct thin_edge *t);
/* RESULT_NOT_FOUND: not a topic of this adapter. */
FL_CHECK enum result thin_edge_receive(struct thin_edge *t, struct statement *scratch, const struct foreign_message *m,
                                       const struct adapter_sink *sink, char device[CAP_DEVICE_ID_BYTES + 1],
                                       struct fault *fault);
