/* What leaves the recording for other places (search, report) passes through here, so that patterns which must not be
 * seen there (sessions/mask.h) are taken out in one place. */
#pragma once
#include "fieldline/bytes.h"

/* Appends the text as it may be shown. */
void redact_text(const char *text, struct buf *out);
