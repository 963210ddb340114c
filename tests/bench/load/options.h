/* What bench-load is asked to do. Numbers are totals of this process unless they say "each". */
#pragma once
#include <stdint.h>

enum { LOAD_DEVICES_MAX = 1000 };

struct load_options {
    const char *pki;       /* folder with ca.crt and bench-NNNN.{crt,key} */
    const char *counter;   /* file that bench-count counts in; NULL: paced by acknowledgements, as agents are */
    int64_t port;          /* of the broker, 127.0.0.1, TLS */
    int64_t first;         /* number of the first device */
    int64_t devices;       /* how many */
    int64_t samples;       /* in a message */
    int64_t window;        /* unacknowledged messages of a device */
    int64_t messages;      /* each; 0: as many as the time allows */
    int64_t warm_ms;       /* sent before measuring begins */
    int64_t seconds;       /* measured; 0: until all messages are committed, or standard input ends */
    int64_t rate;          /* messages a second; 0: as fast as the windows allow */
    int64_t events;        /* fault events a second, on the urgent lane */
    int64_t alarms;        /* messages a second that raise or clear an alarm by their samples */
    int64_t history_s;     /* how far back the samples begin, one set a second from there; 0: they are of now */
    int64_t begin_mono_ms; /* when to begin; 0: when all devices are connected */
};

/* Dies with a sentence when they make no sense. */
void load_options_read(int argc, char **argv, struct load_options *out);
