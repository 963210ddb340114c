/* For machines that watch the gateway: /metrics (Prometheus text format; reader threads) and /healthz (edge thread, so
 * that it answers while readers are busy and the pipeline is stuck). See read.h. */
#include "web/read.h"

#include <string.h>

void read_metrics(struct read *read, struct response *response) {
    response->type = "text/plain; version=0.0.4; charset=utf-8";
    if (read->options->metrics != NULL) {
        read->options->metrics(read->options->self, &response->body);
    }
    read->figures(read->self, &response->body);
}

/* ?probe=live asks for less than being ready. Details are for this machine. */
void read_health(struct read *read, struct response *response) {
    const char *probe = query_text(&read->request->query, "probe");
    bool only_live = probe != NULL && strcmp(probe, "live") == 0;
    if (probe != NULL && !only_live && strcmp(probe, "ready") != 0) {
        response_problem(response, 400, "bad_input", "probe is live or ready");
        return;
    }
    response->type = "application/json";
    if (read->options->health != NULL) {
        response->status =
            read->options->health(read->options->self, only_live, read->request->is_local, &response->body);
    } else {
        buf_str(&response->body, "{\"status\":\"ok\",\"live\":true,\"ready\":true,\"reasons\":[]}");
    }
}
