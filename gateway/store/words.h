/* Words for full-text search: what is indexed, and what a user asked for. Private to gateway/store.
 *
 * The tokenizer splits at spaces and punctuation; Chinese, Japanese and Korean have none between words. So each such
 * character becomes a word of its own, on both sides, and a run of them is asked for as a phrase. */
#pragma once
#include "fieldline/bytes.h"

enum { WORDS_MAX = 16, WORDS_QUERY_BYTES = 4096 };
/* Appends text, with CJK characters set apart. */
void words_index(const char *text, struct buf *out);
/* Appends an FTS5 expression that wants every word of q in the column `body`, each as the beginning of a word. Nothing
 * of q is syntax. Words without letters or digits are left out; false: none is left, nothing can match. */
FL_CHECK bool words_query(const char *q, struct buf *out);
