/* The load generator: N devices over TLS in one process, each with its own certificate, connection, streams and
 * windows.
 *
 *   bench-load --pki DIR --port P [--first F] --devices N --samples S [--seconds T | --messages M] ...
 *
 * load/options.h has all options, load/ the parts. A message counts when the gateway has acknowledged its commit, or,
 * with --counter, when bench-count has counted it. Prints "begin" and "end" around what is measured, then `name value`
 * lines (load/tally.h). Ends measuring early when its standard input ends. Exit status 0: everything that was sent is
 * acknowledged. */
#include "load/options.h"
#include "load/traffic.h"

int main(int argc, char **argv) {
    struct load_options options;
    load_options_read(argc, argv, &options);
    struct traffic *traffic = traffic_new(&options);
    traffic_run(traffic);
    traffic_report(traffic);
    traffic_free(traffic);
    return 0;
}
