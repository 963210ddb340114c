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

static void set_up(void) {
    memset(&heard, 0, sizeof heard);
    scratch_make();
    heard.loop = loop_new();
}
static void tear_down(void) {
    loop_free(heard.loop);
    scratch_remove();
}
TestSuite(intake, .init = set_up, .fini = tear_down);

Test(intake, unix_and_udp) {
    struct intake *in;
    struct stat st;
    struct fault fault;
    uint16_t port = 0;
    int probe = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0); /* finds a free port */
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t bytes = sizeof at;
    cr_assert_eq(bind(probe, (struct sockaddr *)&at, sizeof at), 0);
    cr_assert_eq(getsockname(probe, (struct sockaddr *)&at, &bytes), 0);
    port = ntohs(at.sin_port);
    close(probe);

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
