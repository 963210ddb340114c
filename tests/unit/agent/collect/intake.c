/* Datagram sockets: real ones. */
#include "collect/intake.h"

#include <criterion/criterion.h>
#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../scratch.h"

static struct {
    struct loop *loop;
    char text[256];
    int left;
} heard;

static void on_datagram(void *self, const void *datagram, size_t bytes) {
    (void)self;
    strncat(heard.text, datagram, bytes < 32 ? bytes : 32);
    strcat(heard.text, "|");
    if (--heard.left == 0) {
        loop_stop(heard.loop);
    }
}

static void too_late(void *self) {
    loop_stop(self);
}

static void hear(int count) {
    struct loop_timer deadline = {0};
    heard.left = count;
    loop_arm(heard.loop, &deadline, 5000, too_late, heard.loop);
    cr_assert_eq(loop_run(heard.loop), RESULT_OK);
    cr_expect(deadline.is_armed, "a datagram did not come");
    loop_disarm(heard.loop, &deadline);
}

static int send_unix(const char *path, const void *bytes, size_t count) {
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    strncpy(to.sun_path, path, sizeof to.sun_path - 1);
    ssize_t sent = sendto(fd, bytes, count, 0, (struct sockaddr *)&to, sizeof to);
    close(fd);
    return sent == (ssize_t)count ? 0 : -1;
}

static uint64_t counted, counted_before;
static void on_counted(void *self, const void *datagram, size_t bytes) {
    (void)self;
    (void)datagram;
    (void)bytes;
    counted++;
}

static void look_again(void *self) {
    struct loop_timer *timer = self;
    if (counted == counted_before) {
        loop_stop(heard.loop);
        return;
    }
    counted_before = counted;
    loop_arm(heard.loop, timer, 20, look_again, timer);
}

/* Until a while passes in which nothing comes. */
static void drain(void) {
    struct loop_timer timer = {0};
    counted_before = UINT64_MAX;
    loop_arm(heard.loop, &timer, 0, look_again, &timer);
    cr_assert_eq(loop_run(heard.loop), RESULT_OK);
}

static void set_up(void) {
    memset(&heard, 0, sizeof heard);
    scratch_make();
    heard.loop = loop_new();
}
static void tear_down(void) {
    loop_free(heard.loop);
    scratch_remove();
}

static struct sockaddr_in free_address(void) {
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_assert_eq(bind(probe, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(getsockname(probe, (struct sockaddr *)&at, &bytes), 0);
    close(probe);
    return at;
}

TestSuite(intake, .init = set_up, .fini = tear_down);

Test(intake, unix_and_udp) {
    struct intake *in;
    struct stat st;
    struct fault fault;
    struct sockaddr_in at = free_address();
    uint16_t port = ntohs(at.sin_port);
    const char *path = scratch_path("in.sock");
    cr_assert_eq(intake_open(heard.loop, "statsd", path, port, on_datagram, NULL, &in, &fault), RESULT_OK, "%s",
                 fault.text);
    cr_assert_eq(stat(path, &st), 0);
    cr_expect_eq(st.st_mode & 0777, 0660);
    cr_expect_eq(send_unix(path, "one", 3), 0);
    hear(1);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    cr_expect_eq(sendto(fd, "two", 3, 0, (struct sockaddr *)&at, sizeof at), 3);
    close(fd);
    hear(1);
    cr_expect_str_eq(heard.text, "one|two|");

    static char big[INTAKE_DATAGRAM_BYTES + 10];
    memset(big, 'x', sizeof big);
    cr_expect_eq(send_unix(path, big, sizeof big), 0);
    cr_expect_eq(send_unix(path, "end", 3), 0);
    hear(1);
    cr_expect_str_eq(heard.text, "one|two|end|", "half of a datagram is none");
    cr_expect_eq(intake_oversize_count(in), 1);
    intake_close(in);
    cr_expect_neq(access(path, F_OK), 0, "it tidies up");
}

Test(intake, replaces_a_left_over_socket_and_nothing_else) {
    struct intake *in = NULL, *other = NULL;
    struct fault fault;
    const char *path = scratch_path("in.sock");
    cr_assert_eq(intake_open(heard.loop, "statsd", path, 0, on_datagram, NULL, &in, &fault), RESULT_OK);
    cr_assert_eq(intake_open(heard.loop, "statsd", path, 0, on_datagram, NULL, &other, &fault), RESULT_OK);
    intake_close(in);
    intake_close(other);
    scratch_write("file", "precious");
    cr_expect_neq(intake_open(heard.loop, "statsd", scratch_path("file"), 0, on_datagram, NULL, &in, &fault),
                  RESULT_OK);
    cr_expect_not_null(strstr(fault.text, "not a socket"), "%s", fault.text);
    cr_expect_eq(access(scratch_path("file"), F_OK), 0);
    cr_expect_neq(intake_open(heard.loop, "statsd", scratch_path("no/such/folder"), 0, on_datagram, NULL, &in, &fault),
                  RESULT_OK);
    cr_expect_not_null(strstr(fault.text, "[statsd]"), "%s", fault.text);
}

/* More than the socket's queue holds, unread: what the kernel dropped is known with the next datagram. */
Test(intake, a_flood_over_udp_is_counted) {
    enum { FLOOD = 20000 };
    struct sockaddr_in to = free_address();
    struct intake *in;
    struct fault fault;
    cr_assert_eq(intake_open(heard.loop, "statsd", NULL, ntohs(to.sin_port), on_counted, NULL, &in, &fault), RESULT_OK,
                 "%s", fault.text);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    for (int i = 0; i < FLOOD; i++) {
        cr_assert_eq(sendto(fd, "a:1|c", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
    }
    drain();
    cr_assert_eq(sendto(fd, "a:1|c", 5, 0, (struct sockaddr *)&to, sizeof to), 5);
    drain();
    cr_expect_gt(intake_dropped_count(in), 0);
    cr_expect_eq(intake_dropped_count(in) + counted, FLOOD + 1, "%lu dropped, %lu read",
                 (unsigned long)intake_dropped_count(in), (unsigned long)counted);
    close(fd);
    intake_close(in);
}
