/* What systemd is told, through a socket of the test. */
#include "notify.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "scratch.h"

Test(notify, tells_the_socket_it_was_given) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char text[64] = "";
    scratch_make();
    strncpy(at.sun_path, scratch_path("notify"), sizeof at.sun_path - 1);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    setenv("NOTIFY_SOCKET", at.sun_path, 1);
    notify_send("WATCHDOG=1");
    cr_expect_eq(recv(fd, text, sizeof text - 1, 0), 10);
    cr_expect_str_eq(text, "WATCHDOG=1");
    static const char *const bad[] = {"", "relative", "/nowhere/at/all"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        setenv("NOTIFY_SOCKET", bad[i], 1);
        notify_send("READY=1");
    }
    unsetenv("NOTIFY_SOCKET");
    notify_send("READY=1");
    cr_expect_lt(recv(fd, text, sizeof text, 0), 0, "nothing else came");
    close(fd);
    scratch_remove();
}

Test(notify, the_watchdog_is_fed_twice_in_its_time) {
    static const struct {
        const char *usec;
        int64_t every_ms;
    } rows[] = {{"60000000", 30000}, {"2000000", 1000}, {"", 0}, {"soon", 0}, {"-5", 0}, {"999", 0}};
    unsetenv("WATCHDOG_USEC");
    cr_expect_eq(notify_watchdog_ms(), 0);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setenv("WATCHDOG_USEC", rows[i].usec, 1);
        cr_expect_eq(notify_watchdog_ms(), rows[i].every_ms, "%s", rows[i].usec);
    }
    unsetenv("WATCHDOG_USEC");
}
