/* What the owner is asked, as text: the JSON object that a consent hook reads and that the owner's page shows. */
#pragma once
#include "agent_config.h"
#include "fieldline/bytes.h"

enum { CONSENT_QUESTION_BYTES = 12 * 1024 };
struct consent_question {
    const char *session, *subject, *engineer, *role, *reason; /* role: of the engineer; "" when nobody said */
    int64_t ticket;
    uint32_t capabilities; /* asked for */
    int64_t duration_ms;   /* asked for */
    int64_t wait_ms;       /* for the answer */
};
/* {"session","device","model","serial","ticket","subject","engineer","role","reason","capabilities":[..],"words":{..}
 * (capability_words.h),"minutes","wait_s","asked_ms","nonce"}: the nonce makes two questions never the same text. */
void consent_question_print(const struct agent_config *config, const struct consent_question *question,
                            struct buf *out);
