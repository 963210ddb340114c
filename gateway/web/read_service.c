/* For machines that watch the gateway: /metrics (Prometheus text format) and /healthz. Reader threads; see read.h. */
#include "web/read.h"

void read_metrics(struct read *read, struct response *response) {
    response->type = "text/plain; version=0.0.4; charset=utf-8";
    if (read->options->metrics != NULL) {
        read->options->metrics(read->options->self, &response->body);
    }
    read->figures(read->self, &response->body);
}

/* Healthy: this answer came through the edge, a reader thread and the store. */
void read_health(struct read *read, struct response *response) {
    int64_t ignored;
    if (reader_counter(read->reader, "messages", &ignored) != RESULT_OK) {
        response_problem(response, 503, "store_unreadable", "the store cannot be read");
        return;
    }
    struct json_out j = read_json(response);
    jo_object(&j, NULL);
    jo_str(&j, "status", "ok");
    jo_end(&j);
}
