/* What each capability makes possible, in the plain words that an owner reads before saying yes. One table for the
 * product's own display (the consent hook gets them), the owner's page and reports; Chinese and English. */
#pragma once
#include "fieldline/json.h"
#include "fieldline/session.h"

struct capability_words {
    const char *name; /* two or three words: "Watch" */
    const char *does; /* a sentence: what the engineer will be able to do */
};
/* `language`: "zh" or anything else for English. */
struct capability_words capability_words(enum capability capability, const char *language);
/* The member `key`: {"observe":{"en":{"name":..,"does":..},"zh":{..}},..} for each of the bits. */
void capability_words_print(uint32_t bits, struct json_out *out, const char *key);
