/* What the API shows of a store that holds something: a device with its pack, history, logs, a case file, a session
 * with its recording; and that long answers arrive whole, also at slow readers. */
#include "edge.h"

#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fieldline/clock.h"
#include "store/cases.h"
#include "store/devices.h"
#include "store/journal.h"
#include "store/records.h"

#define SESSION  "0b5c1f3e-9d77-4a3b-8f00-0123456789ab"
#define OK(call) cr_assert_eq(call, RESULT_OK, "%s", store_error(e->store))

static struct edge *e;
static char ann[AUTH_TOKEN_CHARS + 1];

static int64_t add_device(void) {
    int64_t device, series, journal;
    struct birth_message birth = {.event_ms = 1000,
                                  .model = "vaccine-freezer",
                                  .serial = "S1",
                                  .firmware = "2.1",
                                  .agent = "1.0.0",
                                  .boot = SESSION,
                                  .capabilities = CAPABILITY_BIT(CAPABILITY_OBSERVE) | CAPABILITY_BIT(CAPABILITY_SHELL),
                                  .diagnostic_count = 2,
                                  .diagnostics = {"disk", "unknown"}};
    OK(store_device_put(e->store, DEVICE, &birth, 1000, &device));
    OK(store_device_seen(e->store, device, true, 5000));
    OK(store_series_intern(e->store, device, "cabinet_temperature", "top", &series));
    struct journal_sample samples[] = {{series, 1000, -20.5}, {series, 1500, -19.5}, {series, 9000, 4.25}};
    struct journal_row row = {
        .device = device, .recv_ms = 9000, .first_ms = 1000, .last_ms = 9000, .samples = samples, .count = 3};
    OK(journal_append(e->store, &row, &journal));
    struct log_record log = {
        .event_ms = 2000, .severity = 3, .facility = 1, .app = "compressor", .text = "oil <low> \"now\""};
    OK(store_log_add(e->store, device, 2000, &log));
    return device;
}

static int64_t add_ticket(int64_t device) {
    struct ticket first = {
        .device_id = device, .source = TICKET_FROM_PHONE, .severity = SEVERITY_IS_MAJOR, .subject = "too warm"};
    struct ticket ticket;
    struct ticket_event event;
    cr_assert_eq(ticket_open(&first, "sue", "the owner rang", 1000, &ticket, &event, NULL), RESULT_OK);
    OK(store_ticket_put(e->store, &ticket, &event, 1));
    struct alarm alarm = {.device_id = device,
                          .alarm = "TooWarm",
                          .severity = SEVERITY_IS_CRITICAL,
                          .is_active = true,
                          .first_raised_ms = 10,
                          .raised_ms = 20,
                          .count = 2,
                          .value = 4.25,
                          .ticket = ticket.id,
                          .summary = "4 degrees"};
    OK(store_alarm_put(e->store, &alarm));
    struct session session = {.id = SESSION,
                              .device = DEVICE,
                              .engineer = "ann",
                              .reason = "look",
                              .state = SESSION_ENDED,
                              .why = "ended_by_engineer",
                              .requested_ms = 1,
                              .ticket = ticket.id};
    OK(store_session_put(e->store, &session));
    struct report_row report = {
        .ticket = ticket.id, .session = SESSION, .markdown = "# Report", .digest = "ab", .at_ms = 7};
    OK(store_report_put(e->store, &report));
    return ticket.id;
}

static void setup(void) {
    e = edge_new();
    edge_start(e);
    OK(store_begin(e->store));
    cr_assert_eq(add_ticket(add_device()), 1);
    OK(store_commit(e->store));
    edge_login(e, "ann", 0, 3600000, ann);
}
static void teardown(void) {
    edge_free(e);
}
TestSuite(edge_reads, .init = setup, .fini = teardown);

static void expect(const char *path, const char *const *parts) {
    struct reply reply = edge_ask(e, ann, "GET", path, NULL);
    cr_expect_eq(reply.status, 200, "%s: %d %s", path, reply.status, reply.body);
    struct json *root = NULL;
    struct fault fault = {""};
    if (strstr(path, "/cast") == NULL) {
        cr_expect_eq(json_parse(reply.body, reply.body_count, &root, &fault), RESULT_OK, "%s: %s", path, fault.text);
    }
    for (; *parts != NULL; parts++) {
        cr_expect_not_null(strstr(reply.body, *parts), "%s: no %s in %s", path, *parts, reply.body);
    }
    json_free(root);
    reply_free(&reply);
}
#define EXPECT(path, ...) expect(path, (const char *const[]){__VA_ARGS__, NULL})

