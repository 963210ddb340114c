/* What all read handlers share: beginning an answer, and turning a failed query into a problem. */
#include "web/read.h"

#include "fieldline/log.h"

struct json_out read_json(struct response *response) {
    response->type = "application/json";
    return json_out(&response->body);
}

struct json_out read_items(struct response *response) {
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_array(&j, "items");
    return j;
}

bool read_failed(struct read *read, struct response *response, enum result result, const char *noun) {
    struct fault fault = {0};
    switch (result) {
    case RESULT_OK: return false;
    case RESULT_NOT_FOUND: fault_set(&fault, result, "there is no such %s", noun); break;
    case RESULT_BAD_INPUT:
    case RESULT_TOO_BIG: fault_set(&fault, result, "the request for the %s is not valid", noun); break;
    default:
        log_error("web.read", "read_failed", "noun=%s result=%s text=%s", noun, result_name(result),
                  log_text(reader_error(read->reader)));
        fault_set(&fault, result, "the %s cannot be read now", noun);
        break;
    }
    response_refuse(response, result, &fault);
    return true;
}

void read_items_end(struct read *read, struct response *response, struct json_out *items, enum result result,
                    const char *noun) {
    if (!read_failed(read, response, result, noun)) {
        jo_end(items);
        jo_end(items);
    }
}
