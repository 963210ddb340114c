/* The format of a recorded session. Beside each other in one directory:
 *
 *   ID.cast    asciicast v2: a header line, then [seconds,"o"|"i"|"r",text] lines. Text is exactly a frame's bytes.
 *   ID.jsonl   first line: {"transcript":"fieldline.transcript.1","session":..,"device":..,"ticket":..,"engineer":..,
 *              "subject":..,"capabilities":[..],"started_ms":..}; then one line a frame, members in this order:
 *                {"n":1,"dir":"up","t_ms":0,"ch":0,"by":"freezer-7","len":57,"data":{...}}        control: exact bytes
 *                {"n":2,"dir":"down","t_ms":9,"ch":0,"by":"ann","cast":1,"len":61,"data":{...}}   sets the cast's size
 *                {"n":3,"dir":"up","t_ms":31,"ch":1,"by":"freezer-7","cast":2,"len":12}           bytes: that cast line
 *                {"n":4,"dir":"down","t_ms":40,"ch":2,"by":"ann","len":17,"leaf":"<hex>"}         secret: hash alone
 *                or {..,"leaf":"<hex>","escrow":"<base64url>"}: sealed for who decides disputes (escrow.h)
 *                {"n":5,"dir":"up","t_ms":40,"ch":3,"by":"freezer-7","len":900,"leaf":"<hex>"}    stream: hash alone
 *                {"n":6,"dir":"up","t_ms":40,"ch":3,"by":"freezer-7","len":42,"data":"<base64url>"}  or to be replayed
 *                {"n":7,"dir":"gate","t_ms":41,"ch":0,"by":"","len":44,"data":{...}}              gateway's own
 *              `n` counts from 1 without a hole; `cast` is a line number of the cast (1: its header); each cast line is
 *              named once, in order. `data` comes last; of a control frame it is `len` bytes, as they were sent
 *   ID.heads   heads.h: signatures under way
 *   ID.seal    seal.h: the signature of the end
 *   ID.key     vault.h: the key of the four, when they lie encrypted
 *
 * Three hashes run over it. The line chain covers every byte of both files:
 *   head 0 = SHA-256("fieldline.transcript.1/" session)
 *   head' = SHA-256(head || line of .jsonl [|| its line of .cast])         (lines with their newline)
 * and the product's two direction chains (fieldline/session.h) cover what was said.
 */
#pragma once
#include <stdint.h>

#include "fieldline/session.h"

#define TRANSCRIPT_FORMAT "fieldline.transcript.1"
enum {
    TRANSCRIPT_NAME_BYTES = 63,
    TRANSCRIPT_SUBJECT_BYTES = 255,
    TRANSCRIPT_LINE_BYTES = CAP_FRAME_BYTES * 6 + 1024, /* every byte escaped as \u00xx */
    TRANSCRIPT_PATH_BYTES = 1024
};

/* Running sums over a transcript, the same for the writer and the reader. */
struct transcript_sums {
    char session[CAP_UUID_BYTES + 1], device[CAP_DEVICE_ID_BYTES + 1];
    int64_t started_ms;
    int64_t last_t_ms;
    uint64_t frames; /* lines of the .jsonl but the first */
    uint8_t lines[SHA256_BYTES];
    struct chain up, down;
    uint64_t cast_lines, cast_bytes, jsonl_bytes;
};
void transcript_sums_begin(struct transcript_sums *sums, const char *session, const char *device, int64_t started_ms);

enum transcript_dir { TRANSCRIPT_UP, TRANSCRIPT_DOWN, TRANSCRIPT_GATE };

/* The first line. */
struct transcript_head {
    char session[CAP_UUID_BYTES + 1], device[CAP_DEVICE_ID_BYTES + 1], engineer[TRANSCRIPT_NAME_BYTES + 1];
    char subject[TRANSCRIPT_SUBJECT_BYTES + 1];
    int64_t ticket, started_ms;
    uint32_t capabilities;
};
/* Any other. `data` points into the line. */
struct transcript_line {
    uint64_t n;
    enum transcript_dir dir;
    int64_t t_ms;
    uint8_t channel;
    char by[TRANSCRIPT_NAME_BYTES + 1];
    bool has_cast, has_data, has_leaf;
    uint64_t cast;
    size_t frame_bytes; /* `len` */
    const char *data;   /* transcript_data_chars of it */
    uint8_t leaf[SHA256_BYTES];
    const char *escrow; /* base64url, points into the line; NULL: none */
    size_t escrow_chars;
};
/* How much `data` a line has: a control frame's bytes, or a stream's as base64url in quotes. */
size_t transcript_data_chars(const struct transcript_line *line);
/* An event line of the cast. */
struct transcript_cast {
    int64_t t_ms;
    char kind; /* 'o' output, 'i' input, 'r' resize */
    const char *text;
    size_t count;
};
/* The writer's side: each appends one line with its newline. */
void transcript_head_print(const struct transcript_head *head, struct buf *out);
void transcript_line_print(const struct transcript_line *line, struct buf *out);
void transcript_cast_print(const struct transcript_cast *cast, struct buf *out);
void transcript_cast_head_print(const struct transcript_head *head, int columns, int rows, struct buf *out);

/* The reader's: one line without its newline, from anywhere; refuses every byte that the writer would not have written.
 * `data` points into `line`; a cast's text is put into `text`. */
FL_CHECK enum result transcript_head_parse(const char *line, size_t chars, struct transcript_head *out,
                                           struct fault *fault);
FL_CHECK enum result transcript_line_parse(const char *line, size_t chars, struct transcript_line *out,
                                           struct fault *fault);
FL_CHECK enum result transcript_cast_parse(const char *line, size_t chars, struct transcript_cast *out,
                                           struct buf *text, struct fault *fault);
FL_CHECK enum result transcript_cast_head_parse(const char *line, size_t chars, struct fault *fault);

/* Adds a frame's line and its line of the cast (NULL: none), newlines included; `leaf` is the frame's, NULL for the
 * gateway's own. */
void transcript_sums_add(struct transcript_sums *sums, const struct transcript_line *line,
                         const uint8_t leaf[SHA256_BYTES], const struct buf *jsonl, const struct buf *cast);
/* The first line. */
void transcript_sums_head(struct transcript_sums *sums, const struct buf *jsonl);

/* "DIR/ID.cast", ".jsonl", ".seal" or "DIR/ID" -> "DIR/ID" (room TRANSCRIPT_PATH_BYTES); refuses a name that is no
 * UUID. */
FL_CHECK enum result transcript_base(const char *path, char out[TRANSCRIPT_PATH_BYTES], struct fault *fault);
