/* Any bytes as a command, a reply and an ack. What is accepted must survive encoding and decoding unchanged. */
#include <stdlib.h>
#include <string.h>

#include "fieldline/json.h"
#include "fieldline/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

static void must(bool is_so) {
    if (!is_so)
        abort();
}

static void try_command(const uint8_t *bytes, size_t count) {
    struct command_message command, back;
    struct fault fault = {""};
    if (command_decode(bytes, count, &command, &fault)) {
        must(fault.text[0] != 0);
        return;
    }
    struct buf args, text;
    buf_init(&args, 8 * CAP_COMMAND_BYTES);
    buf_init(&text, 8 * CAP_COMMAND_BYTES);
    json_print(command.args, &args);
    command_encode(command.id, command.verb, buf_text(&args), &text);
    if (text.count <= CAP_COMMAND_BYTES) {
        must(command_decode(text.data, text.count, &back, &fault) == RESULT_OK);
        must(strcmp(command.id, back.id) == 0 && strcmp(command.verb, back.verb) == 0);
        command_fini(&back);
    }
    command_fini(&command);
    buf_fini(&args);
    buf_fini(&text);
}

static void try_reply(const uint8_t *bytes, size_t count) {
    struct reply_message reply, back;
    struct fault fault = {""};
    if (reply_decode(bytes, count, &reply, &fault)) {
        must(fault.text[0] != 0);
        return;
    }
    struct buf text;
    buf_init(&text, CAP_PAYLOAD_BYTES);
    if (!reply.ok) {
        reply_encode_error(reply.id, reply.error, reply.text, &text);
        must(reply_decode(text.data, text.count, &back, &fault) == RESULT_OK);
        must(strcmp(reply.error, back.error) == 0 && strcmp(reply.text, back.text) == 0);
        reply_fini(&back);
    }
    reply_fini(&reply);
    buf_fini(&text);
}

static void try_ack(const uint8_t *bytes, size_t count) {
    struct ack_message ack, back;
    struct fault fault = {""};
    if (ack_decode(bytes, count, &ack, &fault)) {
        must(fault.text[0] != 0);
        return;
    }
    struct buf text;
    buf_init(&text, CAP_PAYLOAD_BYTES);
    ack_encode(&ack, &text);
    must(ack_decode(text.data, text.count, &back, &fault) == RESULT_OK);
    must(ack.seq == back.seq && strcmp(ack.stream, back.stream) == 0);
    buf_fini(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    try_command(bytes, count);
    try_reply(bytes, count);
    try_ack(bytes, count);
    return 0;
}