Test(edge_reads, devices) {
    EXPECT("/api/v1/devices", "\"id\":\"" DEVICE "\"", "\"model_title\":\"Vaccine freezer\"",
           "\"model_title_zh\":\"\xe7\x96\xab\xe8\x8b\x97\xe5\x86\xb0\xe7\xae\xb1\"", "\"online\":true",
           "\"last_seen_ms\":5000", "\"alarms\":1", "\"worst\":\"critical\"", "\"tickets_open\":1", "\"next\":null");
    EXPECT("/api/v1/devices/" DEVICE, "\"agent\":\"1.0.0\"", "\"capabilities\":[\"observe\"]",
           "\"diagnostics\":[{\"name\":\"disk\",\"title\":\"Disk\",\"title_zh\":\"Disk\"}]",
           "\"name\":\"cabinet_temperature\"", "\"unit\":\"Cel\"", "\"parts\":[\"top\"]", "\"quarantined\":0");
    EXPECT("/api/v1/devices/" DEVICE "/history?metric=cabinet_temperature&part=top&from_ms=0&to_ms=10000&points=5",
           "\"unit\":\"Cel\"", "\"step_ms\":2000", "\"t\":[0,8000]", "\"min\":[-20.5,4.25]", "\"mean\":[-20,4.25]",
           "\"max\":[-19.5,4.25]");
    EXPECT("/api/v1/devices/" DEVICE "/logs", "\"app\":\"compressor\"", "oil <low> \\\"now\\\"", "\"cut\":false");
    EXPECT("/api/v1/devices/" DEVICE "/logs?q=oil&severity=3&limit=1", "compressor");
    EXPECT("/api/v1/devices/" DEVICE "/logs?severity=2", "{\"items\":[]}");
    EXPECT("/api/v1/overview", "\"devices\":1", "\"online\":1", "\"critical\":1", "\"tickets_open\":1");
}

Test(edge_reads, tickets) {
    EXPECT("/api/v1/tickets?state=open&device=" DEVICE "&q=warm", "\"subject\":\"too warm\"", "\"next\":null");
    EXPECT("/api/v1/tickets?state=closed", "{\"items\":[],\"next\":null}");
    EXPECT("/api/v1/alarms?active=true", "\"alarm\":\"TooWarm\"", "\"ticket\":1");
    EXPECT("/api/v1/tickets/1", "\"version\":1", "\"actions\":[{\"action\":", "\"text\":\"the owner rang\"",
           "\"alarms\":[{\"id\":", "\"sessions\":[{\"id\":\"" SESSION "\"", "\"report\":{\"session\":\"" SESSION "\"",
           "\"articles\":[]");
    struct reply reply = edge_ask(e, ann, "GET", "/api/v1/tickets/1", NULL);
    cr_expect_str_eq(reply_header(&reply, "ETag"), "\"1\"");
    reply_free(&reply);
    reply = edge_ask(e, ann, "GET", "/api/v1/tickets/2", NULL);
    cr_expect_eq(reply.status, 404);
    cr_expect_null(reply_header(&reply, "ETag"));
    reply_free(&reply);
}

static char *make_recording(size_t count) {
    char path[160], *bytes = mem_alloc(count);
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (char)('a' + (i * 7 + i / 1000) % 26);
    }
    snprintf(path, sizeof path, "%s/" SESSION ".cast", e->transcripts);
    edge_file(path, bytes, count);
    return bytes;
}

Test(edge_reads, sessions_and_small_recordings) {
    EXPECT("/api/v1/sessions?device=" DEVICE, "\"id\":\"" SESSION "\"");
    EXPECT("/api/v1/sessions/" SESSION, "\"why\":\"ended_by_engineer\"");
    free(make_recording(100));
    EXPECT("/api/v1/sessions/" SESSION "/cast", "ahov");
    struct reply reply = edge_ask(e, ann, "GET", "/api/v1/sessions/" SESSION "/seal", NULL);
    cr_expect_eq(reply.status, 404, "%d", reply.status);
    cr_expect_not_null(strstr(reply.body, "its state is ended"), "%s", reply.body);
    reply_free(&reply);
    reply = edge_ask(e, ann, "GET", "/api/v1/sessions/" SESSION "/verify", NULL);
    cr_expect_eq(reply.status, 404, "%d %s", reply.status, reply.body);
    reply_free(&reply);
}

/* Asks for the recording without reading; returns the connection. */
static struct client *ask_for_recording(int receive_bytes) {
    char text[256];
    struct client *c = client_open(web_port(e->web), NULL, NULL);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    int chars = snprintf(text, sizeof text,
                         "GET /api/v1/sessions/" SESSION
                         "/cast HTTP/1.1\r\nHost: localhost\r\nCookie: __Host-fieldline=%s\r\n\r\n",
                         ann);
    client_send(c, text, (size_t)chars);
    return c;
}

