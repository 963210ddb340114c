/* Evidence: what a product measured in the minutes before an alarm, at the rate at which it came in, asked for by the
 * gateway afterwards. Here is what travels: a block of records, what is asked, and how a part of it is answered.
 *
 * A block is self-contained bytes, no longer than its owner's room:
 *   version u8 (1), then records, each led by a varint tag whose lowest two bits are its form:
 *     0  sample: time, value            the value as a decimal, told by its difference to the one before of its series
 *     1  sample: time, digits u8, value a decimal with so many digits after the point, told in full
 *     2  sample: time, 8 bytes          any double
 *     3  tag >> 2 == 0: a series begins (chars u8, "metric" or "metric/part"); its number is how many came before
 *        tag >> 2 == 1: a log line (time, severity u8, facility u8, is_cut u8, chars u8 + app, chars varint + text)
 *   Of samples tag >> 2 is the series. Times are milliseconds, the difference to the record before (the first: to 0),
 *   zigzag varints, as are decimals. A sample of a steady series takes 3 to 5 bytes. */
#pragma once
#include "fieldline/json.h"
#include "fieldline/message.h"
#include "fieldline/senml.h"

enum {
    EVIDENCE_SERIES_MAX = 512,        /* in one block */
    EVIDENCE_METRICS_ASKED = 64,      /* names in one wish */
    EVIDENCE_SPAN_MS = 3600 * 1000,   /* longest stretch that may be asked for */
    EVIDENCE_AHEAD_MS = 5 * 60 * 1000 /* how far its end may lie in the future */
};
_Static_assert((int)CAP_EVIDENCE_PART_BYTES * 4 / 3 + 4096 < (int)CAP_PAYLOAD_BYTES, "a part fits in one reply");

/* ---- a block, written ---- */

struct evidence_series {
    int64_t last;       /* the newest decimal */
    uint16_t name_at;   /* in the block */
    uint8_t name_chars; /* of "metric/part" */
    uint8_t digits;     /* of `last`; EVIDENCE_NO_DIGITS: there is none */
    uint8_t metric_chars;
};
enum { EVIDENCE_NO_DIGITS = 255, EVIDENCE_SLOTS = 1024 };

struct evidence_writer {
    uint8_t *bytes; /* the caller's */
    size_t room, count, record_count;
    int64_t last_ms;
    size_t series_count;
    struct evidence_series series[EVIDENCE_SERIES_MAX];
    uint16_t slots[EVIDENCE_SLOTS]; /* 1 + a series, found by its name; 0: free */
};
/* Begins a block in the caller's memory; room: 16 .. 65,535. */
void evidence_begin(struct evidence_writer *w, uint8_t *bytes, size_t room);
/* RESULT_FULL: the block stays as it was, begin another; RESULT_BAD_INPUT: a reader would refuse it: the value is not
 * finite, the time not between 1970 and 9999, a name that is none, a line that is not UTF-8. */
FL_CHECK enum result evidence_add_sample(struct evidence_writer *w, const char *metric, const char *part,
                                         int64_t event_ms, double value);
FL_CHECK enum result evidence_add_log(struct evidence_writer *w, const struct log_record *record);

/* ---- a block, read ---- */

struct evidence_item {
    bool is_log;
    size_t series;              /* of a sample: its number in the block */
    struct senml_record sample; /* unit: "" */
    struct log_record log;
};
struct evidence_reader {
    struct cursor left;
    const uint8_t *bytes;
    int64_t last_ms;
    size_t series_count;
    struct evidence_series series[EVIDENCE_SERIES_MAX];
};
/* RESULT_BAD_INPUT: a version that this program does not know, or nothing at all. */
FL_CHECK enum result evidence_open(struct evidence_reader *r, const void *bytes, size_t count, struct fault *fault);
/* The next record; *is_end: there was none left. RESULT_BAD_INPUT names what is wrong and at which byte. */
FL_CHECK enum result evidence_next(struct evidence_reader *r, struct evidence_item *item, bool *is_end,
                                   struct fault *fault);
size_t evidence_offset(const struct evidence_reader *r); /* of what comes next */

/* ---- asking: the arguments of `evidence.pull` ---- */

#define EVIDENCE_VERB "evidence.pull"
/* {"evidence":"uuid","from":ms,"to":ms,"at":0,"recorder":"","max_bytes":24576,"metrics":["a"]}: from <= t <= to, by the
 * product's clock. `at` and `recorder` are of the part before, 0 and "" for the first; metrics: none given: all, and
 * log lines too. */
struct evidence_wish {
    char evidence[CAP_UUID_BYTES + 1];
    int64_t from_ms, to_ms;
    uint64_t at;
    char recorder[CAP_UUID_BYTES + 1];
    size_t max_bytes; /* of this part's block: 1 KiB .. CAP_EVIDENCE_PART_BYTES */
    size_t metric_count;
    char metrics[EVIDENCE_METRICS_ASKED][CAP_METRIC_BYTES + 1];
};
FL_CHECK enum result evidence_wish_read(const struct json *args, struct evidence_wish *out, struct fault *fault);
void evidence_wish_print(const struct evidence_wish *wish, struct buf *out);

/* ---- answering: the result of the reply ---- */

/* {"evidence":"uuid","recorder":"uuid","next":0,"held_from":ms,"held_to":ms,"missed":0,"block":"base64url"}: next is
 * `at` of the part after this one, 0 when this was the last; held: what the recorder holds at all (0 and 0: nothing);
 * missed: records that it had no room for since it began to hold still for this evidence. */
struct evidence_part {
    char evidence[CAP_UUID_BYTES + 1], recorder[CAP_UUID_BYTES + 1];
    uint64_t next, missed;
    int64_t held_from_ms, held_to_ms;
    const uint8_t *block; /* of evidence_part_read: inside `holder` */
    size_t block_bytes;
    struct buf holder;
};
/* All or nothing, but the block is not looked into. Free with evidence_part_fini, also after a failure. */
FL_CHECK enum result evidence_part_read(const struct json *result, struct evidence_part *out, struct fault *fault);
void evidence_part_print(const struct evidence_part *part, struct buf *out);
void evidence_part_fini(struct evidence_part *part);
