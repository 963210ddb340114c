/* The service port of a simulated product: a folder. A technician (or an engineer in a remote session) writes a command
 * into service.txt and reads the answer in controller.log; sheets such as sensors.txt hold what the controller knows,
 * for diagnostics. Files, so that a shell is all the tool one needs. One owner, one thread. */
#pragma once
#include "fieldline/bytes.h"

struct service_port;
/* The folder must exist. */
struct service_port *service_port_new(const char *folder);
void service_port_free(struct service_port *port);

/* The command that waits: its first line, at most `room` - 1 bytes; the file is taken away. false: none. */
FL_CHECK bool service_port_take(struct service_port *port, char *out, size_t room);
/* Appends a line with the time to controller.log. */
void service_port_note(struct service_port *port, const char *text);
/* Replaces the sheet NAME at once (a reader never sees half of it). */
void service_port_sheet(struct service_port *port, const char *name, struct buf *text);
/* The number in the file NAME; false: there is none. */
FL_CHECK bool service_port_setting(struct service_port *port, const char *name, double *out);
