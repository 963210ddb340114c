/* Dispatch of commands, and the memory of answers.
 *
 * The gateway sends a command until it has an answer, and an answer may cross with a repeat; running `session.open`
 * twice would ask the owner twice. So an id is looked up before anything runs. The memory is a ring in RAM and not on
 * disk: an agent that restarts has lost the sessions it was asked about too, and a one-time token does not work twice.
 * Verbs are rows of whoever builds the agent; unknown ones are answered with not_found. Loop thread. */
#include "commands.h"

#include <stdlib.h>
#include <string.h>

#include "fieldline/log.h"

struct remembered {
    char id[CAP_UUID_BYTES + 1]; /* "": free */
    uint8_t *reply;              /* NULL: still under way */
    size_t bytes;
};

struct commands {
    const struct command_row *rows;
    size_t row_count;
    void *self;
    void (*send)(void *self, const void *payload, size_t bytes);
    size_t next; /* the oldest: overwritten next */
    struct remembered ring[COMMANDS_REMEMBERED];
    uint64_t bad_count;
};

struct commands *commands_new(const struct command_row *rows, size_t row_count, void *self,
                              void (*send)(void *self, const void *payload, size_t bytes)) {
    struct commands *c = mem_alloc(sizeof *c);
    *c = (struct commands){.rows = rows, .row_count = row_count, .self = self, .send = send};
    return c;
}

void commands_free(struct commands *c) {
    if (c == NULL) {
        return;
    }
    for (size_t i = 0; i < COMMANDS_REMEMBERED; i++) {
        free(c->ring[i].reply);
    }
    free(c);
}

static struct remembered *find(struct commands *c, const char *id) {
    for (size_t i = 0; i < COMMANDS_REMEMBERED; i++) {
        if (strcmp(c->ring[i].id, id) == 0) {
            return &c->ring[i];
        }
    }
    return NULL;
}

static void remember(struct commands *c, const char *id) {
    struct remembered *r = &c->ring[c->next];
    c->next = (c->next + 1) % COMMANDS_REMEMBERED;
    free(r->reply);
    *r = (struct remembered){0};
    memcpy(r->id, id, strlen(id) + 1);
}

static const struct command_row *find_row(const struct commands *c, const char *verb) {
    for (size_t i = 0; i < c->row_count; i++) {
        const char *row = c->rows[i].verb;
        size_t chars = strlen(row);
        if (row[chars - 1] == '.' ? strncmp(verb, row, chars) == 0 : strcmp(verb, row) == 0) {
            return &c->rows[i];
        }
    }
    return NULL;
}

static void refuse_verb(struct commands *c, const struct command_message *command) {
    struct fault fault;
    struct buf reply;
    fault_set(&fault, RESULT_NOT_FOUND, "this agent has no verb '%s'", command->verb);
    buf_init(&reply, CAP_PAYLOAD_BYTES);
    reply_encode_error(command->id, result_name(RESULT_NOT_FOUND), fault.text, &reply);
    commands_reply(c, reply.data, reply.count);
    buf_fini(&reply);
}

void commands_take(struct commands *c, const void *payload, size_t bytes) {
    struct command_message command;
    struct fault fault;
    if (command_decode(payload, bytes, &command, &fault) != RESULT_OK) {
        c->bad_count++;
        log_warn("agent.command", "bad_command", "why=%s", log_text(fault.text));
        return;
    }
    const struct remembered *known = find(c, command.id);
    const struct command_row *row = find_row(c, command.verb);
    if (known != NULL && known->reply != NULL) {
        c->send(c->self, known->reply, known->bytes);
    } else if (known == NULL) {
        log_info("agent.command", "command", "verb=%s id=%s", log_text(command.verb), command.id);
        remember(c, command.id);
        if (row == NULL) {
            refuse_verb(c, &command);
        } else {
            row->run(c->self, &command);
        }
    }
    command_fini(&command);
}

void commands_reply(struct commands *c, const void *payload, size_t bytes) {
    struct reply_message reply;
    struct fault fault;
    if (reply_decode(payload, bytes, &reply, &fault) != RESULT_OK) {
        die("agent.command", "a part of this agent made a bad reply: %s", fault.text);
    }
    struct remembered *r = find(c, reply.id);
    if (r != NULL) {
        uint8_t *copy = mem_alloc(bytes);
        memcpy(copy, payload, bytes);
        free(r->reply);
        r->reply = copy;
        r->bytes = bytes;
    }
    reply_fini(&reply);
    c->send(c->self, payload, bytes);
}

void commands_forget(struct commands *c, const char *id) {
    struct remembered *r = find(c, id);
    if (r != NULL) {
        free(r->reply);
        *r = (struct remembered){0};
    }
}

uint64_t commands_bad_count(const struct commands *c) {
    return c->bad_count;
}
