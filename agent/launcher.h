/* Remote sessions as the resident agent sees them: check the request against what this product allows, ask the owner,
 * start the session process, and be able to end it. The session itself runs in `fieldline-session` (agent/session/), a
 * process of its own: neither end's crash takes the other along.
 *
 * Commands (down/cmd) handled here, and their replies:
 *   session.open {session,token,url,ticket,subject,engineer,role?,reason,capabilities:[..],duration_s,wait_s}
 *       -> {"state":"code_required","wait_s":N}                          consent by a code that the owner reads out
 *       -> {"state":"page_required","wait_s":N,"question":"JSON text"}   consent by the owner's page:
 * consent_question.h
 *       -> {"state":"open","session":..,"capabilities":[..],             the process is started
 *           "consent":{method,by,at_ms,until_ms,statement?,signature?,key?}}
 *   session.consent {session,code}  -> {"state":"open",...}
 *   session.end {session,reason}    -> {"state":"ended"}
 * Errors (reply "error"): refused, timed_out, wrong_code (text says how many tries are left; the session still waits),
 * no_tries_left (the last try was wrong too), off_on_product (a capability that this product's own configuration does
 * not allow), busy (also: WRONG_CODES_MAX codes were wrong lately, of whatever session), not_found, expired,
 * hook_failed, failed (it could not be started), bad_input. No answer is a no: a hook that crashes, prints nonsense or
 * is late has refused. Nothing the gateway says widens what the configuration allows; the hard deadline is kept by the
 * session process; one that has not ended SESSION_END_GRACE_MS after it is stopped. */
#pragma once
#include "agent_config.h"
#include "fieldline/message.h"
#include "loop.h"

struct launcher;
/* Gets a finished up/reply payload. */
typedef void launcher_reply_fn(void *self, const char *reply, size_t bytes);

struct launcher *launcher_new(struct loop *loop, const struct agent_config *config, launcher_reply_fn *reply,
                              void *self);
/* Ends every session it started (SIGTERM, then SIGKILL after a grace) only when `end_sessions`. */
void launcher_free(struct launcher *launcher, bool end_sessions);
/* An answer of the owner's page, its signature checked. True: it counted, and the command (of this id) is answered by
 * the launcher, as session.consent would be. False: the fault says why not, and the question stays open. */
struct owner_answer;
FL_CHECK bool launcher_answer_page(struct launcher *launcher, const char *command, const struct owner_answer *answer,
                                   struct fault *fault);
/* The owner's stop, of one session or (NULL) of all, questions too. Within SESSION_STOP_GRACE_MS nothing of it runs.
 * Returns how many. */
size_t launcher_stop(struct launcher *launcher, const char *session);
/* No session from now on: every request is answered with off_on_product. `why` is a literal. */
void launcher_close(struct launcher *launcher, const char *why);
/* A key or a window was taken back: what rests on it ends. (It would within a second anyway.) */
void launcher_check_consents(struct launcher *launcher);
/* One of the verbs above; anything else is answered with bad_input. May answer later, always answers once. */
void launcher_command(struct launcher *launcher, const struct command_message *command);
/* Offers a live line to sessions that observe: a JSON object text on one line, no newline, at most 4 KiB:
 * {"t":ms,"metric":"name" or "name/part","v":1.5} or {"t":ms,"log":"text","sev":6,"app":"name"}.
 * Never blocks: a session that does not read loses lines. Costs nothing when nobody observes. */
void launcher_tap(struct launcher *launcher, const char *line, size_t bytes);
/* How often the fastest of those who observe wants to be told; 0: nobody observes. Called when it changes. And a
 * session that begins to observe asks for log lines from before: each is given to `line` as launcher_tap wants it. */
struct launcher_watcher {
    void *self;
    void (*pace)(void *self, int64_t interval_ms);
    void (*recall)(void *self, int64_t count, void (*line)(void *line_self, const char *text, size_t bytes),
                   void *line_self);
};
void launcher_watch(struct launcher *launcher, const struct launcher_watcher *watcher); /* copied */
bool launcher_wants_tap(const struct launcher *launcher);
size_t launcher_session_count(const struct launcher *launcher);
