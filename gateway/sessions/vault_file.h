/* One encrypted file of a recording: appended to in records, read in order. A plain file (from before there was a
 * vault, or out of an evidence bundle) is read and continued by the same functions.
 *
 *   record       u32 big endian n (1 to VAULT_RECORD_BYTES), n bytes under AES-256-GCM, 16 bytes of tag
 *   segment      u32 big endian 0x80000010, 16 random bytes, 16 bytes of tag
 *   file         "FLVAULT1", then a segment, then records and segments
 *
 * A segment begins a run of counters: its key is HKDF-SHA256(the session's key, the 16 bytes, session and file), its
 * own tag is counter 0, records count from 1. Each opening for writing begins one, so a counter cannot repeat when a
 * torn tail was cut off. A tag covers session, file, offset and length: no record can stand in another place. That the
 * tail is missing is not seen here; the chains, heads and the seal of the recording see it. */
#pragma once
#include "sessions/flush.h"
#include "sessions/vault.h"

enum {
    VAULT_RECORD_BYTES = TRANSCRIPT_LINE_BYTES,
    VAULT_PLAIN_BYTES = 64 * 1024 /* a piece of a plain file */
};

/* ---- writing ---- */
struct vault_writer;
/* A new file base+ending; makes base.key when there is none. vault NULL: a plain file. RESULT_CONFLICT: there is a
 * file. */
FL_CHECK enum result vault_writer_create(const struct vault *vault, const char *base, const char *ending,
                                         struct vault_writer **out, struct fault *fault);
/* Goes on at the end of a file that ends with a whole record. */
FL_CHECK enum result vault_writer_resume(const struct vault *vault, const char *base, const char *ending,
                                         struct vault_writer **out, struct fault *fault);
void vault_writer_close(struct vault_writer *writer); /* NULL is fine */
/* One record, one write(2). After a failure the file is cut back to its last whole record and the writer refuses. */
FL_CHECK enum result vault_writer_append(struct vault_writer *writer, const void *bytes, size_t count,
                                         struct fault *fault);
/* To where the file was at the last vault_writer_mark, when what belonged together could not be written whole. */
void vault_writer_mark(struct vault_writer *writer);
FL_CHECK enum result vault_writer_cut_back(struct vault_writer *writer, struct fault *fault);
/* To the disk; waits. */
FL_CHECK enum result vault_writer_sync(struct vault_writer *writer, struct fault *fault);
/* The same without waiting, by a thread of the flusher. Its failure is that of a later call. One that is still under
 * way at the fifth call after its own is waited for: what is written does not run away from a slow disk. */
FL_CHECK enum result vault_writer_flush(struct vault_writer *writer, const struct flusher *flusher,
                                        struct fault *fault);

/* ---- reading ---- */
struct vault_stream;
/* RESULT_NOT_FOUND: no file. RESULT_DENIED: it is encrypted and its key cannot be had. */
FL_CHECK enum result vault_stream_open(const struct vault *vault, const char *base, const char *ending,
                                       struct vault_stream **out, struct fault *fault);
void vault_stream_close(struct vault_stream *stream); /* NULL is fine */
/* The next bytes; they live until the next call. RESULT_NOT_FOUND: the end. RESULT_CORRUPT: what follows is torn or is
 * not what was written here; vault_stream_is_torn tells which. */
FL_CHECK enum result vault_stream_next(struct vault_stream *stream, const uint8_t **bytes, size_t *count,
                                       struct fault *fault);
bool vault_stream_is_torn(const struct vault_stream *stream); /* the file ends inside a record */
/* Where in the file (not in its text) the record that holds the text's byte `plain` begins, counted from the start.
 * Only for recovery: RESULT_CORRUPT when no record begins there. */
FL_CHECK enum result vault_file_offset(const struct vault *vault, const char *base, const char *ending, uint64_t plain,
                                       uint64_t *out, struct fault *fault);
