/* A log line as the words that tell what kind of line it is: numbers, addresses, paths and ids are one and the same
 * word, because they differ in each line. */
#pragma once
#include "fieldline/bytes.h"

enum { LOG_WORDS_MAX = 24 /* what comes behind is not looked at */ };
enum { LOG_WORD_ANY = 0 /* the word that stands for all that differ */ };
struct log_words {
    uint32_t hashes[LOG_WORDS_MAX];                      /* of words in small letters; LOG_WORD_ANY: masked */
    uint16_t starts[LOG_WORDS_MAX], ends[LOG_WORDS_MAX]; /* bytes of the line */
    int count;
};
/* Any bytes; at most the first 65,535 are looked at. */
void log_words_split(const char *line, size_t bytes, struct log_words *out);
