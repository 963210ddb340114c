/* Where other programs of the product send datagrams: a Unix socket (mode 0660) and a UDP port on 127.0.0.1.
 * Nothing outside the machine can reach either. */
#pragma once
#include <stddef.h>

#include "loop.h"

struct intake;
/* One datagram; `bytes` is at most INTAKE_DATAGRAM_BYTES. */
enum { INTAKE_DATAGRAM_BYTES = 16 * 1024 };
typedef void intake_fn(void *self, const void *datagram, size_t bytes);

/* Either way may be off (path NULL, port 0). The Unix socket replaces one that a killed agent left; it is removed again
 * by intake_close. */
FL_CHECK enum result intake_open(struct loop *loop, const char *name, const char *path, int64_t port, intake_fn *fn,
                                 void *self, struct intake **out, struct fault *fault);
void intake_close(struct intake *intake);
/* Datagrams longer than INTAKE_DATAGRAM_BYTES: dropped, because half of one means something else. */
uint64_t intake_dropped_count(const struct intake *intake); /* by the kernel, from UDP: they came too fast */
uint64_t intake_oversize_count(const struct intake *intake);
