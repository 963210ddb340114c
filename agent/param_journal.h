/* The journal of the one change of parameters that is under way on this product: a small file, params-journal in
 * data_dir, replaced whole and synced before what it says may happen. Whoever holds the lock beside it owns the change:
 * the session process while it lives, else the resident agent.
 *
 *   (no file)   nothing is under way
 *   open        values are being set, or wait to be confirmed. Found by the agent: put them back
 *   undoing     the old values are being put back
 *   undone      they are back; to be reported
 *   kept        confirmed; to be reported
 *   reporting   the report is record `seq` of `stream`; in the spool, or about to be
 *
 * The report is an event of the agent, exactly one for each change, whatever died in between (promise 58); what the
 * session's engineer is told is beside that. */
#pragma once
#include "fieldline/parameter.h"

enum param_state { PARAM_OPEN, PARAM_UNDOING, PARAM_UNDONE, PARAM_KEPT, PARAM_REPORTING, PARAM_STATES };
const char *param_state_name(enum param_state state);
enum { PARAM_WHY_BYTES = 31, PARAM_BY_BYTES = 63, PARAM_JOURNAL_BYTES = 64 * 1024 };

struct param_journal {
    enum param_state state, was; /* was: of one that is reporting: undone or kept */
    char change[CAP_UUID_BYTES + 1], session[CAP_UUID_BYTES + 1], by[PARAM_BY_BYTES + 1];
    char why[PARAM_WHY_BYTES + 1]; /* of an undo: timeout, unhealthy, ... */
    int64_t pid;                   /* of the session process */
    char boot[CAP_UUID_BYTES + 1];
    int64_t due_since_boot_ms, due_wall_ms; /* when it must be confirmed */
    bool is_raised;                         /* the fault FL-PARAM-REVERT was raised for it */
    char stream[CAP_UUID_BYTES + 1];
    uint64_t seq;
    size_t count;
    struct {
        char name[CAP_CODE_BYTES + 1];
        struct parameter_value before, after;
    } values[CHANGE_VALUES_MAX]; /* in the order of setting */
};
/* Appends the file's bytes; and back. RESULT_CORRUPT: these are not the bytes that were written. */
void param_journal_encode(const struct param_journal *journal, struct buf *out);
FL_CHECK enum result param_journal_decode(const void *bytes, size_t count, struct param_journal *out,
                                          struct fault *fault);
/* Blocks until it is on the disk. After a failure the old one, or none, is there. */
FL_CHECK enum result param_journal_write(const char *folder, const struct param_journal *journal, struct fault *fault);
/* RESULT_NOT_FOUND: there is none. */
FL_CHECK enum result param_journal_read(const char *folder, struct param_journal *out, struct fault *fault);
bool param_journal_is_there(const char *folder);
/* Blocks until that is on the disk. */
FL_CHECK enum result param_journal_remove(const char *folder, struct fault *fault);
/* Out of the way, as params-journal.bad: nobody can read it. */
FL_CHECK enum result param_journal_set_aside(const char *folder, struct fault *fault);
/* Must have been confirmed by now, and so much longer ago? By the clock that has not been set since: a boot's own, or
 * the wall's after another boot. */
bool param_journal_is_overdue(const struct param_journal *journal, int64_t by_ms);

/* RESULT_BUSY: somebody else owns the change. Close the descriptor to let go; the kernel does when a process dies. */
FL_CHECK enum result param_lock(const char *folder, int *fd, struct fault *fault);
