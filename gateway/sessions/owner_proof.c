/* An owner's consent is a text that his phone has signed; the product has checked it before it let anybody in, and has
 * put it into its first frame, which it countersigns with all others. So who verifies a recording can see, with the
 * recording alone, that the owner and not the maker said yes, to what, and for how long.
 *
 * Which key is the owner's, the product alone knows: it had enrolled it. The key's SHA-256 is shown, for whoever wants
 * to compare it with the one that the phone shows. */
#include "sessions/owner_proof.h"

#include <stdio.h>
#include <string.h>

#include "fieldline/json.h"
#include "fieldline/owner.h"

struct claim {
    const char *statement, *signature, *key, *point;
    uint32_t capabilities;
    struct session_consent consent;
};

static enum result read_claim(const struct json *params, struct claim *out, struct fault *fault) {
    const struct json *consent = json_get(params, "consent");
    enum result result;
    if (consent == NULL || !json_is_object(consent)) {
        return fault_set(fault, RESULT_BAD_INPUT, "there is no consent");
    }
    if ((result = capabilities_read(params, "capabilities", &out->capabilities, fault)) != RESULT_OK ||
        (result = json_string(consent, "statement", OWNER_STATEMENT_BYTES, &out->statement, fault)) != RESULT_OK ||
        (result = json_string(consent, "signature", OWNER_SIGNATURE_CHARS, &out->signature, fault)) != RESULT_OK ||
        (result = json_string(consent, "key", SHA256_HEX_BYTES - 1, &out->key, fault)) != RESULT_OK) {
        return result;
    }
    return json_string(consent, "point", OWNER_POINT_CHARS, &out->point, fault);
}

static enum result check_signature(const struct claim *c, struct fault *fault) {
    uint8_t point[POINT_BYTES];
    char id[SHA256_HEX_BYTES];
    if (!owner_point_parse(c->point, point)) {
        return fault_set(fault, RESULT_BAD_INPUT, "'point' is no point");
    }
    owner_key_id(point, id);
    if (strcmp(id, c->key) != 0) {
        return fault_set(fault, RESULT_DENIED, "the key is another than the one it names");
    }
    return owner_check(c->statement, c->signature, point, fault);
}

/* Is it about this session, and does it allow what was done? */
static const char *find_gap(const struct transcript_head *head, const struct claim *c,
                            const struct owner_statement *says) {
    const bool is_window = strcmp(c->consent.method, "window") == 0;
    if (says->kind != (is_window ? OWNER_WINDOW : OWNER_CONSENT)) {
        return "something else was signed";
    }
    if (strcmp(says->device, head->device) != 0) {
        return "it is about another product";
    }
    if (is_window && (c->consent.at_ms < says->begins_ms || c->consent.at_ms >= says->ends_ms)) {
        return "it was not open then";
    }
    if (is_window && strcmp(says->engineer, OWNER_ANY_ENGINEER) != 0 && strcmp(says->engineer, head->engineer) != 0) {
        return "it is for another engineer";
    }
    if (!is_window && strcmp(says->session, head->session) != 0) {
        return "it is about another session";
    }
    if (!is_window && !says->is_allowed) {
        return "the owner refused";
    }
    if ((c->capabilities & ~says->capabilities) != 0) {
        return "it allows less than was possible";
    }
    return c->consent.until_ms - c->consent.at_ms > says->minutes * 60000 ? "it is for a shorter time" : NULL;
}

static enum result check(const struct transcript_head *head, const struct json *params, struct claim *c,
                         struct fault *fault) {
    struct owner_statement says;
    enum result result;
    if ((result = read_claim(params, c, fault)) != RESULT_OK || (result = check_signature(c, fault)) != RESULT_OK ||
        (result = owner_statement_parse(c->statement, strlen(c->statement), &says, fault)) != RESULT_OK) {
        return result;
    }
    const char *gap = find_gap(head, c, &says);
    return gap == NULL ? RESULT_OK : fault_set(fault, RESULT_DENIED, "%s", gap);
}

void owner_proof_read(const struct transcript_head *head, const uint8_t *frame, size_t count, struct owner_proof *out) {
    struct json *message = NULL;
    struct claim claim = {0};
    struct fault fault = {""};
    const char *method;
    *out = (struct owner_proof){0};
    if (json_parse((const char *)frame, count, &message, NULL) != RESULT_OK || !json_is_object(message) ||
        json_string(message, "method", 63, &method, NULL) != RESULT_OK || strcmp(method, "session.hello") != 0) {
        json_free(message);
        return;
    }
    const struct json *params = json_get(message, "params");
    if (params != NULL && json_is_object(params) && session_consent_read(params, &claim.consent, NULL) == RESULT_OK) {
        out->is_signed = strcmp(claim.consent.method, "page") == 0 || strcmp(claim.consent.method, "window") == 0;
        out->holds = out->is_signed && check(head, params, &claim, &fault) == RESULT_OK;
    }
    if (out->is_signed) {
        snprintf(out->text, sizeof out->text, "consent signed by %.63s%s%s", claim.consent.by,
                 out->holds ? ", holds" : ", does not hold: ", fault.text);
    }
    json_free(message);
}
