/* The devices of one process and the loop that drives them: who may send what now, and waiting when nobody may. One
 * thread. */
#pragma once
#include "device.h"
#include "options.h"

struct traffic;
/* Connects all devices; they have introduced themselves when it returns. */
struct traffic *traffic_new(const struct load_options *options);
void traffic_free(struct traffic *traffic);
/* Warms up, measures, and waits until everything is acknowledged; dies when nothing moves for long. */
void traffic_run(struct traffic *traffic);
void traffic_report(struct traffic *traffic);
