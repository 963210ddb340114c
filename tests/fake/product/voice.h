/* What a product's firmware has to say, and how firmware usually says it: metrics and fault codes to a statsd socket,
 * log lines to a syslog socket. Both are Unix datagrams that never block: when nobody listens, the words are lost, as
 * they are on a real product whose agent is being restarted. One owner, one thread. */
#pragma once
#include "fieldline/result.h"

struct voice;
/* Sockets are looked for at each send, so the agent may come and go. `app` names the program in log lines. Either path
 * may be NULL: that half is silent. */
struct voice *voice_new(const char *statsd_path, const char *syslog_path, const char *app);
void voice_free(struct voice *voice);

/* `part` may be "" */
void voice_gauge(struct voice *voice, const char *metric, const char *part, double value);
void voice_count(struct voice *voice, const char *metric, int by);
/* A DogStatsD event; severity as in RFC 5424. */
void voice_fault(struct voice *voice, const char *code, bool is_active, int severity, const char *text);
/* RFC 3164, facility daemon. */
void voice_log(struct voice *voice, int severity, const char *format, ...) FL_PRINTF(3, 4);
/* Sends what was collected: metrics share datagrams. */
void voice_flush(struct voice *voice);
