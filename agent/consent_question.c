/* The question's text. The agent writes it, not the gateway, and an answer from the owner's page names its hash: what
 * the owner has read is what the agent has asked, whoever carried it. */
#include "consent_question.h"

#include "fieldline/capability_words.h"
#include "fieldline/clock.h"
#include "fieldline/json.h"

enum { NONCE_BYTES = 16 };

void consent_question_print(const struct agent_config *config, const struct consent_question *q, struct buf *out) {
    uint8_t nonce[NONCE_BYTES];
    char nonce_hex[2 * NONCE_BYTES + 1];
    random_bytes(nonce, sizeof nonce);
    hex_encode(nonce, sizeof nonce, nonce_hex);
    struct json_out j = json_out(out);
    jo_object(&j, NULL);
    jo_str(&j, "session", q->session);
    jo_str(&j, "device", config->device);
    jo_str(&j, "model", config->model != NULL ? config->model : "");
    jo_str(&j, "serial", config->serial != NULL ? config->serial : "");
    jo_int(&j, "ticket", q->ticket);
    jo_str(&j, "subject", q->subject);
    jo_str(&j, "engineer", q->engineer);
    jo_str(&j, "role", q->role != NULL ? q->role : "");
    jo_str(&j, "reason", q->reason);
    capabilities_write(&j, "capabilities", q->capabilities);
    capability_words_print(q->capabilities, &j, "words");
    jo_int(&j, "minutes", (q->duration_ms + 59999) / 60000);
    jo_int(&j, "wait_s", q->wait_ms / 1000);
    jo_int(&j, "asked_ms", clock_wall_ms());
    jo_str(&j, "nonce", nonce_hex);
    jo_end(&j);
}
