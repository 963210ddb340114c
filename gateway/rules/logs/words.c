/* One pass over the bytes: a table tells each byte's class, a word's hash (FNV-1a) grows as it is read. Separators are
 * blanks, brackets, quotes, '=', ',', ';' and '|'; they are not part of the template: "pid=17" and "pid 17" are one
 * kind of line. Masked is a word with a digit (numbers, times, versions, hexadecimal ids, addresses, sda1), one with a
 * '/' or '@' in it (paths, URLs, addresses of mail), and one of eight or more letters a to f. So "E17" and "E18" are
 * one word as well: whoever tells fault codes by their lines writes a pattern.
 *
 * Drain (He et al. 2017) masks by a list of regular expressions, which costs more than all the rest together. */
#include "rules/logs/words.h"

enum { PLAIN, SPACE, DIGIT, MASKING, HEX, UPPER_HEX, UPPER, EDGE };
enum { HEX_WORD_CHARS = 8, LINE_BYTES_MAX = UINT16_MAX };

/* EDGE: '.' ':' '!' '?' and '-' belong to a word only inside of it ("error:", "10.0.0.1"). Bytes above 127 are letters.
 */
static const uint8_t classes[256] = {
    [' '] = SPACE,         ['\t'] = SPACE,   ['\n'] = SPACE,        ['\r'] = SPACE,
    ['\v'] = SPACE,        ['\f'] = SPACE,   ['='] = SPACE,         [','] = SPACE,
    [';'] = SPACE,         ['|'] = SPACE,    ['('] = SPACE,         [')'] = SPACE,
    ['['] = SPACE,         [']'] = SPACE,    ['{'] = SPACE,         ['}'] = SPACE,
    ['<'] = SPACE,         ['>'] = SPACE,    ['"'] = SPACE,         ['\''] = SPACE,
    ['`'] = SPACE,         [0] = SPACE,      ['0' ... '9'] = DIGIT, ['/'] = MASKING,
    ['@'] = MASKING,       ['\\'] = MASKING, ['a' ... 'f'] = HEX,   ['A' ... 'F'] = UPPER_HEX,
    ['G' ... 'Z'] = UPPER, ['.'] = EDGE,     [':'] = EDGE,          ['!'] = EDGE,
    ['?'] = EDGE,          ['-'] = EDGE,     ['*'] = EDGE,          ['#'] = EDGE};

/* Reads one word that begins at `at`; returns where it ends. */
static size_t read_word(const uint8_t *line, size_t at, size_t bytes, uint32_t *hash, size_t *end) {
    uint32_t h = 2166136261u, whole = h;
    bool is_masked = false, is_hex = true;
    size_t start = at;
    for (; at < bytes; at++) {
        const uint8_t class = classes[line[at]];
        if (class == SPACE)
            break;
        const uint8_t c = class == UPPER || class == UPPER_HEX ? (uint8_t)(line[at] | 0x20) : line[at];
        h = (h ^ c) * 16777619u;
        is_masked |= class == DIGIT || class == MASKING;
        is_hex &= class == HEX || class == UPPER_HEX || class == DIGIT;
        if (class != EDGE) {
            whole = h;
            *end = at + 1;
        }
    }
    is_masked |= is_hex && at - start >= HEX_WORD_CHARS;
    *hash = is_masked ? LOG_WORD_ANY : whole == LOG_WORD_ANY ? 1 : whole;
    return at;
}

void log_words_split(const char *text, size_t bytes, struct log_words *out) {
    const uint8_t *line = (const uint8_t *)text;
    size_t at = 0;
    out->count = 0;
    if (bytes > LINE_BYTES_MAX)
        bytes = LINE_BYTES_MAX;
    while (out->count < LOG_WORDS_MAX) {
        while (at < bytes && (classes[line[at]] == SPACE || classes[line[at]] == EDGE))
            at++;
        if (at == bytes)
            return;
        size_t end = at;
        const size_t start = at;
        at = read_word(line, at, bytes, &out->hashes[out->count], &end);
        out->starts[out->count] = (uint16_t)start;
        out->ends[out->count++] = (uint16_t)end;
    }
}
