/* What the bytes sent to a terminal mean: characters, controls, and escape sequences with their numbers. Strings
 * (title, clipboard, links, images: OSC, DCS, APC, PM, SOS) mean nothing here and are skipped. Pure; nothing is kept
 * but where in a sequence or character the last write ended, so bytes may be cut anywhere. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { ESCAPE_NUMBERS = 16, ESCAPE_NUMBER_MAX = 9999 };
struct escape_csi {
    char mark;         /* '?', '>', '<', '=' behind CSI; 0: none */
    char intermediate; /* the last of ' ' to '/'; 0: none */
    char final;
    int count; /* of numbers; what is missing is -1, what is larger than ESCAPE_NUMBER_MAX is that */
    int number[ESCAPE_NUMBERS];
};
struct escape_ops {
    void (*print)(void *self, uint32_t character); /* never a control; U+FFFD for what is no UTF-8 */
    void (*control)(void *self, uint8_t code);     /* below 0x20, and 0x7f */
    void (*escape)(void *self, char intermediate, char final);
    void (*csi)(void *self, const struct escape_csi *csi);
};
struct escape { /* private; zero to begin with */
    int state;
    uint32_t character;
    int left;       /* bytes of a character to come */
    uint32_t least; /* that it must be, or it was spelled too long */
    char intermediate;
    struct escape_csi csi;
};
void escape_feed(struct escape *escape, const struct escape_ops *ops, void *self, const uint8_t *bytes, size_t count);
