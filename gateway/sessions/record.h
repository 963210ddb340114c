/* The transcript writer: <session>.cast (asciicast v2) and <session>.jsonl (one line a frame) below one directory.
 * A record_* call that returns RESULT_OK has written its bytes (write(2), both files); they survive this process. What
 * survives the machine is bounded by record_sync. After the first failure every call fails: the session must end.
 * The format is transcript.h's. */
#pragma once
#include "fieldline/keys.h"
#include "sessions/flush.h"
#include "sessions/vault.h"

struct record;
struct record_options {
    const struct vault *vault; /* NULL: not encrypted */
    const char *dir, *session, *device, *engineer, *subject;
    const struct key *seal_key;   /* signs heads (heads.h), borrowed; NULL: there are none */
    const struct box_key *escrow; /* of who decides disputes, borrowed; NULL: hidden input is not kept */
    int64_t ticket;
    uint32_t capabilities;
    int64_t wall_ms;   /* when it starts */
    int64_t cap_bytes; /* of both files together; beyond: RESULT_FULL */
};
/* Fails when the files exist already or cannot be made; leaves nothing behind then. */
FL_CHECK enum result record_open(const struct record_options *options, struct record **out, struct fault *fault);
/* Goes on after what `sums` have counted, for recover.h; both files must end there. */
FL_CHECK enum result record_resume(const struct vault *vault, const char *base, const struct transcript_head *head,
                                   const struct transcript_sums *sums, struct record **out, struct fault *fault);
/* Does not seal; closes the files. */
void record_close(struct record *record);

/* A frame of one of the product's chains. `t_ms` since the start. A terminal frame also becomes a line of the cast; of
 * a secret one only the leaf and the length are kept. */
FL_CHECK enum result record_frame(struct record *record, enum direction dir, const struct frame *frame, const char *by,
                                  int64_t t_ms, struct fault *fault);
/* A frame of a stream: its leaf and length, or with its bytes too, so that the stream can be replayed. */
FL_CHECK enum result record_stream(struct record *record, enum direction dir, const struct frame *frame, const char *by,
                                   bool keeps_bytes, int64_t t_ms, struct fault *fault);
/* terminal.open and terminal.resize: a control frame to the product that also sets the cast's size. */
FL_CHECK enum result record_size(struct record *record, const struct frame *frame, const char *by, int columns,
                                 int rows, int64_t t_ms, struct fault *fault);
/* What the gateway says to people, or notes for the record: in no direction's chain. One line of JSON. */
FL_CHECK enum result record_note(struct record *record, const char *json, size_t bytes, int64_t t_ms,
                                 struct fault *fault);
/* To the disk, when anything was written since the last time; then a signed head, when one is due. Waits for the disk.
 */
FL_CHECK enum result record_sync(struct record *record, int64_t t_ms, struct fault *fault);
/* The same by a thread of the flusher; waits only when a head is due. Call it every second or two: a failure is that of
 * the next call, and a disk that takes ten seconds is waited for. */
FL_CHECK enum result record_flush(struct record *record, const struct flusher *flusher, int64_t t_ms,
                                  struct fault *fault);
/* Gives a session that never opened a terminal its empty cast; writes and syncs all. Nothing is recorded after it. */
FL_CHECK enum result record_finish(struct record *record, int64_t t_ms, struct fault *fault);

struct seal_texts; /* seal.h */
/* The hashes of what was written, counted along; once, after record_finish. False: it went on after another's work. */
bool record_texts(struct record *record, struct seal_texts *out);
/* What seal.h seals; valid until record_close. */
const struct transcript_sums *record_sums(const struct record *record);
