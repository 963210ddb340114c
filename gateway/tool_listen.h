/* A listening socket on "127.0.0.1:PORT" or "[::1]:PORT" (0: any free one), and the port it got. Refuses every address
 * that is not loopback: whoever can reach it reaches the product. */
#pragma once
#include "fieldline/result.h"

FL_CHECK enum result tool_listen(const char *text, int *fd, int *port, struct fault *fault);
