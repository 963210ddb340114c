/* A terminal on the product: a pseudo-terminal, the shell in it, and everything that the shell starts. Output comes as
 * whole characters of UTF-8 and only as far as there is credit; while there is none the pty is not read, and whoever
 * floods it waits. Loop thread only. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

#include "fieldline/bytes.h"
#include "loop.h"

enum {
    PTY_INPUT_BYTES = 32 * 1024, /* may be handed over and not yet taken by the terminal */
    PTY_HANGUP_MS = 500          /* from SIGHUP to SIGKILL */
};
struct pty;
struct pty_options {
    char *const *argv; /* argv[0] is a path; ends with NULL */
    const char *user;  /* NULL: ourselves */
    const char *term, *session;
    int columns, rows;
    const char *banner; /* the terminal's first output, before the shell begins; NULL: none */
};
struct pty_events {
    void (*output)(void *self, const void *bytes, size_t count); /* at most CAP_FRAME_BYTES */
    void (*echo)(void *self, bool is_on);    /* before the output that was written after it changed */
    void (*taken)(void *self, size_t count); /* so many bytes of input are in the terminal */
    /* It is over: exit status, or -1 and the signal. Called once, from the loop; the pty has freed itself. Nothing of
     * the terminal's session is left running. */
    void (*closed)(void *self, int status, int signal_number);
};
FL_CHECK enum result pty_open(struct loop *loop, const struct pty_options *options, const struct pty_events *events,
                              void *self, struct pty **out, struct fault *fault);
/* RESULT_FULL: more than PTY_INPUT_BYTES would wait; nothing was taken. */
FL_CHECK enum result pty_write(struct pty *pty, const void *bytes, size_t count);
void pty_credit(struct pty *pty, uint32_t bytes);
int64_t pty_room(const struct pty *pty); /* the credit that is left */
void pty_resize(struct pty *pty, int columns, int rows);
/* Hangs up; `closed` follows. */
void pty_hang_up(struct pty *pty);
/* Kills it now; `closed` is not called. NULL is fine. */
void pty_kill(struct pty *pty);
