/* Reads or writes one parameter, once: by its program or its file. Loop thread only. */
#pragma once
#include "loop.h"
#include "param_set.h"

struct param_io;
/* `value` is what was read (of a write: what was written); NULL: it failed, and `why` says how. Called once, from the
 * loop, never before the start returns; the object is gone then. */
typedef void param_io_fn(void *self, const struct parameter_value *value, const struct fault *why);

/* What is read is of the parameter's type; whether it is within its bounds is not asked. */
FL_CHECK enum result param_read(struct loop *loop, const struct param *param, param_io_fn *done, void *self,
                                struct param_io **out, struct fault *fault);
/* A file is on the disk when it is done. That a program did what it was told is known only by reading. */
FL_CHECK enum result param_write(struct loop *loop, const struct param *param, const struct parameter_value *value,
                                 param_io_fn *done, void *self, struct param_io **out, struct fault *fault);
/* Kills the program; `done` is not called. NULL is fine. */
void param_io_cancel(struct param_io *io);
