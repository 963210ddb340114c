/* See ice.h. The name in the user is for coturn's log only; who asks twice gets two users. */
#include "web/ice.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>

#include "fieldline/json.h"

enum { ADDRESS_BYTES = 255, SHA1_BYTES = 20, PASSWORD_CHARS = 28 };

/* The next word of a list separated by blanks; false at its end. */
static bool next_word(const char **at, char word[ADDRESS_BYTES + 1]) {
    *at += strspn(*at, " ");
    size_t chars = strcspn(*at, " ");
    if (chars == 0) {
        return false;
    }
    snprintf(word, ADDRESS_BYTES + 1, "%.*s", (int)(chars < ADDRESS_BYTES ? chars : ADDRESS_BYTES), *at);
    *at += chars;
    return true;
}

static bool is_of_kind(const char *word, const char *plain, const char *secure) {
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-[]?=";
    const char *scheme = strncmp(word, secure, strlen(secure)) == 0 ? secure : plain;
    size_t chars = strlen(scheme);
    return strncmp(word, scheme, chars) == 0 && word[chars] != '\0' && strspn(word, allowed) == strlen(word);
}

static enum result check_list(const char *list, const char *key, const char *plain, const char *secure,
                              struct fault *fault) {
    char word[ADDRESS_BYTES + 1];
    for (const char *at = list != NULL ? list : ""; next_word(&at, word);) {
        if (!is_of_kind(word, plain, secure)) {
            return fault_set(fault, RESULT_BAD_INPUT, "'%s' has '%s', expected %sHOST:PORT", key, word, plain);
        }
    }
    return RESULT_OK;
}

enum result ice_check(const struct ice_options *options, struct fault *fault) {
    enum result result = check_list(options->stun, "call_stun", "stun:", "stuns:", fault);
    if (result == RESULT_OK) {
        result = check_list(options->turn, "call_turn", "turn:", "turns:", fault);
    }
    if (result == RESULT_OK && options->turn != NULL && (options->secret == NULL || options->secret[0] == '\0')) {
        result = fault_set(fault, RESULT_BAD_INPUT, "'call_turn' needs 'call_turn_secret'");
    }
    return result;
}

static void print_urls(const char *list, struct json_out *j) {
    char word[ADDRESS_BYTES + 1];
    jo_array(j, "urls");
    for (const char *at = list; next_word(&at, word);) {
        jo_str(j, NULL, word);
    }
    jo_end(j);
}

void ice_print(const struct ice_options *options, const char *name, int64_t wall_ms, struct buf *out) {
    struct json_out j = json_out(out);
    jo_array(&j, NULL);
    if (options->stun != NULL && options->stun[0] != '\0') {
        jo_object(&j, NULL);
        print_urls(options->stun, &j);
        jo_end(&j);
    }
    if (options->turn != NULL && options->turn[0] != '\0' && options->secret != NULL) {
        char user[128];
        unsigned char code[EVP_MAX_MD_SIZE] = {0};
        char password[PASSWORD_CHARS + 1];
        unsigned count = 0;
        snprintf(user, sizeof user, "%lld:%s", (long long)(wall_ms / 1000 + ICE_LIFE_S), name);
        HMAC(EVP_sha1(), options->secret, (int)strlen(options->secret), (const unsigned char *)user, strlen(user), code,
             &count);
        EVP_EncodeBlock((unsigned char *)password, code, SHA1_BYTES);
        jo_object(&j, NULL);
        print_urls(options->turn, &j);
        jo_str(&j, "username", user);
        jo_str(&j, "credential", password);
        jo_end(&j);
        wipe(password, sizeof password);
    }
    jo_end(&j);
}
