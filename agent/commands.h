/* Commands from the gateway: found by their verb, run once, answered once.
 *
 * A command's id makes it idempotent: a repeat of one that was answered gets the same answer, a repeat of one that is
 * still under way gets none of its own. The last COMMANDS_REMEMBERED ids are remembered while the agent runs. */
#pragma once
#include "fieldline/message.h"

enum { COMMANDS_REMEMBERED = 64 };

/* A verb ("agent.ping") or, with a dot at the end, all verbs that begin so ("session."). `run` answers, now or later,
 * through commands_reply. */
struct command_row {
    const char *verb;
    void (*run)(void *self, const struct command_message *command);
};
struct commands;
/* `send` gets each up/reply payload. Rows live longer than the commands. */
struct commands *commands_new(const struct command_row *rows, size_t row_count, void *self,
                              void (*send)(void *self, const void *payload, size_t bytes));
void commands_free(struct commands *commands);
/* A down/cmd payload. What cannot be decoded has no id to answer to: it is logged and counted. */
void commands_take(struct commands *commands, const void *payload, size_t bytes);
/* A finished up/reply payload: remembered under its id, and sent. */
void commands_reply(struct commands *commands, const void *payload, size_t bytes);
/* The command was answered by other means and changes nothing: a repeat of it runs again. */
void commands_forget(struct commands *commands, const char *id);
uint64_t commands_bad_count(const struct commands *commands);
