/* Records as they nearly always are: the members n, v and, if at all, t and u; no white space, no escapes, short
 * numbers. Everything else goes the long way (senml_decode.c), which reads these as well and gives the same.
 *
 * A pack says the same few names over and over, in the same order. A name that was read and checked is remembered, with
 * the one that came after it, so that a record that looks as expected is compared instead of parsed. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SENML_NAMES = 64 };
struct senml_name {
    const char *name, *unit; /* inside the quotes; has_unit false: none was said */
    const char *before,
        *from; /* `"u":"W",` and `"n":"power","v":` as they stand in the text; from NULL: in other order */
    uint16_t name_count, unit_count, before_count, from_count;
    uint16_t record; /* the first of this name */
    uint8_t next;    /* slot of the name that came after it */
    bool has_unit;
};
struct senml_names {
    uint64_t is_set;       /* a bit a slot */
    uint8_t last;          /* slot of the record before */
    const char *time_text; /* of the record before, with its comma */
    size_t time_count;
    double time;
    struct senml_name slots[SENML_NAMES];
};
_Static_assert(SENML_NAMES == 64, "a bit a slot");
void senml_names_forget(struct senml_names *names);

struct senml_plain {
    struct senml_name name;  /* what stands in this record; from and before too */
    bool has_time, is_known; /* known: name.record is an earlier record of the same name and unit */
    uint8_t slot;            /* private: for senml_names_keep */
    double time, value;
};
/* `at` is behind the record's brace. Returns the place behind the closing one; NULL: it is not such a record. */
const char *senml_plain_read(struct senml_names *names, const char *at, const char *end, struct senml_plain *out);
/* The record was found right and is out[record]: its name need not be checked again. Its text must stay. */
void senml_names_keep(struct senml_names *names, const struct senml_plain *plain, uint16_t record);