Test(edge_reads, a_long_recording_arrives_whole) {
    enum { BYTES = 20 * 1000 * 1000 + 7 };
    char *bytes = make_recording(BYTES);
    struct client *c = ask_for_recording(65536);
    nanosleep(&(struct timespec){.tv_sec = 1}, NULL); /* a reader with other things to do */
    struct reply reply = client_reply(c, false);
    cr_assert_eq(reply.status, 200);
    cr_assert_eq(reply.body_count, BYTES);
    cr_expect_eq(memcmp(reply.body, bytes, BYTES), 0);
    reply_free(&reply);
    reply = client_ask(c, "GET", "/healthz", "", NULL);
    cr_expect_eq(reply.status, 200, "and the connection goes on");
    reply_free(&reply);
    client_close(c);
    struct reply head = edge_ask(e, ann, "HEAD", "/api/v1/sessions/" SESSION "/cast", NULL);
    cr_expect_eq(head.status, 200);
    cr_expect_eq(atoi(reply_header(&head, "Content-Length")), BYTES);
    reply_free(&head);
    free(bytes);
}

static int64_t cpu_ms(void) {
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

Test(edge_reads, who_does_not_read_is_cut_and_costs_nothing) {
    free(make_recording(20 * 1000 * 1000));
    struct client *silent = ask_for_recording(4096), *pushing = ask_for_recording(4096);
    static const char more[] = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client_send(pushing, more, sizeof more - 1);
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    int64_t cpu = cpu_ms(), since = clock_mono_ms();
    while (clock_mono_ms() - since < 12000) {
        struct reply reply = edge_ask(e, NULL, "GET", "/metrics", NULL);
        bool is_alone = strstr(reply.body, "fieldline_web_connections 1\n") != NULL;
        reply_free(&reply);
        if (is_alone) {
            break;
        }
        nanosleep(&(struct timespec){.tv_nsec = 500000000}, NULL);
    }
    cr_expect_lt(clock_mono_ms() - since, 12000, "connections are still open");
    cr_expect_lt(cpu_ms() - cpu, 3000, "%lld ms of CPU while nothing happens", (long long)(cpu_ms() - cpu));
    client_close(silent);
    client_close(pushing);
}

Test(edge_reads, waiting_for_an_answer_costs_nothing) {
    static const char *const rows[] = {
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n",
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\nGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };
    pthread_mutex_lock(&e->gate);
    struct client *clients[2];
    for (size_t i = 0; i < 2; i++) {
        clients[i] = client_open(web_port(e->web), NULL, NULL);
        client_send(clients[i], rows[i], strlen(rows[i]));
    }
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    int64_t cpu = cpu_ms();
    nanosleep(&(struct timespec){.tv_sec = 2}, NULL);
    cr_expect_lt(cpu_ms() - cpu, 300, "%lld ms of CPU in 2 s", (long long)(cpu_ms() - cpu));
    pthread_mutex_unlock(&e->gate);
    for (size_t i = 0; i < 2; i++) {
        struct reply reply = client_reply(clients[i], false);
        cr_expect_eq(reply.status, 200);
        reply_free(&reply);
    }
    struct reply second = client_reply(clients[1], false);
    cr_expect_eq(second.status, 0, "pipelined: answered once and closed: %d", second.status);
    reply_free(&second);
    client_close(clients[0]);
    client_close(clients[1]);
}

Test(edge_reads, waiting_for_the_desk_costs_nothing) {
    static const char *const rows[] = {
        "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n"
        "{\"user\":\"ann\",\"password\":\"no\"}",
        "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 30\r\n\r\n"
        "{\"user\":\"ann\",\"password\":\"no\"}GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n",
    };
    struct client *clients[2];
    pthread_mutex_lock(&e->mutex); /* the desk is busy */
    for (size_t i = 0; i < 2; i++) {
        clients[i] = client_open(web_port(e->web), NULL, NULL);
        client_send(clients[i], rows[i], strlen(rows[i]));
    }
    nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
    int64_t cpu = cpu_ms();
    nanosleep(&(struct timespec){.tv_sec = 2}, NULL);
    cr_expect_lt(cpu_ms() - cpu, 300, "%lld ms of CPU in 2 s", (long long)(cpu_ms() - cpu));
    pthread_mutex_unlock(&e->mutex);
    for (size_t i = 0; i < 2; i++) {
        struct reply reply = client_reply(clients[i], false);
        cr_expect_eq(reply.status, 401, "%d %s", reply.status, reply.body);
        reply_free(&reply);
    }
    struct reply second = client_reply(clients[1], false);
    cr_expect_eq(second.status, 0, "pipelined: answered once and closed: %d", second.status);
    reply_free(&second);
    client_close(clients[0]);
    client_close(clients[1]);
}

Test(edge_reads, waiting_for_a_body_costs_nothing) {
    static const char *const rows[] = {
        "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        "31\r\n\r\n",
        "POST /api/v1/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n"
        "{\"user\":\"ann\",\"password\":\"no\"}",
        "POST /nothing HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 31\r\n\r\n{",
        "GET /healthz HTTP/1.1\r\nHost: loc",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client *c = client_open(web_port(e->web), NULL, NULL);
        client_send(c, rows[i], strlen(rows[i]));
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
        int64_t cpu = cpu_ms();
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);
        cr_expect_lt(cpu_ms() - cpu, 150, "row %zu: %lld ms of CPU in 1 s", i, (long long)(cpu_ms() - cpu));
        client_close(c);
    }
}
